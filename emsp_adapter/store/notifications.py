"""SQL of what drivers are told, and how they want to hear it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Untold:
    """Something that happened, and how its driver wants to hear of it."""

    id: int
    driver_id: str
    kind: str
    subject_id: str
    facts: Mapping[str, Any]
    at: datetime
    email: str | None
    guest: bool
    locale: str
    wishes: Mapping[str, bool]
    webhook_url: str | None
    webhook_secret: bytes | None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a driver wants by e-mail, where it differs from what is usual, and its webhook."""

    email: Mapping[str, bool]
    webhook_url: str | None


# Locked until the caller's transaction ends. A driver who is gone is told nothing.
_CLAIM = """
SELECT n.id, n.driver_id, n.kind, n.subject_id, n.facts, n.at,
    CASE WHEN d.status = 'active' THEN coalesce(d.email, g.email) END AS email, d.guest, d.locale,
    coalesce(s.email, '{}') AS wishes, s.webhook_url, s.webhook_secret
FROM notifications n JOIN drivers d ON d.id = n.driver_id
LEFT JOIN guests g ON g.driver_id = n.driver_id
LEFT JOIN notification_settings s ON s.driver_id = n.driver_id
WHERE n.told_at IS NULL ORDER BY n.id LIMIT %s FOR UPDATE OF n SKIP LOCKED
"""

_KEEP_WISHES = """
INSERT INTO notification_settings AS kept (driver_id, email, webhook_url, webhook_secret)
VALUES (%(driver_id)s, %(email)s, %(url)s, %(secret)s)
ON CONFLICT (driver_id) DO UPDATE
SET email = EXCLUDED.email, webhook_url = EXCLUDED.webhook_url,
    webhook_secret = EXCLUDED.webhook_secret
"""


async def add(
    conn: Hot,
    driver_id: str,
    kind: str,
    *,
    subject_id: str,
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    """Notes that something happened; the same of one subject once."""
    await conn.execute(
        "INSERT INTO notifications (driver_id, kind, subject_id, facts, at)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (driver_id, kind, subject_id) DO NOTHING",
        (driver_id, kind, subject_id, Jsonb(dict(facts)), now),
    )


async def untold(conn: Hot, *, limit: int) -> list[Untold]:
    """What drivers have not been told, the oldest first; the caller's until it commits."""
    async with conn.cursor(row_factory=class_row(Untold)) as cursor:
        await cursor.execute(_CLAIM, (limit,))
        return await cursor.fetchall()


async def told(conn: Hot, notification_id: int, *, now: datetime) -> None:
    """It is in the outbox, or nobody wants to hear it."""
    await conn.execute(
        "UPDATE notifications SET told_at = %s WHERE id = %s", (now, notification_id)
    )


async def wishes(conn: Hot, driver_id: str) -> Wishes:
    """How a driver wants to hear."""
    async with conn.cursor(row_factory=class_row(Wishes)) as cursor:
        await cursor.execute(
            "SELECT email, webhook_url FROM notification_settings WHERE driver_id = %s",
            (driver_id,),
        )
        return await cursor.fetchone() or Wishes({}, None)


async def webhook_secret(conn: Hot, driver_id: str) -> bytes | None:
    """What a driver's webhook is signed with, encrypted."""
    found = await conn.execute(
        "SELECT webhook_secret FROM notification_settings WHERE driver_id = %s", (driver_id,)
    )
    row = await found.fetchone()
    return None if row is None else row[0]


async def keep_wishes(
    conn: Hot, driver_id: str, wishes: Wishes, *, webhook_secret: bytes | None
) -> None:
    """From now on it is told in this way."""
    await conn.execute(
        _KEEP_WISHES,
        {
            "driver_id": driver_id,
            "email": Jsonb(dict(wishes.email)),
            "url": wishes.webhook_url,
            "secret": webhook_secret,
        },
    )


async def purge(conn: Hot, *, before: datetime) -> int:
    """Forgets what was told before a moment; how many."""
    return (await conn.execute("DELETE FROM notifications WHERE told_at < %s", (before,))).rowcount
