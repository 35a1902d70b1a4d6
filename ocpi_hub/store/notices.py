"""The version of the registry: it grows with every change, and a notice wakes who listens.

The notice only wakes; the truth is the row (a notice is lost while nobody listens).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.node.engine import Database
from ocpi_hub.store.tables import state

CHANNEL = "hub_registry"

Wait = Callable[[float], Awaitable[None]]


async def bump(conn: AsyncConnection) -> int:
    """The next version, seen and announced when the caller's transaction commits.

    Call it last: the row it locks is the same for everybody.
    """
    grown = insert(state).values(only=True, registry_version=1)
    version = await conn.scalar(
        grown.on_conflict_do_update(
            index_elements=[state.c.only],
            set_={"registry_version": state.c.registry_version + 1},
        ).returning(state.c.registry_version)
    )
    await conn.execute(select(func.pg_notify(CHANNEL, str(version))))
    return int(version or 0)


async def version(conn: AsyncConnection) -> int:
    """The version as committed."""
    return int(await conn.scalar(select(state.c.registry_version)) or 0)


@asynccontextmanager
async def listening(db: Database) -> AsyncIterator[Wait]:
    """A function that waits for the next notice, at most so many seconds.

    The connection is its own and direct: LISTEN does not pass a transaction pooler.
    """
    async with await db.connect() as conn:
        await conn.execute(f"LISTEN {CHANNEL}")

        async def wait(seconds: float) -> None:
            async for _ in conn.notifies(timeout=seconds, stop_after=1):
                pass

        yield wait
