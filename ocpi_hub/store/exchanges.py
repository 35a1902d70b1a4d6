"""Every leg of every message, for `trace`: parties, endpoint, codes and time; never a body.

Records are written behind the requests, in batches, and without waiting for the disk: a crash
may lose the last ones, a full queue drops and counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from operator import attrgetter

from psycopg.rows import class_row

from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.write_behind import WriteBehind

_CAPACITY = 20_000
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer: leg 0 reached the hub, leg 1 left it."""

    at: datetime
    correlation_id: str
    request_id: str
    leg: int
    platform_id: str | None
    module: str
    interface: str
    method: str
    path: str
    sender: str | None
    receiver: str | None
    http_status: int | None
    status_code: int | None
    message: str | None
    milliseconds: int


_COLUMNS = """at, correlation_id, request_id, leg, platform_id, module, interface, method, path,
              sender, receiver, http_status, status_code, message, milliseconds"""
# Not dataclasses.astuple: that makes a deep copy of every value.
_values = attrgetter(*(field.name for field in fields(Exchange)))
_COPY = f"COPY hub.exchanges ({_COLUMNS}) FROM STDIN"


class ExchangeWriter(WriteBehind[Exchange]):
    """Writes records in the background while `run` runs. `dropped` counts what did not fit."""

    def __init__(self, db: Database, *, capacity: int = _CAPACITY) -> None:
        super().__init__(
            partial(_write, db), what="exchange records", capacity=capacity, batch=_BATCH
        )


async def trace(conn: Hot, correlation_id: str) -> list[Exchange]:
    """The legs of a message in the order in which they began."""
    async with conn.cursor(row_factory=class_row(Exchange)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM hub.exchanges "  # noqa: S608 - only the column list
            "WHERE correlation_id = %s ORDER BY at, leg, id",
            (correlation_id,),
        )
        return await cursor.fetchall()


async def purge(conn: Hot, *, before: datetime, limit: int) -> int:
    """Delete at most `limit` records older than a moment; how many."""
    cursor = await conn.execute(
        """
        DELETE FROM hub.exchanges
         WHERE id IN (SELECT id FROM hub.exchanges WHERE at < %s
                       LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        (before, limit),
    )
    return cursor.rowcount


async def _write(db: Database, batch: Sequence[Exchange], dropped: int) -> int:
    async with db.hot_transaction() as conn:
        # A record is not worth a wait for the disk.
        await conn.execute("SET LOCAL synchronous_commit = off")
        async with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
            for exchange in batch:
                await copy.write_row(_values(exchange))
        if dropped:
            await conn.execute(
                "UPDATE hub.state SET dropped_records = dropped_records + %s", (dropped,)
            )
    return len(batch)
