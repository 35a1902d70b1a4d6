"""The head of a list that the hub serves: X-Total-Count, X-Limit and Link."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ocpi_hub.listing import LIMIT, limit_of, list_reply, window_of
from ocpi_hub.protocol.headers import next_link
from ocpi_hub.protocol.message import Reply
from ocpi_hub.rewriting import HubUrls
from tests.protocol.messages import message, row

LIST = row("locations", "SENDER", "GET")
URLS = HubUrls("https://hub.example")


def listed(query: str = "", **page: Any) -> Reply:
    """The reply to a list asked with that query."""
    return list_reply(message(LIST, query=query), URLS, data=b"[]", **page)


def following(reply: Reply) -> dict[str, str]:
    """The query of a reply's Link; empty without one."""
    link = next_link(reply.header("link"))
    return dict(parse_qsl(urlsplit(link or "").query))


@pytest.mark.parametrize(
    ("query", "applied"),
    [("", LIMIT), ("limit=10", 10), (f"limit={LIMIT}", LIMIT), ("limit=100000", LIMIT)],
    ids=["none", "smaller", "equal", "larger"],
)
def test_the_limit_applied_is_the_smaller_of_asked_and_our_own(query: str, applied: int) -> None:
    """PAG-05, PAG-07."""
    assert limit_of(message(LIST, query=query)) == applied
    assert listed(query, count=0, total=0).header("x-limit") == str(applied)


def test_the_total_counts_what_the_filters_leave() -> None:
    """PAG-06."""
    assert listed("limit=10", count=10, total=437).header("x-total-count") == "437"


PAGES = {
    "first of several": ("limit=10", 10, 25, "10"),
    "middle": ("offset=10&limit=10", 10, 25, "20"),
    "last": ("offset=20&limit=10", 5, 25, None),
    "last, full": ("offset=10&limit=10", 10, 20, None),
    "beyond the end": ("offset=90&limit=10", 0, 25, None),
    "empty": ("", 0, 0, None),
    "nothing left where something was": ("offset=5&limit=10", 0, 25, None),
    "fewer than asked": ("limit=10", 4, 25, "4"),
}


@pytest.mark.parametrize(("query", "count", "total", "offset"), PAGES.values(), ids=PAGES)
def test_a_link_leads_to_the_next_page_and_is_absent_on_the_last(
    query: str, count: int, total: int, offset: str | None
) -> None:
    """PAG-08, PAG-11, PAG-20."""
    assert following(listed(query, count=count, total=total)).get("offset") == offset


def test_a_link_repeats_the_filters_and_carries_the_limit_as_applied() -> None:
    """PAG-09."""
    query = "date_from=2026-01-01T00:00:00Z&date_to=2026-02-01T00:00:00Z&limit=2000&x=1"

    reply = listed(query, count=100, total=300)

    assert following(reply) == {
        "date_from": "2026-01-01T00:00:00Z",
        "date_to": "2026-02-01T00:00:00Z",
        "offset": "100",
        "limit": "100",
    }


def test_a_link_is_an_absolute_url_of_the_hub() -> None:
    """FAP-13."""
    link = next_link(listed(count=1, total=2).header("link"))

    assert link is not None
    assert link.startswith("https://hub.example/ocpi/sender/2.2.1/locations?")


def test_a_link_can_be_followed_with_its_hint() -> None:
    link = next_link(listed("limit=10", count=10, total=25, last=4711).header("link"))

    window = window_of(message(LIST, query=urlsplit(link or "").query))

    assert (window.after, window.offset, window.limit) == (4711, 10, 10)
