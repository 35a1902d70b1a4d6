"""Lists in pages: `?limit=&cursor=`, answered with `{"<name>": […], "next": cursor or null}`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query

from ocpi_hub.node.rest.bodies import Json, Whole
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.jsontext import dumps, loads

T = TypeVar("T")

Limit = Annotated[Whole, Query(ge=1, le=200, description="At most so many.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before; opaque.")
]


def page(
    name: str,
    found: Sequence[T],
    *,
    limit: int,
    key: Callable[[T], Sequence[object]],
    shown: Callable[[T], Mapping[str, Any]],
) -> Json:
    """A page of up to `limit` rows that were asked for; a full one says where the next begins.

    `key` is what the rows are ordered by, unique: texts, numbers and moments.
    """
    full = len(found) == limit
    following = cursor_of(key(found[-1])) if full and found else None
    return Json({name: [dict(shown(each)) for each in found], "next": following})


def cursor_of(key: Sequence[object]) -> str:
    """The opaque text of a place in a list."""
    parts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    return base64.urlsafe_b64encode(dumps(parts)).decode().rstrip("=")


def position(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The place that a cursor names, a value of each kind; None is the beginning.

    422 for a text that no list of that kind has given out.
    """
    if cursor is None:
        return None
    try:
        parts = loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_read(kind, part) for kind, part in zip(kinds, parts, strict=True))
    except (binascii.Error, ValueError, TypeError, OcpiError) as error:
        raise Problem(
            422, "cursor: expected the `next` of an earlier page", field="cursor"
        ) from error


def _read(kind: type, part: object) -> object:
    if kind is datetime:
        moment = datetime.fromisoformat(str(part))
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return moment
    if type(part) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return part
