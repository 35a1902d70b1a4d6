"""Holds the answers of the driver API to its description, whatever a test asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import httpx
from pydantic import BaseModel

from emsp_adapter import driver_api
from emsp_adapter.driver_api import PREFIX
from emsp_adapter.driver_api.answers import Shape
from ocpi_hub.node.rest.bodies import Given
from ocpi_hub.node.rest.problems import PROBLEM_JSON, ProblemDetails

_JSON = "application/json"
# The adapters' bodies are made of the same.
_OURS = ("emsp_adapter.", "ocpi_hub.")
PUBLIC_URL = "https://charge.example"


class Row(NamedTuple):
    """One operation, as the description has it."""

    method: str
    path: str
    operation: Mapping[str, Any]

    @property
    def pattern(self) -> re.Pattern[str]:
        """What its paths look like."""
        return re.compile(re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(self.path)))

    @property
    def body(self) -> Mapping[str, Any] | None:
        """What it takes."""
        content = self.operation.get("requestBody", {}).get("content")
        return None if content is None else content[_JSON]

    @property
    def answers(self) -> dict[str, Mapping[str, Any]]:
        """What it answers when all is well, by media type."""
        (status,) = [each for each in self.operation["responses"] if each.startswith("2")]
        content: dict[str, Mapping[str, Any]] = self.operation["responses"][status].get(
            "content", {}
        )
        return content

    @property
    def model(self) -> type[BaseModel] | None:
        """The shape of what it answers as JSON."""
        ref = self.answers.get(_JSON, {}).get("schema", {}).get("$ref", "")
        return models().get(ref.rpartition("/")[2])

    @property
    def refusals(self) -> dict[int, Mapping[str, Any]]:
        """How it refuses, by status."""
        responses = self.operation["responses"].items()
        return {int(status): resolved(said) for status, said in responses if status >= "4"}


async def keep(response: httpx.Response) -> None:
    """A hook for a client: an answer that is not as described fails the test."""
    request = response.request
    row = _row_of(request.method, request.url.path.removeprefix(PREFIX))
    if row is None:
        return
    if response.is_error:
        assert response.headers["content-type"] == PROBLEM_JSON
        said = ProblemDetails.model_validate_json(await response.aread())
        assert said.status == response.status_code
        assert said.status in row.refusals, f"{row.method} {row.path}: {said}"
    elif _JSON in response.headers.get("content-type", "") and row.model is not None:
        row.model.model_validate_json(await response.aread())


@cache
def document() -> Mapping[str, Any]:
    """The description, as it is sent."""
    read: Mapping[str, Any] = json.loads(json.dumps(driver_api.described(PUBLIC_URL).openapi()))
    return read


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the description, or the one that it refers to."""
    found: Any = document()
    for step in part.get("$ref", "").split("/")[1:]:
        found = found[step]
    return found if "$ref" in part else part


@cache
def rows() -> tuple[Row, ...]:
    """Every operation."""
    return tuple(
        Row(method.upper(), path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    )


def _row_of(method: str, path: str) -> Row | None:
    """The most exact that fits: a path without parameters before one with, the longer before the
    shorter."""
    fitting = [row for row in rows() if row.method == method and row.pattern.fullmatch(path)]
    return min(fitting, key=lambda row: (row.path.count("{"), -row.path.count("/")), default=None)


@cache
def models() -> Mapping[str, type[BaseModel]]:
    """What the objects of the description are read as, by their names."""
    found: list[type[BaseModel]] = [ProblemDetails, *_below(Shape), *_below(Given)]
    return {each.__name__: each for each in found if each.__module__.startswith(_OURS)}


def _below(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Every model that is made of it."""
    for model in kind.__subclasses__():
        yield model
        yield from _below(model)
