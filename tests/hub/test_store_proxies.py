"""Our URLs in place of another's: who may call them, how often and how long."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.store import proxies
from ocpi_hub.store.proxies import Proxy, ProxyDraft
from tests.hub.registering import NOW

RESULT = ProxyDraft(
    kind="result",
    url="https://ems.example/ocpi/commands/START_SESSION/7",
    target_platform="id-ems",
    caller_platform="id-cpo",
    from_="DE/EMS",
    to="NL/CPO",
    module="commands",
    correlation_id="c-1",
    once=True,
    expires_at=NOW + timedelta(hours=1),
)


async def remembered(db: Database, draft: ProxyDraft) -> str:
    async with db.begin() as conn:
        return await proxies.remember(conn, draft)


async def taken(
    db: Database, proxy_id: str, *, caller: str = "id-cpo", now: datetime = NOW
) -> Proxy | None:
    async with db.begin() as conn:
        return await proxies.take(conn, proxy_id, caller_platform=caller, now=now)


async def test_a_url_of_ours_leads_back_to_the_original(db: Database) -> None:
    proxy_id = await remembered(db, RESULT)

    proxy = await taken(db, proxy_id)

    assert proxy is not None
    assert (proxy.id, proxy.url) == (proxy_id, RESULT.url)
    assert (proxy.target_platform, proxy.from_, proxy.to) == ("id-ems", "DE/EMS", "NL/CPO")


@pytest.mark.parametrize(
    ("caller", "minutes"),
    [
        pytest.param("id-ems", 0, id="another platform"),
        pytest.param("id-cpo", 60, id="expired"),
    ],
)
async def test_it_is_good_for_its_caller_until_it_expires(
    db: Database, caller: str, minutes: int
) -> None:
    """T12, SEC-08, HUB-06."""
    proxy_id = await remembered(db, RESULT)

    late = await taken(db, proxy_id, caller=caller, now=NOW + timedelta(minutes=minutes))

    assert late is None
    assert await taken(db, proxy_id) is not None


async def test_an_id_that_was_never_given_out_leads_nowhere(db: Database) -> None:
    assert await taken(db, "AAAAAAAAAAAAAAAAAAAAAAAA") is None


async def test_of_two_results_at_once_one_is_taken(db: Database) -> None:
    proxy_id = await remembered(db, RESULT)

    results = await asyncio.gather(*(taken(db, proxy_id) for _ in range(10)))

    assert sum(result is not None for result in results) == 1


async def test_a_reservations_url_takes_results_until_it_expires(db: Database) -> None:
    """HUB-07: a reservation may be cancelled long after the first result."""
    proxy_id = await remembered(db, replace(RESULT, once=False))

    results = [await taken(db, proxy_id) for _ in range(3)]

    assert None not in results


async def test_a_next_page_may_be_fetched_again(db: Database) -> None:
    """PAG-10: the same URL gives the same objects."""
    proxy_id = await remembered(db, replace(RESULT, kind="page", once=False))

    async with db.begin() as conn:
        pages = [
            await proxies.resolve(conn, proxy_id, caller_platform="id-cpo", now=NOW)
            for _ in range(2)
        ]
        foreign = await proxies.resolve(conn, proxy_id, caller_platform="id-x", now=NOW)

    assert pages[0] == pages[1] is not None
    assert foreign is None


async def test_expired_ones_are_purged(db: Database) -> None:
    await remembered(db, RESULT)
    await remembered(db, replace(RESULT, expires_at=NOW + timedelta(days=1)))

    async with db.begin() as conn:
        purged = await proxies.purge(conn, now=NOW + timedelta(hours=2), limit=10)

    assert purged == 1
