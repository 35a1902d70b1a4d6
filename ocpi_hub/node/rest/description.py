"""The description of an API in OpenAPI: what holds for every route is said here, once.

A route's name is its `operationId` and its summary, so it is a verb and what it is done to. How it
may refuse follows from what it takes: a token, a body, an id in its path.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from operator import attrgetter
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from ocpi_hub.node.rest.problems import PROBLEM_JSON, ProblemDetails

_COMPONENTS = "#/components"
# FastAPI drops what is null of an example; as text it is whole.
_EXAMPLE = "x-example"
_CHANGING = frozenset({"post", "put", "patch", "delete"})
# What FastAPI refuses bad input with, where nobody handles it.
_UNUSED_SCHEMAS = ("HTTPValidationError", "ValidationError")

_RETRY_AFTER = {
    "Retry-After": {
        "description": "In how many seconds to ask again, where that is known.",
        "schema": {"type": "integer", "minimum": 0},
    }
}
_CHALLENGE = {
    "WWW-Authenticate": {"description": "As RFC 6750 has it.", "schema": {"type": "string"}}
}


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What a status means, with a `detail` as an example."""

    meaning: str
    detail: str
    field: str | None = None
    headers: Mapping[str, Any] | None = None


_REFUSALS: Mapping[HTTPStatus, _Refusal] = {
    HTTPStatus.BAD_REQUEST: _Refusal(
        "The body is not JSON.",
        "the body is not JSON: Expecting value at line 1 column 1",
    ),
    HTTPStatus.UNAUTHORIZED: _Refusal(
        "No token, or one that is not known, has expired or was revoked.",
        "expected Authorization: Bearer TOKEN",
        headers=_CHALLENGE,
    ),
    HTTPStatus.FORBIDDEN: _Refusal(
        "The token is not good for this: `detail` says what is needed.",
        "the token is not good for this",
        headers=_CHALLENGE,
    ),
    HTTPStatus.NOT_FOUND: _Refusal(
        "There is no such thing, or it is not the asker's.",
        "there is no charge '4c1f'",
    ),
    HTTPStatus.CONFLICT: _Refusal(
        "Not possible now: `detail` says why.",
        "the same request is still being worked on",
        headers=_RETRY_AFTER,
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _Refusal(
        "The body is too large: `detail` names the limit.",
        "the body is larger than 64000 bytes",
    ),
    HTTPStatus.REQUEST_URI_TOO_LONG: _Refusal(
        "The URL is too long: `detail` names the limit.",
        "the URL is longer than 8192 bytes",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: _Refusal(
        "A value is not what it should be: `field` names it.",
        "limit: expected 200 or less",
        field="limit",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: _Refusal(
        "Too many requests: `detail` names the limit.",
        "more than 200 requests in 10 s",
        headers=_RETRY_AFTER,
    ),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: _Refusal(
        "The headers are too large: `detail` names the limit.",
        "the headers are larger than 8192 bytes",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: _Refusal(
        "What this needs does not answer.",
        "the database is not available",
        headers=_RETRY_AFTER,
    ),
}


def example(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a model is given to show how it looks: `class Car(Given, json_schema_extra=…)`."""
    return {_EXAMPLE: json.dumps(document)}


class DescribedApi(FastAPI):
    """An application whose description says of every route how it refuses, and who may ask.

    `everywhere` are the refusals that any route may give; `security_schemes` take the place of what
    the routes' own dependencies say of the schemes that they name.
    """

    def __init__(
        self,
        *,
        title: str,
        everywhere: Collection[HTTPStatus],
        security_schemes: Mapping[str, Any] | None = None,
    ) -> None:
        # The pages that FastAPI has for documentation load from elsewhere.
        super().__init__(
            title=title,
            version="1",
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            strict_content_type=False,
            generate_unique_id_function=attrgetter("name"),
        )
        self._everywhere = frozenset(everywhere)
        self._security_schemes = security_schemes or {}

    def openapi(self) -> dict[str, Any]:
        """The description."""
        document = super().openapi()
        components = document.setdefault("components", {})
        if "responses" not in components:
            for method, operation in _operations(document):
                _complete(operation, _refusals(method, operation) | self._everywhere)
            _add_components(components, self._security_schemes)
        return document


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for methods in document["paths"].values():
        yield from methods.items()


def _refusals(method: str, operation: Mapping[str, Any]) -> set[HTTPStatus]:
    """How an operation may refuse, by what it takes."""
    declared = (int(status) for status in operation["responses"] if status >= "4")
    found = {HTTPStatus(status) for status in declared}
    if operation.get("security"):
        found |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if "requestBody" in operation:
        found |= {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    if any(each["in"] == "path" for each in operation.get("parameters", [])):
        found.add(HTTPStatus.NOT_FOUND)
    if method in _CHANGING:
        found.add(HTTPStatus.CONFLICT)
    return found


def _complete(operation: dict[str, Any], refusals: Collection[HTTPStatus]) -> None:
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    responses = operation["responses"]
    for status in sorted(refusals):
        responses[str(status.value)] = {"$ref": f"{_COMPONENTS}/responses/{_name(status)}"}


def _name(status: HTTPStatus) -> str:
    return "".join(word.capitalize() for word in status.name.split("_"))


def _add_components(components: dict[str, Any], security_schemes: Mapping[str, Any]) -> None:
    schemas = components.setdefault("schemas", {})
    for name in _UNUSED_SCHEMAS:
        schemas.pop(name, None)
    _, defined = models_json_schema(
        [(ProblemDetails, "validation")], ref_template=f"{_COMPONENTS}/schemas/{{model}}"
    )
    schemas |= defined["$defs"]
    for schema in schemas.values():
        if _EXAMPLE in schema:
            schema["examples"] = [json.loads(schema.pop(_EXAMPLE))]
    components["responses"] = {
        _name(status): _response(status, refusal) for status, refusal in _REFUSALS.items()
    }
    components.get("securitySchemes", {}).update(security_schemes)


def _response(status: HTTPStatus, refusal: _Refusal) -> dict[str, Any]:
    details = ProblemDetails(
        title=status.phrase, status=status.value, detail=refusal.detail, field=refusal.field
    )
    return {
        "description": refusal.meaning,
        "headers": refusal.headers or {},
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": f"{_COMPONENTS}/schemas/{ProblemDetails.__name__}"},
                "example": details.model_dump(exclude_none=True),
            }
        },
    }
