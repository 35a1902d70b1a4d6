"""Answers to paginated GETs that the hub serves itself: X-Total-Count, X-Limit and Link.

Source: 2.2.1 transport and format, Pagination; checklist section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from ocpi_hub.protocol.arguments import after
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.paging import Page, Window
from ocpi_hub.rewriting import HubUrls

# The upper limit the hub applies, whatever is asked for.
LIMIT = 100


@dataclass(frozen=True, slots=True)
class Served:
    """How the hub serves its lists: under which URLs, and whether dates also match arrival."""

    urls: HubUrls
    by_arrival: bool


def limit_of(message: Message) -> int:
    """How many objects the page may hold at most."""
    return min(message.arguments.limit or LIMIT, LIMIT)


def window_of(message: Message) -> Window:
    """The part of a list that a request asks for."""
    arguments = message.arguments
    return Window(
        limit=limit_of(message),
        offset=arguments.offset,
        after=arguments.after,
        date_from=arguments.date_from,
        date_to=arguments.date_to,
    )


def page_reply(message: Message, served: Served, page: Page) -> Reply:
    """A page out of the store."""
    return list_reply(
        message,
        served.urls,
        data=page.body,
        count=page.count,
        total=page.total,
        last=page.last_created,
    )


def list_reply(
    message: Message,
    urls: HubUrls,
    *,
    data: bytes,
    count: int,
    total: int,
    last: int | None = None,
) -> Reply:
    """One page. `last` is the keyset hint for the next one, carried in its Link."""
    limit = limit_of(message)
    headers = [("X-Total-Count", str(total)), ("X-Limit", str(limit))]
    following = message.arguments.offset + count
    if count and following < total:
        url = urls.endpoint(message.operation)
        query = _next_query(message, offset=following, limit=limit, last=last)
        headers.append(("Link", f'<{url}?{query}>; rel="next"'))
    return Reply(data=data, headers=tuple(headers))


def _next_query(message: Message, *, offset: int, limit: int, last: int | None) -> str:
    """PAG-09: every filter again, the new offset, and the limit as applied."""
    filters = [
        (name, value)
        for name, value in parse_qsl(message.query)
        if name in ("date_from", "date_to")
    ]
    hint = [] if last is None else [("after", after(offset, last))]
    return urlencode([*filters, ("offset", str(offset)), ("limit", str(limit)), *hint])
