"""What stations report beside charging, in order: the timeline of a station."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a station reported."""

    id: int
    at: datetime
    station_id: str
    kind: str
    detail: Mapping[str, Any]


_COLUMNS = ", ".join(field.name for field in fields(Happening))


async def record(
    conn: Hot, station_id: str, *, kind: str, detail: Mapping[str, Any], at: datetime
) -> None:
    """Adds to a station's timeline."""
    await conn.execute(
        "INSERT INTO happenings (at, station_id, kind, detail) VALUES (%s, %s, %s, %s)",
        (at, station_id, kind, Jsonb(detail)),
    )


async def of_station(
    conn: Hot,
    station_id: str,
    *,
    kind: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Happening]:
    """A station's timeline, the newest first; what has a lower number than `before`."""
    async with conn.cursor(row_factory=class_row(Happening)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM happenings"  # noqa: S608 - only the column list
            " WHERE station_id = %(station_id)s AND (%(kind)s::text IS NULL OR kind = %(kind)s)"
            " AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
            {"station_id": station_id, "kind": kind, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def unanswered(
    conn: Hot, kind: str, *, answered_by: str, before: int | None = None, limit: int = 100
) -> list[Happening]:
    """The last of a kind that each station reported, unless one of another kind answered it."""
    async with conn.cursor(row_factory=class_row(Happening)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM happenings h"  # noqa: S608 - only the column list
            " WHERE kind = %(kind)s AND (%(before)s::bigint IS NULL OR id < %(before)s)"
            " AND NOT EXISTS (SELECT FROM happenings l WHERE l.station_id = h.station_id"
            " AND l.kind IN (%(kind)s, %(answer)s) AND l.id > h.id)"
            " ORDER BY id DESC LIMIT %(limit)s",
            {"kind": kind, "answer": answered_by, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def purge(conn: Hot, *, before: datetime, limit: int) -> int:
    """Deletes at most `limit` that are older than a moment; how many."""
    cursor = await conn.execute(
        "DELETE FROM happenings"
        " WHERE id IN (SELECT id FROM happenings WHERE at < %s LIMIT %s FOR UPDATE SKIP LOCKED)",
        (before, limit),
    )
    return cursor.rowcount
