"""Bad query parameters at every operation that has some: 2001 and the parameter's name (PAG-14)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ocpi_hub.protocol.modules import Kind, Operation
from tests.security.operations import SERVED, sample
from tests.security.scene import Scene

_GOOD = {
    "date_from": "2026-01-01T00:00:00Z",
    "duration": "60",
    "response_url": "http://127.0.0.1/results/1",
}
_NO_MOMENT = (
    "yesterday",
    "2026-01-15",
    "2026-01-15T10:00",
    "2026-02-30T10:00:00Z",
    "2026-01-15T10:00:00%2B02:00",
    "2026-01-15T10:00:00Z%00",
    "20260115T100000Z",
    "1768471200",
    "%FF",
    "",
)
_NO_NUMBER = ("-1", "abc", "1.5", "1e3", "%2B1", "0x10", "%EF%BC%91", "9223372036854775808", "")
_BAD = {
    "date_from": _NO_MOMENT,
    "date_to": _NO_MOMENT,
    "offset": _NO_NUMBER,
    "limit": ("0", *_NO_NUMBER),
    "duration": ("0", *_NO_NUMBER),
    "type": ("rfid", "CARD", "RFID%00", ""),
    "response_url": (
        "",
        "/results/1",
        "ftp://127.0.0.1/1",
        "javascript:alert(1)",
        "http://",
        "http://127.0.0.1:99999/1",
        "http://127.0.0.1/" + "x" * 255,
        "http://127.0.0.1/%0D%0AX-Extra:1",
    ),
}


def _cases() -> Iterator[object]:
    for operation in SERVED:
        for name in operation.query:
            for value in _BAD[name]:
                wanted = {n: v for n, v in _GOOD.items() if n in operation.query} | {name: value}
                query = "&".join(f"{n}={v}" for n, v in wanted.items())
                title = f"{operation.operation_id}-{name}={value[:30]}"
                yield pytest.param(operation, name, query, id=title)


@pytest.mark.parametrize(("operation", "name", "query"), list(_cases()))
async def test_a_bad_parameter_is_2001_and_named(
    hub: Scene, operation: Operation, name: str, query: str
) -> None:
    """ERR-13, ERR-21, T26."""
    status, message = await _ask(hub, operation, query)

    assert status == (200, 2001), message
    assert name in message


_ONCE = [
    pytest.param(row, name, id=f"{row.operation_id}-{name}") for row in SERVED for name in row.query
]


@pytest.mark.parametrize(("operation", "name"), _ONCE)
async def test_a_parameter_given_twice_is_2001(hub: Scene, operation: Operation, name: str) -> None:
    good = _GOOD | {"date_to": "2026-02-01T00:00:00Z", "offset": "0", "limit": "5", "type": "RFID"}
    query = "&".join(f"{n}={good[n]}" for n in (*operation.query, name))

    status, message = await _ask(hub, operation, query)

    assert status == (200, 2001), message
    assert name in message


_LISTS = [row for row in SERVED if "limit" in row.query]


@pytest.mark.parametrize("operation", _LISTS, ids=lambda row: row.operation_id)
async def test_dates_in_the_wrong_order_are_2001(hub: Scene, operation: Operation) -> None:
    query = "date_from=2026-02-01T00:00:00Z&date_to=2026-01-01T00:00:00Z"

    status, message = await _ask(hub, operation, query)

    assert status == (200, 2001), message
    assert "date_to" in message


@pytest.mark.parametrize("operation", _LISTS, ids=lambda row: row.operation_id)
async def test_a_huge_limit_and_a_far_offset_are_answered_with_an_empty_page(
    hub: Scene, operation: Operation
) -> None:
    """PAG-05, PAG-11: a page is never larger than the hub's own most, and never an error."""
    query = "date_from=2026-01-01T00:00:00Z&offset=9007199254740992&limit=9007199254740992"

    answer = await hub.ask(
        hub.caller(operation), "GET", f"{hub.path(operation)}?{query}", to="NL/HUB"
    )

    assert answer.status == (200, 1000), answer.message
    assert answer.response.json()["data"] == []
    assert int(answer.response.headers["x-limit"]) <= 1000
    assert "link" not in answer.response.headers


async def _ask(hub: Scene, operation: Operation, query: str) -> tuple[tuple[int, int], str]:
    body = sample(operation) if operation.body else None
    to = {"to": "NL/HUB"} if operation.kind is Kind.LIST else {}
    answer = await hub.refused(
        hub.caller(operation), operation.method, f"{hub.path(operation)}?{query}", body, **to
    )
    return answer.status, answer.message
