"""Checking a document against its model, with messages in OCPI's words.

A document stays as it came: what is stored and passed on is the document, never the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, get_type_hints

from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import ErrorDetails

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.types import EXPECTED, Many, OcpiObject, Some, kind_of
from ocpi_hub.protocol.v2_2_1.locations import EVSE, Connector, Location

_MOST_ERRORS = 3

_KINDS = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "int_type": "an integer",
    "list_type": "an array",
    "model_type": "an object",
    "number_type": "a number",
    "string_type": "a string",
}

# Lists that a PATCH merges by id instead of replacing them, so that an entry may be partial too.
MERGED: Final[dict[type[BaseModel], tuple[str, type[BaseModel], str]]] = {
    Location: ("evses", EVSE, "uid"),
    EVSE: ("connectors", Connector, "id"),
}


def check(model: type[BaseModel], document: Mapping[str, Any]) -> tuple[str, ...]:
    """What is remarkable about a valid document; InvalidParameters names what is wrong."""
    findings: list[str] = []
    try:
        model.model_validate(document, context=findings)
    except ValidationError as error:
        raise InvalidParameters(_message(error)) from None
    return tuple(findings)


def check_patch(
    model: type[BaseModel], patch: Mapping[str, Any], *, stamp_optional: bool = False
) -> tuple[str, ...]:
    """The same for what changed: each field alone, null only where a field is optional.

    `stamp_optional` is for a peer that leaves out last_updated (SEM-05).
    """
    if not patch:
        raise InvalidParameters("the PATCH is empty, expected last_updated and what changed")
    if "last_updated" not in patch and not stamp_optional:
        raise InvalidParameters("last_updated missing in PATCH")
    return check(_patch_of(model), patch)


@cache
def _patch_of(model: type[BaseModel], key: str | None = None) -> type[BaseModel]:
    """The model with each field optional, save the key of an entry in a merged list."""
    fields: dict[str, Any] = {
        name: (annotation, ... if name == key else None)
        for name, annotation in get_type_hints(model, include_extras=True).items()
        if name in model.model_fields
    }
    if model in MERGED:
        name, child, child_key = MERGED[model]
        several: Any = Some if model.model_fields[name].is_required() else Many
        fields[name] = (several[_patch_of(child, child_key)], None)
    patch: type[BaseModel] = create_model(f"{model.__name__}Patch", __base__=OcpiObject, **fields)
    return patch


def _message(error: ValidationError) -> str:
    errors = error.errors(include_url=False)
    said = [_words(each) for each in errors[:_MOST_ERRORS]]
    if len(errors) > _MOST_ERRORS:
        said.append(f"and {len(errors) - _MOST_ERRORS} more")
    return "; ".join(said)


def _words(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    path = [str(step) for step in error["loc"]]
    if error["type"] == "missing":
        return f"{'.'.join(path)} missing"
    if error["type"] == "rule":
        path.append(context["field"])
    return f"{'.'.join(path) or 'body'}: {_reason(error, context)}"


def _reason(error: ErrorDetails, context: dict[str, Any]) -> str:
    given = error["input"]
    match error["type"]:
        case kind if kind in _KINDS:
            return f"expected {_KINDS[kind]}, got {kind_of(given)}"
        case "string_too_long":
            return f"has {len(given)} characters, at most {context['max_length']} are allowed"
        case "string_too_short":
            return "must not be empty"
        case "too_short":
            return "expected at least one entry"
        case "string_pattern_mismatch":
            return f"expected {EXPECTED[context['pattern']]}, got {_shown(error)}"
        case "enum":
            return f"expected {context['expected']}, got {_shown(error)}"
        case "greater_than_equal" | "less_than_equal":
            return f"{given} is out of range, {error['msg'].removeprefix('Input should be ')}"
        case _:
            return error["msg"]


def _shown(error: ErrorDetails) -> str:
    """What was given; of a credentials token not even a malformed one is repeated (T34)."""
    given = error["input"]
    if not isinstance(given, str) or error["loc"][-1:] == ("token",):
        return kind_of(given)
    return ascii(given[:40])
