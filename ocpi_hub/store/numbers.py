"""Counts and ages for metrics and `status`, and the sign that a hub is running."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.store.custody import CdrState

# A hub that has not said so for longer than this is not running.
ALIVE_SECONDS = 15.0
# A count that goes on for ever helps nobody.
MOST_BEHIND = 10_000

_LAGS = """
SELECT c.receiver, c.module, ahead.behind FROM cursors c CROSS JOIN LATERAL (
    SELECT count(*) AS behind FROM (
        SELECT FROM catalogue
        WHERE module = c.module AND (xid, seq) > (c.xid, c.seq) LIMIT %s
    ) AS rows
) AS ahead
ORDER BY c.receiver, c.module
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """CDRs in custody that a receiver has not got yet, and since when the oldest is here."""

    receiver: str
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Lag:
    """How many changes of a module a receiver has not seen yet, counted up to MOST_BEHIND."""

    receiver: str
    module: str
    behind: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the database itself stands: size in bytes, and the last sign of life of a hub."""

    database_bytes: int
    alive_at: datetime | None
    dropped_records: int


@dataclass(frozen=True, slots=True)
class CustodyNumbers:
    """CDRs by state, and the age in seconds of the oldest that waits to be pushed."""

    by_state: Mapping[str, int]
    oldest_seconds: float


async def beat(conn: Hot) -> None:
    """Say that a hub runs on this database."""
    await conn.execute(
        'INSERT INTO state ("only", alive_at) VALUES (true, now())'
        ' ON CONFLICT ("only") DO UPDATE SET alive_at = now()'
    )


async def alive(conn: Hot) -> bool:
    """Whether a hub runs on this database."""
    cursor = await conn.execute(
        "SELECT alive_at > now() - make_interval(secs => %s) FROM state", (ALIVE_SECONDS,)
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def rest(conn: Hot) -> None:
    """Say that the hub stops; another process of it says otherwise within seconds."""
    await conn.execute("UPDATE state SET alive_at = NULL")


async def custody(conn: Hot, *, now: datetime) -> CustodyNumbers:
    """How the CDRs stand."""
    cursor = await conn.execute("SELECT state, count(*) FROM cdrs GROUP BY state")
    by_state = {state.value: 0 for state in CdrState} | dict(await cursor.fetchall())
    (oldest,) = await one_row(
        conn,
        "SELECT min(received_at) FROM cdrs WHERE state = 'held' AND next_at IS NOT NULL",
    )
    return CustodyNumbers(by_state, 0.0 if oldest is None else (now - oldest).total_seconds())


async def parked(conn: Hot) -> int:
    """How many objects receivers refused."""
    (count,) = await one_row(conn, "SELECT count(*) FROM parked")
    return int(count)


async def objects(conn: Hot) -> dict[str, int]:
    """Objects by module; EVSEs are counted as `evses`."""
    cursor = await conn.execute(
        "SELECT CASE WHEN module = 'locations' AND sub <> '' THEN 'evses' ELSE module END,"
        " count(*) FROM catalogue WHERE NOT absent GROUP BY 1 ORDER BY 1"
    )
    return dict(await cursor.fetchall())


async def private_objects(conn: Hot) -> dict[str, int]:
    """Sessions and CDRs that are kept."""
    (sessions, cdrs) = await one_row(
        conn, "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM cdrs)"
    )
    return {"sessions": int(sessions), "cdrs": int(cdrs)}


async def undelivered(conn: Hot) -> list[Waiting]:
    """What waits in custody, by receiver."""
    cursor = await conn.execute(
        "SELECT emsp, count(*), min(received_at) FROM cdrs WHERE state = 'held'"
        " GROUP BY emsp ORDER BY 3"
    )
    return [Waiting(*row) for row in await cursor.fetchall()]


async def lags(conn: Hot) -> list[Lag]:
    """How far every receiver is behind, in every module it is told."""
    cursor = await conn.execute(_LAGS, (MOST_BEHIND,))
    return [Lag(*row) for row in await cursor.fetchall()]


async def health(conn: Hot) -> Health:
    """The database's size and the hub's last sign of life."""
    row = await one_row(
        conn,
        "SELECT pg_database_size(current_database()), max(alive_at),"
        " coalesce(sum(dropped_records), 0)::bigint FROM state",
    )
    return Health(*row)
