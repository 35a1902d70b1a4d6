"""SQL of who is signed in with a browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """An active driver, and when it gave its password."""

    driver_id: str
    signed_in_at: datetime


async def add(
    conn: Hot, session_hash: bytes, *, driver_id: str, now: datetime, expires_at: datetime
) -> None:
    """A driver has signed in."""
    await conn.execute(
        "INSERT INTO browser_sessions (hash, driver_id, signed_in_at, expires_at)"
        " VALUES (%s, %s, %s, %s)",
        (session_hash, driver_id, now, expires_at),
    )


async def find(conn: Hot, session_hash: bytes, *, now: datetime) -> BrowserSession | None:
    """The session, unless it is over or its driver is not active."""
    async with conn.cursor(row_factory=class_row(BrowserSession)) as cursor:
        await cursor.execute(
            "SELECT s.driver_id, s.signed_in_at"
            " FROM browser_sessions s JOIN drivers d ON d.id = s.driver_id"
            " WHERE s.hash = %s AND s.expires_at > %s AND d.status = 'active'",
            (session_hash, now),
        )
        return await cursor.fetchone()


async def end(conn: Hot, session_hash: bytes) -> None:
    """The driver has signed out."""
    await conn.execute("DELETE FROM browser_sessions WHERE hash = %s", (session_hash,))


async def end_all(conn: Hot, driver_id: str) -> None:
    """In every browser."""
    await conn.execute("DELETE FROM browser_sessions WHERE driver_id = %s", (driver_id,))
