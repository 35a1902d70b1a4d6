"""Lists of the driver API in pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from emsp_adapter.driver_api.paging import Paging
from ocpi_hub.node.rest.problems import Problem
from tests.emsp_adapter.places import location, pushed
from tests.emsp_adapter.running import Adapter, Cpo

AT = datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)
QUESTION = "/charges?"


def listed(found: Sequence[int], *, limit: int) -> dict[str, Any]:
    paging = Paging(limit, None, QUESTION)
    answer = paging.page("things", found, key=lambda n: (n,), shown=lambda n: {"id": n})
    read: dict[str, Any] = json.loads(bytes(answer.body))
    return read


def cursor_of(*key: object, question: str = QUESTION) -> str:
    """The cursor behind a row with this key."""
    answer = Paging(1, None, question).page("rows", [key], key=lambda n: n, shown=lambda _: {})
    cursor: str = json.loads(bytes(answer.body))["next"]
    return cursor


def after(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    return Paging(50, cursor, QUESTION).after(*kinds)


def test_a_full_page_says_where_the_next_begins() -> None:
    answer = listed([1, 2], limit=2)

    assert answer["things"] == [{"id": 1}, {"id": 2}]
    assert after(answer["next"], int) == (2,)


@pytest.mark.parametrize("found", [[], [1]], ids=["none", "one"])
def test_the_last_page_says_so(found: list[int]) -> None:
    assert listed(found, limit=2)["next"] is None


def test_a_place_is_read_as_it_was_given_out() -> None:
    assert after(cursor_of(AT, "a/ü", 3), datetime, str, int) == (AT, "a/ü", 3)


def test_without_a_cursor_a_list_begins_at_its_beginning() -> None:
    assert after(None, datetime, str) is None


MADE_UP = {
    "words": "first",
    "not base64": "%%%",
    "not UTF-8": "_____w",
    "too few parts": cursor_of("x"),
    "no moment": cursor_of("yesterday", "a"),
    "a moment without a zone": cursor_of("2026-03-01T10:00:00", "a"),
    "a number for a text": cursor_of(AT, 1),
    "of another question": cursor_of(AT, "a", question="/reservations?"),
    "an object": "e30",
    "an empty list": "W10",
    "nothing": "",
}


@pytest.mark.parametrize("cursor", MADE_UP.values(), ids=MADE_UP)
def test_a_cursor_that_the_list_did_not_give_out_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        after(cursor, datetime, str)

    assert (refused.value.status_code, refused.value.more) == (422, {"field": "cursor"})


NEAR = {"near": "52.09,5.11", "limit": "1"}
OTHERS = {
    "without what was asked for": ("/locations", {"limit": "1"}),
    "with another filter": ("/locations", {**NEAR, "free": "true"}),
    "from elsewhere": ("/locations", {**NEAR, "near": "51.9,4.5"}),
    "another list": ("/charges", {}),
}


@pytest.mark.parametrize(("path", "query"), OTHERS.values(), ids=OTHERS)
async def test_a_cursor_is_good_for_its_own_query(
    emsp: Adapter, partner: Cpo, path: str, query: dict[str, str]
) -> None:
    driver = await emsp.driver()
    await pushed(partner, *(location(f"L{number}") for number in range(3)))
    first = (await driver.api.get("/locations", params=NEAR)).json()

    again = await driver.api.get(
        "/locations", params={**NEAR, "limit": "2", "cursor": first["next"]}
    )
    refused = await driver.api.get(path, params={**query, "cursor": first["next"]})

    assert [each["id"] for each in again.json()["locations"]] == ["NL*CPO*L1", "NL*CPO*L2"]
    assert (refused.status_code, refused.json()["field"]) == (422, "cursor")
