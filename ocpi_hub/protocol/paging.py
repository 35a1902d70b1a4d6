"""Lists in pages, on both sides: what part is asked for, what is answered, and where it goes on.

Source: 2.2.1 transport and format, Pagination; checklist section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from ocpi_hub.protocol.errors import HubError, InvalidParameters
from ocpi_hub.protocol.headers import next_link
from ocpi_hub.protocol.jsontext import fit, load_parts
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.types import kind_of
from ocpi_hub.protocol.urls import origin

_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: stamps from (inclusive) and to (exclusive), and where in the list.

    `after` is the `last_created` of the page before; with it the offset is not counted again.
    """

    limit: int
    offset: int = 0
    after: int | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Objects as the text of a JSON array, how many, and how many there are in the whole list."""

    body: bytes
    count: int
    total: int
    last_created: int | None


def objects_of(reply: Reply) -> list[Any]:
    """What a peer's page lists, each for `object_of` to read; HubError where it is no page."""
    if not reply.ok:
        raise HubError(f"the list was refused: OCPI {reply.status_code} {reply.message or ''}")
    data = None if reply.raw is None else load_parts(reply.raw).get("data")
    if not isinstance(data, list):
        raise HubError("the list is no list: data is not an array")
    return data


def object_of(listed: Any) -> dict[str, Any]:
    """One object of a page; InvalidParameters when it cannot be kept or is something else."""
    found = fit(listed)
    if not isinstance(found, dict):
        raise InvalidParameters(f"body: expected an object, got {kind_of(found)}")
    return found


def name_of(listed: Any) -> str:
    """What an object of a page is called where it is left out."""
    named = listed if isinstance(listed, dict) else {}
    found = named.get("id") or named.get("uid")
    return ascii(found[:_LONGEST_NAME])[1:-1] if isinstance(found, str) else "one without an id"


def next_page(url: str, reply: Reply, seen: set[str]) -> str | None:
    """PAG-20, T15: the next page on the same server, never one that was read before."""
    target = next_link(reply.header("link"))
    if target is None:
        return None
    absolute = urljoin(url, target)
    if origin(absolute) != origin(url):
        raise HubError("the list's Link leads to another server")
    return None if absolute in seen else absolute
