"""Lists of the driver API in pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from emsp_adapter.driver_api.paging import cursor_of, page, position
from ocpi_hub.node.rest.problems import Problem

AT = datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)


def listed(found: list[int], *, limit: int) -> dict[str, Any]:
    answer = page("things", found, limit=limit, key=lambda n: (n,), shown=lambda n: {"id": n})
    read: dict[str, Any] = json.loads(bytes(answer.body))
    return read


def test_a_full_page_says_where_the_next_begins() -> None:
    answer = listed([1, 2], limit=2)

    assert answer["things"] == [{"id": 1}, {"id": 2}]
    assert position(answer["next"], int) == (2,)


@pytest.mark.parametrize("found", [[], [1]], ids=["none", "one"])
def test_the_last_page_says_so(found: list[int]) -> None:
    assert listed(found, limit=2)["next"] is None


def test_a_place_is_read_as_it_was_given_out() -> None:
    assert position(cursor_of((AT, "a/ü", 3)), datetime, str, int) == (AT, "a/ü", 3)


def test_without_a_cursor_a_list_begins_at_its_beginning() -> None:
    assert position(None, datetime, str) is None


MADE_UP = {
    "words": "first",
    "not base64": "%%%",
    "not UTF-8": "_____w",
    "another list's": cursor_of(("x",)),
    "no moment": cursor_of(("yesterday", "a")),
    "a moment without a zone": cursor_of(("2026-03-01T10:00:00", "a")),
    "a number for a text": cursor_of((AT, 1)),
    "an object": "e30",
    "nothing": "",
}


@pytest.mark.parametrize("cursor", MADE_UP.values(), ids=MADE_UP)
def test_a_cursor_that_no_list_gave_out_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        position(cursor, datetime, str)

    assert (refused.value.status_code, refused.value.more) == (422, {"field": "cursor"})
