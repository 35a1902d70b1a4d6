"""Records of every leg: written behind the requests, never in their way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from ocpi_hub.node.engine import Database
from ocpi_hub.store import exchanges
from ocpi_hub.store.exchanges import Exchange, ExchangeWriter
from tests.hub.registering import NOW

LEG = Exchange(
    at=NOW,
    correlation_id="c-1",
    request_id="r-1",
    leg=0,
    platform_id="id-cpo",
    module="commands",
    interface="RECEIVER",
    method="POST",
    path="/ocpi/receiver/2.2.1/commands/START_SESSION",
    sender="DE/EMS",
    receiver="NL/CPO",
    http_status=200,
    status_code=1000,
    message=None,
    milliseconds=12,
)


async def traced(db: Database, correlation_id: str = "c-1") -> list[Exchange]:
    async with db.hot() as conn:
        return await exchanges.trace(conn, correlation_id)


async def test_a_trace_has_every_leg_in_order(db: Database) -> None:
    """HUB-22."""
    writer = ExchangeWriter(db)
    second = replace(LEG, leg=1, request_id="r-2", at=NOW + timedelta(milliseconds=3))
    writer.put(second)
    writer.put(LEG)
    writer.put(replace(LEG, correlation_id="c-2", message="tab\tand\nline"))

    await writer.flush()

    assert await traced(db) == [LEG, second]
    assert (await traced(db, "c-2"))[0].message == "tab\tand\nline"


async def test_records_are_written_without_being_asked_for(db: Database) -> None:
    writer = ExchangeWriter(db)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(writer.run())
        await asyncio.sleep(0)

        writer.put(LEG)
        running.cancel()

    assert await traced(db) == [LEG]


async def test_two_that_flush_at_once_write_each_record_once(db: Database) -> None:
    writer = ExchangeWriter(db)
    writer.put(LEG)

    await asyncio.gather(writer.flush(), writer.flush())

    assert await traced(db) == [LEG]


async def test_a_full_queue_drops_and_counts(db: Database) -> None:
    writer = ExchangeWriter(db, capacity=2)

    for _ in range(5):
        writer.put(LEG)
    await writer.flush()

    assert writer.dropped == 3
    assert len(await traced(db)) == 2


async def test_a_lost_database_costs_records_and_nothing_else(db: Database) -> None:
    writer = ExchangeWriter(db)
    writer.put(LEG)
    await db.pool.close()

    await writer.flush()

    assert writer.dropped == 1


async def test_old_records_are_purged_in_batches(db: Database) -> None:
    writer = ExchangeWriter(db)
    for _ in range(5):
        writer.put(LEG)
    await writer.flush()

    async with db.hot() as conn:
        purged = [
            await exchanges.purge(conn, before=NOW + timedelta(days=14), limit=3) for _ in range(3)
        ]

    assert purged == [3, 2, 0]
