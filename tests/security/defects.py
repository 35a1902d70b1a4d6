"""What can be wrong with a body: in its text whatever it is for, and in each field of its model."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.modules import Operation
from tests.security.operations import sample

Schema = Mapping[str, Any]
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Defect:
    """A body that is refused with `status`; the message names `names`."""

    title: str
    body: bytes
    names: str = ""
    status: tuple[int, int] = (200, 2001)


_NOT_JSON = {
    "cut off": b'{"id": "x"',
    "empty": b"",
    "text": b"hello",
    "html": b"<html></html>",
    "form": b"id=1&uid=2",
    "two values": b"{} {}",
    "single quotes": b"{'id': 1}",
    "trailing comma": b'{"id": 1,}',
    "UTF-16": '{"id": "x"}'.encode("utf-16"),
    "not UTF-8": b'{"id": "\xff"}',
    "a raw NUL": b'{"id": "\x00"}',
}
_NO_OBJECT = {"array": b"[]", "string": b'"text"', "null": b"null", "number": b"17"}

# Beside a body's valid fields: what readers differ on or nobody can keep.
_BESIDE: dict[str, tuple[bytes, str, int]] = {
    "NaN": (b'"extra": NaN', "NaN", 400),
    "Infinity": (b'"extra": -Infinity', "-Infinity", 400),
    "1e999": (b'"extra": 1e999', "extra", 200),
    "1e131072": (b'"extra": 1e131072', "extra", 200),
    "1e-999999": (b'"extra": 1e-999999', "extra", 200),
    "5,000 digits": (b'"extra": ' + b"9" * 5000, "extra", 200),
    "a key twice": (b'"extra": 1, "extra": 2', "extra", 200),
    "a key twice below": (b'"extra": {"cost": 1, "cost": 1}', "cost", 200),
    "NUL": (b'"extra": "a\\u0000b"', "extra", 200),
    "NUL in a key": (b'"ex\\u0000tra": 1', "NUL", 200),
    "a lone surrogate": (b'"extra": ["\\ud83d"]', "extra", 200),
    "65 levels": (b'"extra": ' + b"[" * 65 + b"]" * 65, "64 levels", 200),
    "100,000 levels": (b'"extra": ' + b"[" * 100_000 + b"]" * 100_000, "64 levels", 200),
}


def of_text(operation: Operation) -> Iterator[Defect]:
    """Defects that have nothing to do with the model."""
    valid = dumps(sample(operation))
    for title, body in _NOT_JSON.items():
        if body or not operation.body_optional:
            yield Defect(title, body, "body", (400, 2001))
    for title, body in _NO_OBJECT.items():
        yield Defect(title, body, "expected an object")
    yield Defect("an empty object", b"{}")
    for title, (beside, names, http) in _BESIDE.items():
        yield Defect(title, valid[:-1] + b", " + beside + b"}", names, (http, 2001))


def of_fields(operation: Operation) -> Iterator[Defect]:
    """Each field of the model, at every depth of the sample, made wrong in every way it can be."""
    assert operation.body is not None
    schema = operation.body.model_json_schema()
    valid = sample(operation)
    for place, field, required in _places(schema, schema, valid, ()):
        names = ".".join(str(step) for step in place)
        # A PATCH holds what changed; of the levels below some are merged and some replaced.
        left_out = names == "last_updated" if operation.patch else required
        if left_out:
            yield Defect(f"{names} missing", _changed(valid, place, _ABSENT), names)
        if required and not (operation.patch and len(place) > 1):
            yield Defect(f"{names} null", _changed(valid, place, None), names)
        for title, value in _wrong_values(field):
            yield Defect(f"{names} {title}", _changed(valid, place, value), names)


_ABSENT = object()


def _places(
    root: Schema, schema: Schema, document: Any, above: Place
) -> Iterator[tuple[Place, Schema, bool]]:
    """Where the fields are, what each may hold, and whether it is required."""
    for name, found in schema.get("properties", {}).items():
        field, place = _resolved(root, found), (*above, name)
        yield place, field, name in schema.get("required", ())
        value = document.get(name)
        if field.get("type") == "object" and value is not None:
            yield from _places(root, field, value, place)
        if field.get("type") == "array" and value:
            yield from _places(root, _resolved(root, field["items"]), value[0], (*place, 0))


def _resolved(root: Schema, schema: Schema) -> Schema:
    """What a field may hold beside null."""
    if "anyOf" in schema:
        schema = next(choice for choice in schema["anyOf"] if choice.get("type") != "null")
    if "$ref" in schema:
        return _resolved(root, root["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    return schema


def _wrong_values(field: Schema) -> Iterable[tuple[str, Any]]:
    match field:
        case {"enum": _}:
            yield "no value of the enum", "NO_SUCH_VALUE"
            yield "a number", 17
        case {"type": "string", "format": "date-time"}:
            yield "with a space", "2026-01-15 10:00:00"
            yield "with an offset", "2026-01-15T10:00:00+02:00"
            yield "in month 13", "2026-13-15T10:00:00Z"
            yield "a number", 17
        case {"type": "string"}:
            yield "a number", 17
            yield "an object", {}
            if "maxLength" in field:
                yield "too long", "x" * (field["maxLength"] + 1)
        case {"type": "number" | "integer"}:
            yield "a string", "12.5"
            yield "a boolean", True
        case {"type": "boolean"}:
            yield "a string", "true"
            yield "a number", 1
        case {"type": "array" | "object"}:
            yield "a string", "text"
            yield "a number", 17


def _changed(document: dict[str, Any], place: Place, value: object) -> bytes:
    """The document with another value at one place, or without it."""
    changed = copy.deepcopy(document)
    node: Any = changed
    for step in place[:-1]:
        node = node[step]
    if value is _ABSENT:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return dumps(changed)
