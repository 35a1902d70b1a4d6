"""What an API says when it cannot do what it was asked: problem+json (RFC 9457)."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from ocpi_hub.node.engine import UNAVAILABLE
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.jsontext import dumps

log = logging.getLogger(__name__)

_MEDIA_TYPE = "application/problem+json"
_FIELD = re.compile(r"([a-z_]\w*(?:\[\d+\]|\.\w+)*): ", re.ASCII)


class Problem(HTTPException):
    """A refusal in one sentence; `more` are members of its own, such as the station's code."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: str,
    ) -> None:
        super().__init__(status, detail, headers=headers)
        self.more = more


def add_handlers(app: FastAPI, *, bad_input: Sequence[type[Exception]] = ()) -> None:
    """Has every refusal of an application written as a problem; the errors of `bad_input` are 422
    with their own sentence."""
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(OcpiError)(_ocpi)
    for kind in bad_input:
        app.exception_handler(kind)(_bad_input)
    for lost in UNAVAILABLE:
        app.exception_handler(lost)(_unavailable)


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """The answer: its title is the phrase of the status, and `field` the field at fault."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(
        dumps(body),
        status,
        media_type=_MEDIA_TYPE,
        headers=None if headers is None else dict(headers),
    )


async def _refused(_request: Request, error: HTTPException) -> Response:
    more = error.more if isinstance(error, Problem) else {}
    return problem(error.status_code, error.detail, headers=error.headers, **more)


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    errors = [{"field": _place(each["loc"]), "message": each["msg"]} for each in error.errors()]
    first = errors[0]
    detail = f"{first['field']}: {first['message']}"
    return problem(422, detail, field=first["field"], errors=errors)


async def _ocpi(_request: Request, error: OcpiError) -> Response:
    # Over OCPI most refusals are HTTP 200 with a status code; here they are bad input.
    status = 422 if error.http_status == HTTPStatus.OK else error.http_status
    return _named(status, error.message, headers=error.headers)


async def _bad_input(_request: Request, error: Exception) -> Response:
    return _named(422, str(error))


async def _unavailable(_request: Request, error: Exception) -> Response:
    log.warning("an API waits for the database", extra={"reason": str(error)})
    return problem(503, "the database is not available", headers={"Retry-After": "5"})


def _named(status: int, message: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """The problem with the field that the sentence begins with, if it does."""
    found = _FIELD.match(message)
    more: dict[str, Any] = {} if found is None else {"field": found[1]}
    return problem(status, message, headers=headers, **more)


def _place(loc: tuple[int | str, ...]) -> str:
    """Where something is wrong: `plugs[0].evse_uid`, or `body` for all of it."""
    steps = loc[1:] or loc[:1]
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return written.removeprefix(".")
