"""A thousand stations that come at once leave the database to others as well."""

from __future__ import annotations

import asyncio

from cpo_adapter.store.tables import SCHEMA
from ocpi_hub.node.engine import Database, one_row, open_database


async def _asks(db: Database) -> int:
    async with db.hot_transaction() as conn:
        (found,) = await one_row(conn, "SELECT 1")
        return int(found)


async def test_a_crowd_stands_in_line_and_others_find_a_connection(cpo_database_url: str) -> None:
    async with open_database(cpo_database_url, schema=SCHEMA, pool_size=2) as db:
        crowd = db.in_turns(1)
        async with crowd.hot(), asyncio.timeout(2):
            waiting = asyncio.create_task(_asks(crowd))
            assert await _asks(db) == 1
            assert not waiting.done()

        assert await waiting == 1
