"""One process of a service tells the peers, however many run on its database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ocpi_hub.node.engine import Database, Hot, one_row

_TRY = "SELECT pg_try_advisory_lock(hashtext(current_schema() || '.publisher'))"


@asynccontextmanager
async def turn(db: Database) -> AsyncIterator[Hot | None]:
    """The connection that holds the turn while it stands; None when another process has it."""
    # A connection of its own, not one of the pool: the lock is the connection's.
    async with await db.connect() as conn:
        (mine,) = await one_row(conn, _TRY)
        yield conn if mine else None


async def check(conn: Hot) -> None:
    """Raises when the connection, and the turn with it, is lost."""
    await conn.execute("SELECT")
