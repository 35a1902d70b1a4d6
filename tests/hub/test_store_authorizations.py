"""References that eMSPs gave out, as they are remembered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ocpi_hub.node.engine import Database
from ocpi_hub.store import authorizations
from ocpi_hub.store.authorizations import Authorization

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIVEN = Authorization("de/ems", "ref-1", "nl/cpo", "04a1b2c3", "loc1")


async def kept(db: Database) -> list[tuple[object, ...]]:
    async with db.hot() as conn:
        found = await conn.execute(
            "SELECT reference, location_id, granted_at FROM hub.authorizations ORDER BY reference"
        )
        return await found.fetchall()


async def test_those_given_at_once_are_all_kept(db: Database) -> None:
    others = [replace(GIVEN, reference=f"ref-{n}", location_id=None) for n in (2, 3)]
    writer = authorizations.writer(db, now=lambda: NOW)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(writer.run())
        await asyncio.gather(*map(writer.submit, (GIVEN, *others)))
        running.cancel()

    assert await kept(db) == [("ref-1", "loc1", NOW), ("ref-2", None, NOW), ("ref-3", None, NOW)]


async def test_one_that_is_given_again_counts_from_then(db: Database) -> None:
    later = NOW + timedelta(hours=1)
    async with db.hot() as conn:
        await authorizations.keep(conn, [GIVEN], now=NOW)
        await authorizations.keep(conn, [replace(GIVEN, location_id="loc2")], now=later)

    assert await kept(db) == [("ref-1", "loc2", later)]


async def test_what_comes_after_them_waits_for_the_disk_as_ever(db: Database) -> None:
    async with db.hot() as conn:
        await authorizations.keep(conn, [GIVEN], now=NOW)
        found = await (await conn.execute("SHOW synchronous_commit")).fetchone()

    assert found == ("on",)
