"""The models against the tables of the specification, which lie beside the repository."""

from __future__ import annotations

import json
import types
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import pytest
from annotated_types import MinLen
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from ocpi_hub.protocol.jsontext import loads
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.types import DateTime, DateTimeOrUnknown, Url
from ocpi_hub.protocol.validation import check, check_patch
from tests.protocol.catalogue import CHAPTERS, MODELS

SHARED = Path(__file__).parents[2].parent / "shared"
TABLES = SHARED / "spec" / "objects-2.2.1.json"
CHECKLIST = SHARED / "spec" / "checklist.md"
EXAMPLES = SHARED / "spec" / "examples"

SPEC: dict[str, Any] = json.loads(TABLES.read_text()) if TABLES.exists() else {}

pytestmark = pytest.mark.skipif(not SPEC, reason=f"the tables are not there: {TABLES}")

ENUMS: dict[str, type[StrEnum]] = {
    name: each
    for chapter in CHAPTERS
    for name, each in vars(chapter).items()
    if isinstance(each, type) and issubclass(each, StrEnum) and name != "Interface"
} | {"InterfaceRole": Interface, "Role": Role}

# Where we are more lenient than the tables, or the tables name no length.
LENGTHS: dict[tuple[str, str], int | None] = {
    ("CdrLocation", "address"): 255,  # AMB-49
    ("CdrLocation", "state"): 45,  # AMB-49
    ("GeoLocation", "latitude"): None,  # TYP-22
    ("GeoLocation", "longitude"): None,
    ("AdditionalGeoLocation", "latitude"): None,
    ("AdditionalGeoLocation", "longitude"): None,
    ("OcpiResponse", "status_message"): 255,
}

PRIMITIVES: dict[Any, str] = {Decimal: "number", int: "int", bool: "boolean"}


class Shape(NamedTuple):
    """What a table says of a field."""

    type: str
    cardinality: str
    length: int | None


def described(model: type[BaseModel], name: str) -> Shape:
    """A field of a model in the terms of the tables."""
    hint = get_type_hints(model, include_extras=True)[name]
    required = model.model_fields[name].is_required()
    several = "+" if required else "*"
    inner = without_null(hint)
    if get_origin(bare(inner)) is list:
        entry = get_args(bare(inner))[0]
        assert required is has_minimum(inner)
        return Shape(type_name(entry), several, length(entry))
    return Shape(type_name(inner), "1" if required else "?", length(inner))


def without_null(hint: Any) -> Any:
    """X of X | None, also inside Annotated."""
    if get_origin(hint) is Annotated:
        inner, *metadata = get_args(hint)
        stripped = without_null(inner)
        return hint if stripped is inner else Annotated[stripped, *metadata]
    if get_origin(hint) in (Union, types.UnionType):
        left = [each for each in get_args(hint) if each is not type(None)]
        return left[0] if len(left) == 1 else hint
    return hint


def bare(hint: Any) -> Any:
    """X of Annotated[X, ...]."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def has_minimum(hint: Any) -> bool:
    """Whether a list needs an entry."""
    metadata = get_args(hint)[1:]
    found = [each for each in metadata if isinstance(each, FieldInfo)]
    return any(isinstance(each, MinLen) for field in found for each in field.metadata)


def type_name(hint: Any) -> str:
    """The name of a type in the tables."""
    if hint in (DateTime, DateTimeOrUnknown):
        return "DateTime"
    if hint == Url:
        return "URL"
    inner = bare(hint)
    if get_origin(inner) in (Union, types.UnionType):  # an enum that is open to newer values
        inner = get_args(inner)[0]
    if inner is Interface:
        return "InterfaceRole"
    return PRIMITIVES.get(inner, "string" if inner is str else inner.__name__)


def length(hint: Any) -> int | None:
    """The most characters of a string."""
    found = [each for each in get_args(hint)[1:] if isinstance(each, StringConstraints)]
    return found[0].max_length if found else None


def tabled(class_name: str, name: str) -> Shape:
    """A field as its table has it, in the same terms."""
    field = SPEC["classes"][class_name]["fields"][name]
    kind = "string" if field["type"] == "CiString" else field["type"]
    most = field.get("length") if kind in ("string", "URL") else None
    return Shape(kind, field["cardinality"], LENGTHS.get((class_name, name), most))


FIELDS = [
    pytest.param(class_name, name, id=f"{class_name}.{name}")
    for class_name, table in SPEC.get("classes", {}).items()
    for name in table["fields"]
    if (class_name, name) != ("OcpiResponse", "data")  # an array, an object or a string
]


@pytest.mark.parametrize("class_name", SPEC.get("classes", {}))
def test_a_model_has_the_fields_of_its_table_in_order(class_name: str) -> None:
    fields = list(MODELS[class_name].model_fields)

    assert fields == list(SPEC["classes"][class_name]["fields"])


@pytest.mark.parametrize(("class_name", "name"), FIELDS)
def test_a_field_has_the_type_cardinality_and_length_of_its_table(
    class_name: str, name: str
) -> None:
    shape = described(MODELS[class_name], name)

    assert shape == tabled(class_name, name)


@pytest.mark.parametrize("enum_name", SPEC.get("enums", {}))
def test_an_enum_has_the_values_of_its_table(enum_name: str) -> None:
    values = [member.value for member in ENUMS[enum_name]]

    assert values == SPEC["enums"][enum_name]["values"]


def test_there_is_no_model_that_has_no_table() -> None:
    assert MODELS.keys() == SPEC["classes"].keys()


def listed_examples(mode: str) -> list[Any]:
    """The valid examples of a mode, as the table in the checklist lists them."""
    if not CHECKLIST.exists():
        return []
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in CHECKLIST.read_text().splitlines()
        if line.startswith("|") and ".json |" in line
    ]
    return [
        pytest.param(MODELS[row[1]], EXAMPLES / row[0], id=row[0])
        for row in rows
        if row[2] == mode and not row[3].startswith("INVALID")
    ]


@pytest.mark.parametrize(("model", "path"), listed_examples("full"))
def test_a_valid_example_of_the_text_is_valid(model: type[BaseModel], path: Path) -> None:
    document = loads(path.read_bytes())

    assert check(model, document) == ()


@pytest.mark.parametrize(("model", "path"), listed_examples("patch"))
def test_an_example_of_a_patch_is_valid_but_for_its_stamp(
    model: type[BaseModel], path: Path
) -> None:
    patch = {"last_updated": "2026-01-15T10:00:00Z", **loads(path.read_bytes())}

    assert check_patch(model, patch) == ()
