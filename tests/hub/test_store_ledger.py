"""Sessions between two parties: their state, and who sees them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import dumps, loads
from ocpi_hub.protocol.paging import Window
from ocpi_hub.store import ledger
from ocpi_hub.store.ledger import Kept
from tests.hub.registering import NOW

CPO, EMS = "nl/cpo", "de/ems"
T0, T1, T2 = "2030-05-01T12:00:00Z", "2030-05-01T12:01:00Z", "2030-05-01T12:02:00Z"
PERIOD = {"start_date_time": T0, "dimensions": [{"type": "ENERGY", "volume": 1}]}
NEXT_PERIOD = {"start_date_time": T1, "dimensions": [{"type": "ENERGY", "volume": 2}]}


@pytest.fixture
async def conn(db: Database) -> AsyncIterator[Hot]:
    """A connection in a transaction."""
    async with db.hot_transaction() as connection:
        yield connection


def session(**changes: Any) -> dict[str, Any]:
    """A session of NL/CPO with a token of DE/EMS, as far as the ledger reads it."""
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "S-1",
        "cdr_token": {"country_code": "DE", "party_id": "EMS", "uid": "U"},
        "status": "ACTIVE",
        "kwh": 0,
        "charging_periods": [PERIOD],
        "last_updated": T1,
    } | changes


async def put(conn: Hot, owner: str = CPO, **changes: Any) -> Kept:
    document = session(**changes)
    return await ledger.put_session(conn, owner, document=document, body=dumps(document), now=NOW)


async def patch(conn: Hot, **changes: Any) -> Kept:
    return await ledger.patch_session(
        conn, CPO, session_id="s-1", patch={"last_updated": T2} | changes, now=NOW
    )


async def stored(conn: Hot) -> Any:
    found = await ledger.find(conn, CPO, session_id="S-1")
    assert found is not None
    return loads(found.document)


async def test_a_put_creates_then_replaces(conn: Hot) -> None:
    """SES-12, SEM-18."""
    first = await put(conn)
    second = await put(conn, charging_periods=[], id="s-1")

    assert (first, second) == (Kept.CREATED, Kept.UPDATED)
    assert (await stored(conn))["charging_periods"] == []


async def test_a_patch_appends_charging_periods_once(conn: Hot) -> None:
    """SES-13, SES-15."""
    await put(conn)

    first = await patch(conn, charging_periods=[NEXT_PERIOD], kwh=2)
    await patch(conn, charging_periods=[NEXT_PERIOD])

    kept = await stored(conn)
    assert first is Kept.UPDATED
    assert kept["charging_periods"] == [PERIOD, NEXT_PERIOD]
    assert kept["kwh"] == 2


async def test_a_patch_of_an_unknown_session_is_unknown(conn: Hot) -> None:
    assert await patch(conn, kwh=1) is Kept.UNKNOWN


async def test_an_older_stamp_changes_nothing(conn: Hot) -> None:
    """SEM-14."""
    await put(conn)

    put_again = await put(conn, kwh=9, last_updated=T0)
    patched = await patch(conn, kwh=9, last_updated=T0)

    assert (put_again, patched) == (Kept.STALE, Kept.STALE)
    assert (await stored(conn))["kwh"] == 0


async def test_a_put_replaces_a_stamp_far_in_the_future(conn: Hot) -> None:
    await put(conn, last_updated="2030-05-01T12:06:00Z")

    assert await put(conn, kwh=9) is Kept.UPDATED


async def test_a_stamp_a_little_in_the_future_stands(conn: Hot) -> None:
    await put(conn, last_updated="2030-05-01T12:04:00Z")

    assert await put(conn, kwh=9) is Kept.STALE


@pytest.mark.parametrize("status", ["COMPLETED", "INVALID"])
async def test_nothing_changes_a_final_session(conn: Hot, status: str) -> None:
    """SES-02, SES-22: a repetition is accepted, a change is not."""
    await put(conn, status=status)

    outcomes = [
        await put(conn, status=status),
        await patch(conn, status=status, last_updated=T1),
        await put(conn, kwh=9, last_updated=T2),
        await patch(conn, kwh=9),
    ]

    assert outcomes == [Kept.UNCHANGED, Kept.UNCHANGED, Kept.CLOSED, Kept.CLOSED]
    assert await stored(conn) == session(status=status)


async def test_a_session_never_becomes_another_emsps(conn: Hot) -> None:
    """SES-23: it would show one driver's data to another provider."""
    await put(conn)
    foreign = {"country_code": "DE", "party_id": "BAD", "uid": "U"}

    with pytest.raises(InvalidParameters, match="cdr_token: the session is one of DE/EMS"):
        await put(conn, cdr_token=foreign, last_updated=T2)
    with pytest.raises(InvalidParameters, match="not of DE/BAD"):
        await patch(conn, cdr_token=foreign)

    assert await stored(conn) == session()


async def test_concurrent_patches_lose_nothing(db: Database) -> None:
    """F16: read, merge and write happen under a row lock."""
    async with db.hot_transaction() as conn:
        await put(conn, charging_periods=[])

    async def append(n: int) -> None:
        period = {"start_date_time": f"2030-05-01T12:00:{n:02}Z", "dimensions": []}
        async with db.hot_transaction() as conn:
            await patch(conn, charging_periods=[period])

    await asyncio.gather(*(append(n) for n in range(40)))

    async with db.hot() as conn:
        assert len((await stored(conn))["charging_periods"]) == 40


async def test_the_parties_of_an_id_are_those_of_every_cpo(conn: Hot) -> None:
    """RTE-20: ids are unique only per CPO."""
    await put(conn)
    await put(conn, owner="nl/two", id="s-1")

    assert await ledger.parties_of(conn, "S-1") == [(CPO, EMS), ("nl/two", EMS)]
    assert await ledger.parties_of(conn, "S-2") == []


@pytest.mark.parametrize(("viewer", "total"), [(CPO, 1), (EMS, 1), ("de/bad", 0)])
async def test_a_session_is_listed_to_its_two_parties_only(
    conn: Hot, viewer: str, total: int
) -> None:
    """SEC-04, T7."""
    await put(conn)

    page = await ledger.page(conn, viewer, window=Window(10, date_from=NOW))

    assert page.total == total
    assert loads(page.body) == [session()] * total


async def test_numbers_are_listed_exactly(conn: Hot) -> None:
    """Invariant 9."""
    document = session()
    body = dumps(document).replace(b'"kwh":0', b'"kwh":0.1234567890123456789')
    await ledger.put_session(conn, CPO, document=document, body=body, now=NOW)

    found = await ledger.find(conn, CPO, session_id="S-1")

    assert found is not None
    assert b"0.1234567890123456789" in found.document


async def test_sessions_are_purged_by_when_they_were_last_heard_of(conn: Hot) -> None:
    await put(conn)

    early = await ledger.purge(conn, before=NOW, limit=10)
    late = await ledger.purge(conn, before=NOW + timedelta(days=400), limit=10)

    assert (early, late) == (0, 1)
