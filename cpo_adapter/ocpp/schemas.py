"""The schemas of OCPP, compiled: leniently for what stations send, strictly for what we send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema

from cpo_adapter.ocpp.mending import Mender, Schema
from cpo_adapter.ocpp.version import Version

_FOLDERS = {Version.V16: "v16", Version.V201: "v201"}


class PayloadRefused(Exception):
    """A payload of ours does not fit the schema; the message names the field."""


class Accepted(NamedTuple):
    """A payload as it can be read, and where it broke the schema."""

    payload: dict[str, Any]
    violations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PayloadSchema:
    """What may stand in one kind of message."""

    schema: Schema
    _check: SchemaValidator

    def accept(self, payload: Mapping[str, Any]) -> Accepted:
        """The payload of a station, mended if it does not fit."""
        try:
            return Accepted(self._check.validate_python(payload))
        except ValidationError:
            mender = Mender(self.schema.get("definitions", {}))
            mended = mender.mend(payload, self.schema)
            return Accepted(mended, tuple(mender.sentences))

    def missing(self, payload: Mapping[str, Any]) -> str | None:
        """The first required field that is not there."""
        return next((name for name in self.schema.get("required", ()) if name not in payload), None)

    def ordered(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """A payload of ours with its members in the schema's order, or PayloadRefused.

        Some stations read SendLocalList only in that order.
        """
        try:
            ordered: dict[str, Any] = self._check.validate_python(payload)
        except ValidationError as refused:
            error = refused.errors(include_url=False, include_context=False)[0]
            place = ".".join(str(step) for step in error["loc"]) or "payload"
            raise PayloadRefused(f"{place}: {error['msg']}") from None
        return ordered


@cache
def request_schema(version: Version, action: str) -> PayloadSchema | None:
    """The schema of a CALL; None when this version has no such action."""
    return _schema(version, action, "" if version is Version.V16 else "Request")


@cache
def response_schema(version: Version, action: str) -> PayloadSchema | None:
    """The schema of a CALLRESULT; None when this version has no such action."""
    return _schema(version, action, "Response")


@cache
def actions(version: Version) -> frozenset[str]:
    """All actions of a version, in either direction."""
    names = (path.name for path in files("ocpp").joinpath(_FOLDERS[version], "schemas").iterdir())
    ending = "Response.json"
    return frozenset(name.removesuffix(ending) for name in names if name.endswith(ending))


def _schema(version: Version, action: str, suffix: str) -> PayloadSchema | None:
    if action not in actions(version):
        return None
    path = files("ocpp").joinpath(_FOLDERS[version], "schemas", f"{action}{suffix}.json")
    schema = json.loads(path.read_text("utf-8-sig"))
    defined = [
        {**_compiled(each), "ref": name} for name, each in schema.get("definitions", {}).items()
    ]
    whole = core_schema.definitions_schema(_compiled(schema), defined)  # type: ignore[arg-type]  # each is a CoreSchema with its name
    return PayloadSchema(schema, SchemaValidator(whole))


# Times, and limits in steps of 0.1, are text and numbers here: they are read and written by us.
_NUMBER = core_schema.union_schema(
    [core_schema.int_schema(strict=True), core_schema.is_instance_schema(Decimal)]
)


def _compiled(schema: Schema) -> CoreSchema:
    if "$ref" in schema:
        return core_schema.definition_reference_schema(schema["$ref"].rpartition("/")[2])
    match schema.get("type"):
        case "object":
            return _object(schema)
        case "array":
            return core_schema.list_schema(
                _compiled(schema["items"]),
                min_length=schema.get("minItems"),
                max_length=schema.get("maxItems"),
            )
        case "string" if "enum" in schema:
            return core_schema.literal_schema(schema["enum"])
        case "string":
            return core_schema.str_schema(max_length=schema.get("maxLength"), strict=True)
        case "integer":
            least, most = schema.get("minimum"), schema.get("maximum")
            return core_schema.int_schema(ge=least, le=most, strict=True)
        case "number":
            return _NUMBER
        case "boolean":
            return core_schema.bool_schema(strict=True)
        case _:
            return core_schema.any_schema()


def _object(schema: Schema) -> CoreSchema:
    required = schema.get("required", ())
    fields = {
        name: core_schema.typed_dict_field(_compiled(each), required=name in required)
        for name, each in schema.get("properties", {}).items()
    }
    closed = schema.get("additionalProperties") is False
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid" if closed else "allow")
