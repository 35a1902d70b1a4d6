"""SQL of what is owed to the outside: mails and calls of drivers' webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


class Channel(StrEnum):
    """How something leaves."""

    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Owed:
    """Something that is due, claimed for some time."""

    id: int
    channel: str
    address: str
    document: Mapping[str, Any]
    secret: bytes | None
    created_at: datetime
    attempts: int


# Claimed for a while, so that a process that dies meanwhile does not take it with it.
_CLAIM = """
UPDATE outbox SET attempts = attempts + 1, next_at = %(until)s
WHERE id IN (
    SELECT id FROM outbox WHERE next_at <= %(now)s
    ORDER BY next_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING id, channel, address, document, secret, created_at, attempts
"""


async def add(
    conn: Hot,
    channel: Channel,
    *,
    address: str,
    document: Mapping[str, Any],
    now: datetime,
    secret: bytes | None = None,
    driver_id: str | None = None,
) -> None:
    """Owes something, in the caller's transaction."""
    await conn.execute(
        "INSERT INTO outbox (channel, address, document, secret, driver_id, created_at, next_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (channel.value, address, Jsonb(dict(document)), secret, driver_id, now, now),
    )


async def claim(conn: Hot, *, now: datetime, until: datetime, limit: int) -> list[Owed]:
    """What is due; it is nobody else's until a moment."""
    async with conn.cursor(row_factory=class_row(Owed)) as cursor:
        await cursor.execute(_CLAIM, {"now": now, "until": until, "limit": limit})
        return await cursor.fetchall()


async def done(conn: Hot, owed_id: int) -> None:
    """It has arrived, or is given up."""
    await conn.execute("DELETE FROM outbox WHERE id = %s", (owed_id,))


async def failed(conn: Hot, owed_id: int, *, failure: str, next_at: datetime) -> None:
    """It has not arrived; it is tried again."""
    await conn.execute(
        "UPDATE outbox SET failure = %s, next_at = %s WHERE id = %s", (failure, next_at, owed_id)
    )


async def forget_webhook(conn: Hot, driver_id: str) -> None:
    """What is owed to a driver's webhook is owed no longer."""
    await conn.execute(
        "DELETE FROM outbox WHERE driver_id = %s AND channel = %s",
        (driver_id, Channel.WEBHOOK.value),
    )
