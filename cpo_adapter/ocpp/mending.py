"""Reading a payload leniently by its schema: made to fit where that loses nothing.

Numbers written as text and the reverse are turned, a single object where a list belongs becomes a
list. A word that OCPP does not know and a text that is too long are kept. Unknown fields, nulls and
what is of another kind are left out, so that of what is there the kind is certain. Each of these is
said in a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cpo_adapter.ocpp.fields import decimal_of

Schema = Mapping[str, Any]

_MAX_SENTENCES = 20
_SHOWN = 40


@dataclass(slots=True)
class Mender:
    """Mends payloads of one schema, whose `$ref`s point into `definitions`."""

    definitions: Schema
    sentences: list[str] = field(default_factory=list)

    def mend(self, value: Any, schema: Schema, place: str = "") -> Any:
        """The value, fitted as well as it can be; None when it is left out."""
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        match schema.get("type"):
            case "object":
                return self._object(value, schema, place)
            case "array":
                return self._array(value, schema, place)
            case "string":
                return self._text(value, schema, place)
            case "integer" | "number" as kind:
                return self._number(value, place, whole=kind == "integer")
            case "boolean":
                return self._boolean(value, place)
            case _:
                return value

    def _say(self, place: str, what: str) -> None:
        if len(self.sentences) < _MAX_SENTENCES:
            self.sentences.append(f"{place[1:] or 'payload'}: {what}")

    def _wrong(self, value: Any, place: str, expected: str) -> None:
        self._say(place, f"expected {expected}, got {_kind(value)}")

    def _object(self, value: Any, schema: Schema, place: str) -> Any:
        if not isinstance(value, dict):
            return self._wrong(value, place, "an object")
        properties = schema.get("properties", {})
        mended: dict[str, Any] = {}
        for name, item in value.items():
            if name not in properties:
                self._say(place, f"{name[:_SHOWN]!r} is not a field here")
            elif item is None:
                self._say(f"{place}.{name}", "null, left out")
            elif (fitted := self.mend(item, properties[name], f"{place}.{name}")) is not None:
                mended[name] = fitted
        for name in schema.get("required", ()):
            if name not in value:
                self._say(f"{place}.{name}", "missing")
        return mended

    def _array(self, value: Any, schema: Schema, place: str) -> Any:
        if not isinstance(value, list):
            self._say(place, f"expected a list, got {_kind(value)}")
            value = [value]
        if len(value) < schema.get("minItems", 0):
            self._say(place, "the list is empty")
        items = schema.get("items", {})
        fitted = (self.mend(item, items, f"{place}.{at}") for at, item in enumerate(value))
        return [item for item in fitted if item is not None]

    def _text(self, value: Any, schema: Schema, place: str) -> Any:
        if isinstance(value, bool | int | Decimal):
            self._say(place, f"expected a text, got {_kind(value)}")
            value = str(value).lower() if isinstance(value, bool) else str(value)
        if not isinstance(value, str):
            return self._wrong(value, place, "a text")
        if "enum" in schema and value not in schema["enum"]:
            self._say(place, f"{value[:_SHOWN]!r} is not a word of OCPP")
        longest = schema.get("maxLength")
        if longest is not None and len(value) > longest:
            self._say(place, f"{len(value)} characters, at most {longest} are allowed")
        return value

    def _number(self, value: Any, place: str, *, whole: bool) -> Any:
        expected = "a whole number" if whole else "a number"
        read = decimal_of(value) if isinstance(value, str) else value
        if isinstance(read, bool) or not isinstance(read, int | Decimal):
            return self._wrong(value, place, expected)
        if isinstance(value, str):
            self._say(place, f"expected {expected}, got a text")
        if not whole or isinstance(read, int):
            return read
        if read != read.to_integral_value():
            self._say(place, f"expected {expected}, got a fraction")
            return read
        return int(read)

    def _boolean(self, value: Any, place: str) -> Any:
        if isinstance(value, bool):
            return value
        found = _BOOLEANS.get(str(value).lower())
        if found is None:
            return self._wrong(value, place, "true or false")
        self._say(place, f"expected true or false, got {_kind(value)}")
        return found


_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | Decimal():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"
