"""Every leg of every message, for `trace`: parties, endpoint, codes and time; never a body.

Records are written behind the requests, in batches, and without waiting for the disk: a crash
may lose the last ones, a full queue drops and counts them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice
from operator import attrgetter

from psycopg.rows import class_row

from ocpi_hub.node.engine import UNAVAILABLE, Database, Hot

log = logging.getLogger(__name__)

_CAPACITY = 20_000
_BATCH = 2_000
_PAUSE_SECONDS = 0.2
_WRITE_SECONDS = 5.0


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


class ExchangeWriter:
    """Writes records in the background while `run` runs. `dropped` counts what did not fit."""

    def __init__(self, db: Database, *, capacity: int = _CAPACITY) -> None:
        self._db = db
        self._capacity = capacity
        self._queue: deque[Exchange] = deque()
        self.dropped = 0
        self._dropped_kept = 0

    def record(self, exchange: Exchange) -> None:
        """Have it written soon; never waits."""
        if len(self._queue) < self._capacity:
            self._queue.append(exchange)
        else:
            self.dropped += 1

    async def run(self) -> None:
        """Write until cancelled, then write what is left."""
        try:
            while True:
                await asyncio.sleep(_PAUSE_SECONDS)
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Write everything recorded so far; what the database does not take is dropped."""
        while self._queue:
            batch = list(islice(self._queue, _BATCH))
            dropped = self.dropped
            try:
                async with asyncio.timeout(_WRITE_SECONDS):
                    await _write(self._db, batch, dropped=dropped - self._dropped_kept)
                self._dropped_kept = dropped
            except UNAVAILABLE as error:
                self.dropped += len(batch)
                log.warning(
                    "exchange records dropped", extra={"count": len(batch), "reason": str(error)}
                )
            # Only now, so that a cancelled write leaves its batch to the last flush.
            for _ in batch:
                self._queue.popleft()


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


async def _write(db: Database, batch: Sequence[Exchange], *, dropped: int) -> None:
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
