"""Holds the answers of the driver API to its description, whatever a test asks."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

from emsp_adapter import driver_api
from emsp_adapter.driver_api import PREFIX, answers

_JSON = "application/json"


class Row(NamedTuple):
    """One successful answer of one operation; `model` is None where nothing describes it."""

    method: str
    path: str
    media_types: tuple[str, ...]
    model: type[BaseModel] | None

    @property
    def pattern(self) -> re.Pattern[str]:
        """What its paths look like."""
        return re.compile(re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(self.path)))


async def keep(response: httpx.Response) -> None:
    """A hook for a client: an answer of JSON that is not as described fails the test."""
    request = response.request
    path = request.url.path.removeprefix(PREFIX)
    if not response.is_success or _JSON not in response.headers.get("content-type", ""):
        return
    row = _row_of(request.method, path)
    if row is not None and row.model is not None:
        row.model.model_validate_json(await response.aread())


@cache
def rows() -> tuple[Row, ...]:
    """Every operation's successful answer, as the description has it."""
    app = FastAPI()
    for router in driver_api.ROUTERS:
        app.include_router(router)
    found = []
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            for status, said in operation["responses"].items():
                if status.startswith("2"):
                    content = said.get("content", {})
                    name = content.get(_JSON, {}).get("schema", {}).get("$ref", "")
                    model = getattr(answers, name.rpartition("/")[2], None)
                    found.append(Row(method.upper(), path, tuple(content), model))
    return tuple(found)


def _row_of(method: str, path: str) -> Row | None:
    """The most exact that fits: a path without parameters before one with, the longer before the
    shorter."""
    fitting = [row for row in rows() if row.method == method and row.pattern.fullmatch(path)]
    return min(fitting, key=lambda row: (row.path.count("{"), -row.path.count("/")), default=None)
