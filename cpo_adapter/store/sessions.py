"""SQL of what stands beside a transaction: its reservation, and its Session as it was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Reserved:
    """From when to when something was reserved, and what became of it."""

    state: str
    started_at: datetime
    ended_at: datetime | None


async def reservation_of(conn: Hot, transaction: Transaction) -> Reserved | None:
    """The reservation that a transaction came out of."""
    if transaction.reservation_id is None:
        return None
    async with conn.cursor(row_factory=class_row(Reserved)) as cursor:
        await cursor.execute(
            "SELECT state, started_at, ended_at FROM reservations"
            " WHERE id = %s AND transaction_id = %s",
            (transaction.reservation_id, transaction.id),
        )
        return await cursor.fetchone()


async def told_status(conn: Hot, session_id: str) -> str | None:
    """The status in which partners know a Session."""
    found = await conn.execute(
        "SELECT document ->> 'status' FROM published"
        " WHERE module = 'sessions' AND id = %s AND sub = ''",
        (session_id,),
    )
    row = await found.fetchone()
    return None if row is None else row[0]
