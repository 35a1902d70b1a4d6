"""Lists in pages: `?limit=&cursor=`, answered with `{"<name>": […], "next": cursor or null}`."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from ocpi_hub.node.rest.bodies import Json, Whole
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.jsontext import dumps, loads

T = TypeVar("T")

# The parameters that choose a page, not what is on it.
_OF_PAGES = frozenset({"limit", "cursor"})
_MARK_DIGITS = 16

_Limit = Annotated[Whole, Query(ge=1, le=200, description="At most so many.")]
_Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before; opaque.")
]


@dataclass(frozen=True, slots=True)
class Paging:
    """How many rows of a list are asked for, and behind which; `question` is the route with its
    query, which a cursor is good for alone."""

    limit: int
    cursor: str | None
    question: str

    def after(self, *kinds: type) -> tuple[Any, ...] | None:
        """The key of the last row of the page before, a value of each kind; None is no page.

        422 for a cursor that this question has not given out.
        """
        if self.cursor is None:
            return None
        try:
            text = base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4))
            question, *parts = loads(text)
            if question != self._mark():
                raise ValueError("of another question")
            return tuple(_read(kind, part) for kind, part in zip(kinds, parts, strict=True))
        except (binascii.Error, ValueError, TypeError, OcpiError) as error:
            raise bad_cursor() from error

    def page(
        self,
        name: str,
        found: Sequence[T],
        *,
        key: Callable[[T], Sequence[object]],
        shown: Callable[[T], Mapping[str, Any]],
    ) -> Json:
        """A page of up to `limit` rows; a full one says where the next begins.

        `key` is what the rows are ordered by, unique: texts, numbers and moments.
        """
        full = len(found) == self.limit
        following = self._behind(key(found[-1])) if full and found else None
        return Json({name: [dict(shown(each)) for each in found], "next": following})

    def _behind(self, key: Sequence[object]) -> str:
        parts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
        return base64.urlsafe_b64encode(dumps([self._mark(), *parts])).decode().rstrip("=")

    def _mark(self) -> str:
        return hashlib.sha256(self.question.encode()).hexdigest()[:_MARK_DIGITS]


def bad_cursor() -> Problem:
    """The refusal of a cursor."""
    return Problem(
        422, "cursor: expected the `next` of an earlier page of the same query", field="cursor"
    )


def question_of(request: Request) -> str:
    """What is asked for, whatever the page."""
    asked = [each for each in request.query_params.multi_items() if each[0] not in _OF_PAGES]
    return f"{request.url.path}?{urlencode(sorted(asked))}"


def _paging(request: Request, limit: _Limit = 50, cursor: _Cursor = None) -> Paging:
    return Paging(limit, cursor, question_of(request))


# What the route of a list asks for.
Pages = Annotated[Paging, Depends(_paging)]


def _read(kind: type, part: object) -> object:
    if kind is datetime:
        moment = datetime.fromisoformat(str(part))
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return moment
    if type(part) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return part
