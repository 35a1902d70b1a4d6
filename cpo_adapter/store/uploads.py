"""SQL of uploads: files that stations bring, each under a name that nobody can guess."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot, one_row


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a station was asked for. `state` is requested, uploaded or failed."""

    id: str
    station_id: str
    kind: str
    request_id: int
    state: str
    file_name: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


_COLUMNS = ", ".join(field.name for field in fields(Upload))
_SELECT = f"SELECT {_COLUMNS} FROM uploads"  # noqa: S608 - only the column list


async def add(
    conn: Hot, upload_id: str, *, station_id: str, kind: str, now: datetime, expires_at: datetime
) -> int:
    """Expects a file; gives the number that the station may know the request by."""
    row = await one_row(
        conn,
        "INSERT INTO uploads (id, station_id, kind, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s) RETURNING request_id",
        (upload_id, station_id, kind, now, expires_at),
    )
    return int(row[0])


async def find(conn: Hot, upload_id: str) -> Upload | None:
    """A file that was asked for, come or not."""
    async with conn.cursor(row_factory=class_row(Upload)) as cursor:
        await cursor.execute(f"{_SELECT} WHERE id = %s", (upload_id,))
        return await cursor.fetchone()


async def content(conn: Hot, upload_id: str) -> bytes | None:
    """What a station brought; None when nothing has come."""
    found = await conn.execute("SELECT content FROM uploads WHERE id = %s", (upload_id,))
    row = await found.fetchone()
    return None if row is None else row[0]


async def keep(
    conn: Hot, upload_id: str, *, body: bytes, file_name: str | None, now: datetime
) -> bool:
    """Keeps a file, under the name it was promised or brought by; False when one has come."""
    kept = await conn.execute(
        """
UPDATE uploads
SET state = 'uploaded', content = %s, file_name = coalesce(file_name, %s), finished_at = %s
WHERE id = %s AND state <> 'uploaded'
""",
        (body, file_name, now, upload_id),
    )
    return kept.rowcount == 1


async def promised(conn: Hot, upload_id: str, *, file_name: str | None) -> None:
    """The station will bring a file of that name."""
    await conn.execute(
        "UPDATE uploads SET file_name = coalesce(%s, file_name) WHERE id = %s",
        (file_name, upload_id),
    )


async def failed(conn: Hot, upload_id: str, *, now: datetime) -> None:
    """The station will bring nothing."""
    await conn.execute(
        "UPDATE uploads SET state = 'failed', finished_at = %s"
        " WHERE id = %s AND state = 'requested'",
        (now, upload_id),
    )


async def of_station(
    conn: Hot, station_id: str, *, before: int | None = None, limit: int = 100
) -> list[Upload]:
    """What a station was asked for, the newest first; what has a lower number than `before`."""
    async with conn.cursor(row_factory=class_row(Upload)) as cursor:
        await cursor.execute(
            f"{_SELECT} WHERE station_id = %(station)s"
            " AND (%(before)s::bigint IS NULL OR request_id < %(before)s)"
            " ORDER BY request_id DESC LIMIT %(limit)s",
            {"station": station_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def purge(conn: Hot, *, before: datetime, limit: int) -> int:
    """Deletes at most `limit` that were asked for before a moment; how many."""
    cursor = await conn.execute(
        "DELETE FROM uploads"
        " WHERE id IN (SELECT id FROM uploads WHERE created_at < %s LIMIT %s"
        " FOR UPDATE SKIP LOCKED)",
        (before, limit),
    )
    return cursor.rowcount
