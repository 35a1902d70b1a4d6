"""SQL of transactions by what is to be done about them: billed, looked at, shown."""

from __future__ import annotations

from datetime import datetime

from psycopg.sql import SQL

from cpo_adapter.store.transactions import SELECT, Transaction, one, several
from ocpi_hub.node.engine import Hot


async def due(conn: Hot, now: datetime) -> Transaction | None:
    """A transaction whose CDR is to be made, locked, unless another process is at it."""
    where = SQL("WHERE bill_at <= %(now)s ORDER BY bill_at LIMIT 1 FOR UPDATE SKIP LOCKED")
    return await one(conn, SELECT + where, {"now": now})


async def overdue(conn: Hot, before: datetime) -> list[Transaction]:
    """Sessions that were asked for before then and have not begun."""
    where = SQL(
        "WHERE state = 'pending' AND start_received_at < %(before)s LIMIT 100"
        " FOR UPDATE SKIP LOCKED"
    )
    return await several(conn, SELECT + where, {"before": before})


async def untold(conn: Hot, before: datetime) -> list[Transaction]:
    """Running transactions that were told last before then, and have been measured since."""
    where = SQL(
        "WHERE state = 'active' AND billing <> 'unbillable' AND told_at < %(before)s"
        " AND EXISTS (SELECT FROM readings WHERE transaction_id = transactions.id"
        " AND received_at > told_at AND register IS NOT NULL) LIMIT 100 FOR UPDATE SKIP LOCKED"
    )
    return await several(conn, SELECT + where, {"before": before})


async def waiting_for(conn: Hot, uid: str) -> list[Transaction]:
    """Transactions begun by a tag of that uid that nobody knew, and not written off."""
    where = SQL(
        "WHERE billing = 'unbillable' AND owner IS NULL AND upper(id_tag) = %(uid)s FOR UPDATE"
    )
    return await several(conn, SELECT + where, {"uid": uid})


async def held(conn: Hot) -> list[Transaction]:
    """Ended transactions that wait for a person's word, the newest first."""
    where = SQL(
        "WHERE billing IN ('suspect', 'unbillable') AND state = 'completed'"
        " ORDER BY stopped_at DESC LIMIT 1000"
    )
    return await several(conn, SELECT + where, {})


async def stuck(conn: Hot, silent_since: datetime) -> list[Transaction]:
    """Running transactions that nothing was heard of since then."""
    where = SQL(
        "WHERE state = 'active' AND last_updated < %(since)s"
        " AND greatest(start_received_at, measured_at) < %(since)s ORDER BY last_updated LIMIT 1000"
    )
    return await several(conn, SELECT + where, {"since": silent_since})


# Whoever has no start yet comes last.
_LISTED = SQL(
    """
WHERE state <> 'pending'
    AND (%(station)s::text IS NULL OR station_id = %(station)s)
    AND (%(id_tag)s::text IS NULL OR upper(id_tag) = upper(%(id_tag)s))
    AND (%(open)s::bool IS NULL OR (state = 'active') = %(open)s)
    AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR started_at < %(until)s)
    AND (%(after)s::text IS NULL OR EXISTS (
        SELECT FROM transactions a WHERE a.id = %(after)s AND (
            coalesce(transactions.started_at, '-infinity') < coalesce(a.started_at, '-infinity')
            OR transactions.started_at IS NOT DISTINCT FROM a.started_at
                AND transactions.id > a.id
        )
    ))
ORDER BY started_at DESC NULLS LAST, id LIMIT %(limit)s
"""
)


async def listed(
    conn: Hot,
    *,
    station_id: str | None = None,
    id_tag: str | None = None,
    is_open: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[Transaction]:
    """Transactions of a station, a tag or a time, running or not, the newest first; those that
    come after one of this id."""
    values = {
        "station": station_id,
        "id_tag": id_tag,
        "open": is_open,
        "since": since,
        "until": until,
        "after": after,
        "limit": limit,
    }
    return await several(conn, SELECT + _LISTED, values)
