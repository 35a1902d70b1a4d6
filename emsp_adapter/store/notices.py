"""Tells every process that something of a driver changed. A notice carries an id, never a state:
who hears it reads the rows. It leaves with the transaction that changes them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from ocpi_hub.node.engine import Database, Hot

CHANNEL = "emsp_driver"


async def tell(conn: Hot, driver_id: str) -> None:
    """Something of this driver changes with the caller's transaction."""
    await conn.execute("SELECT pg_notify(%s, %s)", (CHANNEL, driver_id))


@asynccontextmanager
async def heard(db: Database) -> AsyncIterator[AsyncIterator[str]]:
    """The drivers of whom something changed, from now on. The connection is its own and direct:
    LISTEN does not pass a transaction pooler.
    """
    conn = await db.connect()
    try:
        await conn.execute(f"LISTEN {CHANNEL}".encode())
        async with aclosing(conn.notifies()) as notices:
            yield (notice.payload async for notice in notices)
    finally:
        await conn.close()
