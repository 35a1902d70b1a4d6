"""What an API says when it cannot do what it was asked: problem+json (RFC 9457)."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from ocpi_hub.node.engine import UNAVAILABLE
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.jsontext import dumps

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
_MOST_ERRORS = 20
_LONGEST_STEP = 40
_FIELD = re.compile(r"([a-z_]\w*(?:\[\d+\]|\.\w+)*): ", re.ASCII)


class FieldProblem(BaseModel):
    """What is wrong with one field or parameter."""

    model_config = ConfigDict(extra="forbid")

    field: str
    message: str


class ProblemDetails(BaseModel):
    """A refusal (RFC 9457). `field` is the field or parameter at fault, `errors` all that are."""

    # What is not known to whoever reads it is to be ignored.
    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | None = None
    errors: list[FieldProblem] | None = None


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


# A sentence as whoever made the request reads it.
Said = Callable[[Request, str], str]


def add_handlers(
    app: FastAPI,
    *,
    bad_input: Sequence[type[Exception]] = (),
    said: Said = lambda _request, sentence: sentence,
) -> None:
    """Has every refusal of an application written as a problem; the errors of `bad_input` are 422
    with their own sentence. Each sentence is as `said` has it."""
    desk = _Desk(said)
    app.exception_handler(HTTPException)(desk.refused)
    app.exception_handler(RequestValidationError)(desk.invalid)
    app.exception_handler(OcpiError)(desk.ocpi)
    for kind in bad_input:
        app.exception_handler(kind)(desk.bad_input)
    for lost in UNAVAILABLE:
        app.exception_handler(lost)(desk.unavailable)


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """The answer: its title is the phrase of the status, and `field` the field at fault."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(
        dumps(body),
        status,
        media_type=PROBLEM_JSON,
        headers=None if headers is None else dict(headers),
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """Writes the refusals of one application."""

    said: Said

    async def refused(self, request: Request, error: HTTPException) -> Response:
        more = error.more if isinstance(error, Problem) else {}
        detail = self.said(request, error.detail)
        return problem(error.status_code, detail, headers=error.headers, **more)

    async def invalid(self, request: Request, error: RequestValidationError) -> Response:
        errors = [
            {"field": _place(each["loc"]), "message": self.said(request, _sentence(each))}
            for each in islice(error.errors(), _MOST_ERRORS)
        ]
        first = errors[0]
        detail = f"{first['field']}: {first['message']}"
        return problem(422, detail, field=first["field"], errors=errors)

    async def ocpi(self, request: Request, error: OcpiError) -> Response:
        # Over OCPI most refusals are HTTP 200 with a status code; here they are bad input.
        status = 422 if error.http_status == HTTPStatus.OK else error.http_status
        return self._named(request, status, error.message, headers=error.headers)

    async def bad_input(self, request: Request, error: Exception) -> Response:
        return self._named(request, 422, str(error))

    async def unavailable(self, request: Request, error: Exception) -> Response:
        log.warning("an API waits for the database", extra={"reason": str(error)})
        detail = self.said(request, "the database is not available")
        return problem(503, detail, headers={"Retry-After": "5"})

    def _named(
        self,
        request: Request,
        status: int,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The problem with the field that the sentence begins with, if it does."""
        found = _FIELD.match(message)
        more: dict[str, Any] = {} if found is None else {"field": found[1]}
        return problem(status, self.said(request, message), headers=headers, **more)


def _sentence(error: Mapping[str, Any]) -> str:
    """What is wrong, in words that need no knowledge of what found it."""
    words = _WORDS.get(error["type"])
    if words is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return words.format(**error.get("ctx", {}))


_TRUTH = "expected true or false"
_WHOLE = "expected a whole number"
_AMOUNT = "expected a number"
_OBJECT = "expected an object"
_TIME = "expected a time with its time zone, such as 2026-03-01T10:00:00Z"
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "no field or parameter here has this name",
    "string_type": "expected text",
    "string_too_short": "expected text of {min_length} or more characters",
    "string_too_long": "expected text of at most {max_length} characters",
    "string_pattern_mismatch": "has a character or a form that is not expected here",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "list_type": "expected a list",
    "too_short": "expected {min_length} or more entries",
    "too_long": "expected at most {max_length} entries",
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "decimal_type": _AMOUNT,
    "decimal_parsing": _AMOUNT,
    "finite_number": _AMOUNT,
    "decimal_max_digits": "expected at most {max_digits} digits",
    "decimal_max_places": "expected at most {decimal_places} decimal places",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected {ge} or more",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected {le} or less",
    "enum": "expected {expected}",
    "literal_error": "expected {expected}",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
}


def _place(loc: tuple[int | str, ...]) -> str:
    """Where something is wrong: `plugs[0].evse_uid`, or `body` for all of it."""
    # "[key]" stands behind a key that is wrong itself.
    steps = [step for step in loc[1:] or loc[:1] if step != "[key]"]
    written = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step[:_LONGEST_STEP]}" for step in steps
    )
    return written.removeprefix(".")
