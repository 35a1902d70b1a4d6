"""The module table as an OpenAPI 3.1 document: `python -m ocpi_hub.protocol.openapi` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ocpi_hub.protocol.headers import CORRELATION_ID, REQUEST_ID
from ocpi_hub.protocol.modules import OPERATIONS, VERSION, Kind, Operation
from ocpi_hub.protocol.urls import MAX_URL
from ocpi_hub.protocol.v2_2_1.tokens import TokenType
from ocpi_hub.protocol.v2_2_1.versions import Version, VersionDetails

_COMPONENT = "#/components/schemas/{model}"
_JSON = "application/json"
_DATE_TIME = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}
_URL = {"type": "string", "format": "uri", "maxLength": MAX_URL}
_QUERY: dict[str, dict[str, Any]] = {
    "date_from": _DATE_TIME,
    "date_to": _DATE_TIME,
    "offset": {"type": "integer", "minimum": 0},
    "limit": {"type": "integer", "minimum": 1},
    "type": {"type": "string", "enum": [each.value for each in TokenType]},
    "duration": {"type": "integer", "minimum": 1},
    "response_url": _URL,
}
_IDS = (REQUEST_ID, CORRELATION_ID)
_ROUTING = tuple(
    f"OCPI-{direction}-{half}"
    for direction in ("from", "to")
    for half in ("country-code", "party-id")
)
_PAGE_HEADERS = {
    "X-Total-Count": {"schema": {"type": "integer"}},
    "X-Limit": {"schema": {"type": "integer"}},
    "Link": {"schema": _TEXT},
}


def document(public_url: str) -> dict[str, Any]:
    """Every operation a service at `public_url` may serve, once."""
    paths: dict[str, dict[str, Any]] = _version_paths()
    for row in OPERATIONS:
        paths.setdefault(path_of(row), {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {"title": "OCPI", "version": VERSION},
        "servers": [{"url": public_url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"token": _security()}},
    }


def path_of(row: Operation) -> str:
    """Where a row is served."""
    side = "" if row.kind is Kind.CONFIG else f"/{row.interface.lower()}"
    return f"/ocpi{side}/{VERSION}/{row.module}" + (f"/{row.path}" if row.path else "")


def _operation(row: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": row.operation_id,
        "tags": [row.module],
        "parameters": _parameters(row),
        "responses": {"default": _response(row)},
    }
    if row.body is not None:
        # A PATCH holds only what changed, which no schema of the whole object describes.
        schema = {"type": "object"} if row.patch else _reference(row.body)
        made["requestBody"] = {
            "required": not row.body_optional,
            "content": {_JSON: {"schema": schema}},
        }
    return made


def _parameters(row: Operation) -> list[dict[str, Any]]:
    names = [part.strip("{}") for part in row.segments if part.startswith("{")]
    required = ["duration", "response_url"]
    if row.module == "sessions":
        required.append("date_from")
    headers = _IDS if row.kind is Kind.CONFIG else (*_IDS, *_ROUTING)
    return [
        *(_parameter("path", name, _TEXT, required=True) for name in names),
        *(_parameter("query", name, _QUERY[name], required=name in required) for name in row.query),
        *(_parameter("header", name, _TEXT, required=name in _IDS) for name in headers),
    ]


def _parameter(where: str, name: str, schema: Any, *, required: bool) -> dict[str, Any]:
    return {"in": where, "name": name, "required": required, "schema": schema}


def _response(row: Operation) -> dict[str, Any]:
    data = None if row.data is None else _reference(row.data)
    paged = "limit" in row.query
    if data is not None and paged:
        data = {"type": "array", "items": data}
    return _answer(data, headers=_PAGE_HEADERS if paged else {})


def _answer(data: Any, *, headers: dict[str, Any]) -> dict[str, Any]:
    """The envelope round some data. Source: 2.2.1 transport and format, Response format."""
    properties = {
        "status_code": {"type": "integer", "minimum": 1000, "maximum": 9999},
        "status_message": _TEXT,
        "timestamp": _DATE_TIME,
    }
    if data is not None:
        properties["data"] = data
    schema = {
        "type": "object",
        "required": ["status_code", "timestamp"],
        "properties": properties,
    }
    ids = {name: {"schema": _TEXT} for name in _IDS}
    return {
        "description": "An OCPI response",
        "headers": ids | headers,
        "content": {_JSON: {"schema": schema}},
    }


def _version_paths() -> dict[str, dict[str, Any]]:
    versions = {"type": "array", "items": _reference(Version)}
    return {
        "/ocpi/versions": {"get": _get("get_versions", versions)},
        f"/ocpi/{VERSION}": {"get": _get("get_version_details", _reference(VersionDetails))},
    }


def _get(operation_id: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "tags": ["versions"],
        "parameters": [_parameter("header", name, _TEXT, required=True) for name in _IDS],
        "responses": {"default": _answer(data, headers={})},
    }


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _COMPONENT.format(model=model.__name__)}


def _schemas() -> dict[str, Any]:
    models: set[type[BaseModel]] = {Version, VersionDetails}
    for row in OPERATIONS:
        models |= {model for model in (row.body, row.data) if model is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, made = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=_COMPONENT
    )
    schemas: dict[str, Any] = made["$defs"]
    return schemas


def _security() -> dict[str, Any]:
    return {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "Token <Base64 of the credentials token>",
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document("https://hub.example"), indent=2) + "\n")
