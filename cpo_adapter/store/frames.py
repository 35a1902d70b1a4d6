"""Frames as they went over the wire, without secrets: the history of a station's conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame; `id` is None until it is stored."""

    id: int | None
    at: datetime
    station_id: str
    direction: str
    kind: str
    message_id: str | None
    action: str | None
    payload: Mapping[str, Any] | None
    violations: Sequence[str]


_COLUMNS = ", ".join(field.name for field in fields(Frame))
_COPY = """
COPY frames (at, station_id, direction, kind, message_id, action, payload, violations) FROM STDIN
"""


async def write(conn: Hot, frames: Sequence[Frame]) -> int:
    """Stores frames, in the caller's transaction, without waiting for the disk; how many.

    One that cannot be stored fails no other.
    """
    # A frame is not worth a wait for it: what counts of it is stored where it counts.
    await conn.execute("SET LOCAL synchronous_commit = off")
    if await _copied(conn, frames):
        return len(frames)
    return sum([await _copied(conn, [each]) for each in frames])


async def _copied(conn: Hot, frames: Sequence[Frame]) -> bool:
    try:
        async with conn.transaction(), conn.cursor() as cursor, cursor.copy(_COPY) as copy:
            for each in frames:
                await copy.write_row(_values(each))
    except psycopg.DataError:
        return False
    return True


def _values(frame: Frame) -> tuple[object, ...]:
    return (
        frame.at,
        frame.station_id,
        frame.direction,
        frame.kind,
        frame.message_id,
        frame.action,
        Jsonb(frame.payload),
        Jsonb(list(frame.violations)),
    )


async def history(
    conn: Hot,
    station_id: str,
    *,
    action: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Frame]:
    """The frames of a station, the newest first; those with a lower number than `before`."""
    async with conn.cursor(row_factory=class_row(Frame)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM frames"  # noqa: S608 - only the column list
            " WHERE station_id = %(station_id)s"
            " AND (%(action)s::text IS NULL OR action = %(action)s)"
            " AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)"
            " AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
            {
                "station_id": station_id,
                "action": action,
                "since": since,
                "before": before,
                "limit": limit,
            },
        )
        return await cursor.fetchall()


async def purge(conn: Hot, *, before: datetime, limit: int) -> int:
    """Deletes at most `limit` frames older than a moment; how many."""
    cursor = await conn.execute(
        "DELETE FROM frames"
        " WHERE id IN (SELECT id FROM frames WHERE at < %s LIMIT %s FOR UPDATE SKIP LOCKED)",
        (before, limit),
    )
    return cursor.rowcount
