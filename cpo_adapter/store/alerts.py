"""Alerts, the webhooks they go to, and the calls that are owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should know; open until it is cleared."""

    id: int
    kind: str
    station_id: str
    subject: str
    message: str
    raised_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where alerts go. `secret` is encrypted; without `events` all kinds go there."""

    id: str
    url: str
    secret: bytes
    events: Sequence[str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AlertCall:
    """A call that is due, claimed for some time."""

    id: int
    url: str
    secret: bytes
    document: Mapping[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call that did not arrive: tried again at `next_at`, or given up when that is None."""

    id: int
    webhook_id: str
    document: Mapping[str, Any]
    attempts: int
    next_at: datetime | None
    failure: str


_COLUMNS = ", ".join(field.name for field in fields(Alert))
_WEBHOOK = ", ".join(field.name for field in fields(Webhook))
_FAILED = ", ".join(field.name for field in fields(FailedCall))

_RAISE = f"""
INSERT INTO alerts (kind, station_id, subject, message, raised_at)
VALUES (%(kind)s, %(station_id)s, %(subject)s, %(message)s, %(now)s)
ON CONFLICT (kind, station_id, subject) WHERE cleared_at IS NULL DO NOTHING
RETURNING {_COLUMNS}
"""  # noqa: S608 - only the column list

_CLEAR = f"""
UPDATE alerts SET cleared_at = greatest(raised_at, %(now)s)
WHERE kind = %(kind)s AND station_id = %(station_id)s AND subject = %(subject)s
    AND cleared_at IS NULL
RETURNING {_COLUMNS}
"""  # noqa: S608 - only the column list

_CLEAR_BY_ID = f"""
UPDATE alerts SET cleared_at = greatest(raised_at, %s) WHERE id = %s AND cleared_at IS NULL
RETURNING {_COLUMNS}
"""  # noqa: S608 - only the column list

_OWE = """
INSERT INTO alert_calls (webhook_id, document, next_at)
SELECT id, %(document)s, %(now)s FROM webhooks
WHERE events = '[]' OR events ? %(kind)s
"""

# Claimed for a while, so that a process that dies meanwhile does not take its calls with it.
_CLAIM = """
UPDATE alert_calls c SET attempts = c.attempts + 1, next_at = %(until)s
FROM webhooks w
WHERE w.id = c.webhook_id AND c.id IN (
    SELECT id FROM alert_calls WHERE next_at <= %(now)s
    ORDER BY next_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING c.id, w.url, w.secret, c.document, c.attempts
"""


async def raise_alert(
    conn: Hot, kind: str, *, station_id: str, subject: str, message: str, now: datetime
) -> Alert | None:
    """Opens an alert; None when the same is open."""
    values = {
        "kind": kind,
        "station_id": station_id,
        "subject": subject,
        "message": message,
        "now": now,
    }
    return await _alert(conn, _RAISE, values)


async def clear(
    conn: Hot, kind: str, *, station_id: str, subject: str, now: datetime
) -> Alert | None:
    """Closes an alert; None when none is open."""
    values = {"kind": kind, "station_id": station_id, "subject": subject, "now": now}
    return await _alert(conn, _CLEAR, values)


async def clear_by_id(conn: Hot, alert_id: int, *, now: datetime) -> Alert | None:
    """The same by its number."""
    return await _alert(conn, _CLEAR_BY_ID, (now, alert_id))


async def listed(
    conn: Hot,
    *,
    station_id: str | None = None,
    only_open: bool = False,
    before: int | None = None,
    limit: int = 100,
) -> list[Alert]:
    """Alerts, the newest first; those with a lower number than `before`."""
    async with conn.cursor(row_factory=class_row(Alert)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM alerts"  # noqa: S608 - only the column list
            " WHERE (%(station_id)s::text IS NULL OR station_id = %(station_id)s)"
            " AND (NOT %(only_open)s OR cleared_at IS NULL)"
            " AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
            {"station_id": station_id, "only_open": only_open, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def open_of(conn: Hot, kind: str) -> list[Alert]:
    """The open alerts of one kind."""
    async with conn.cursor(row_factory=class_row(Alert)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM alerts WHERE kind = %s AND cleared_at IS NULL",  # noqa: S608 - only the column list
            (kind,),
        )
        return await cursor.fetchall()


async def add_webhook(
    conn: Hot, webhook_id: str, *, url: str, secret: bytes, events: Sequence[str]
) -> None:
    """Has alerts of these kinds, or of all, sent to a URL."""
    await conn.execute(
        "INSERT INTO webhooks (id, url, secret, events) VALUES (%s, %s, %s, %s)",
        (webhook_id, url, secret, Jsonb(list(events))),
    )


async def remove_webhook(conn: Hot, webhook_id: str) -> bool:
    """Forgets a webhook and what is owed to it; False when there is none."""
    await conn.execute("DELETE FROM alert_calls WHERE webhook_id = %s", (webhook_id,))
    return (await conn.execute("DELETE FROM webhooks WHERE id = %s", (webhook_id,))).rowcount == 1


async def webhooks(conn: Hot) -> list[Webhook]:
    """Where alerts go, the oldest first."""
    async with conn.cursor(row_factory=class_row(Webhook)) as cursor:
        await cursor.execute(
            f"SELECT {_WEBHOOK} FROM webhooks ORDER BY created_at, id"  # noqa: S608 - the list
        )
        return await cursor.fetchall()


async def owe(conn: Hot, kind: str, *, document: Mapping[str, Any], now: datetime) -> int:
    """Queues a call to every webhook that wants this kind; how many."""
    values = {"kind": kind, "document": Jsonb(document), "now": now}
    return (await conn.execute(_OWE, values)).rowcount


async def claim(conn: Hot, *, now: datetime, until: datetime, limit: int) -> list[AlertCall]:
    """Calls that are due; they are nobody else's until a moment."""
    cursor = await conn.execute(_CLAIM, {"now": now, "until": until, "limit": limit})
    return [AlertCall(*row) for row in await cursor.fetchall()]


async def delivered(conn: Hot, call_id: int) -> None:
    """A call has arrived."""
    await conn.execute("DELETE FROM alert_calls WHERE id = %s", (call_id,))


async def failed(conn: Hot, call_id: int, *, failure: str, next_at: datetime | None) -> None:
    """A call has not; without `next_at` it is given up, and stays to be seen."""
    await conn.execute(
        "UPDATE alert_calls SET failure = %s, next_at = %s WHERE id = %s",
        (failure, next_at, call_id),
    )


async def failures(conn: Hot, *, limit: int) -> list[FailedCall]:
    """Calls that did not arrive, the newest first."""
    async with conn.cursor(row_factory=class_row(FailedCall)) as cursor:
        await cursor.execute(
            f"SELECT {_FAILED} FROM alert_calls"  # noqa: S608 - only the column list
            " WHERE failure IS NOT NULL ORDER BY id DESC LIMIT %s",
            (limit,),
        )
        return await cursor.fetchall()


async def purge(conn: Hot, *, before: datetime) -> int:
    """Forgets calls that were given up and alerts that were cleared before a moment; how many."""
    calls = await conn.execute(
        "DELETE FROM alert_calls"
        " WHERE next_at IS NULL AND (document ->> 'timestamp')::timestamptz < %s",
        (before,),
    )
    gone = await conn.execute("DELETE FROM alerts WHERE cleared_at < %s", (before,))
    return calls.rowcount + gone.rowcount


async def _alert(
    conn: Hot, statement: str, values: Mapping[str, object] | tuple[object, ...]
) -> Alert | None:
    async with conn.cursor(row_factory=class_row(Alert)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchone()
