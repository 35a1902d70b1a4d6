"""What is wrong at this moment, as far as it can be read from the rows."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ocpi_hub.node.engine import Hot


class Condition(NamedTuple):
    """Something of a station that is wrong, since when, and a detail of it."""

    station_id: str
    subject: str
    since: datetime
    detail: str


_OFFLINE = """
SELECT station_id, '', since, '' FROM outages
WHERE until IS NULL AND evse = 0 AND reason = 'offline'
"""

_FAULTED = """
SELECT o.station_id, o.evse::text, o.since, coalesce((
    SELECT string_agg(DISTINCT concat_ws(': ', s.error_code, s.info), ', ') FROM statuses s
    WHERE s.station_id = o.station_id AND s.evse IN (0, o.evse) AND lower(s.status) = 'faulted'
), '')
FROM outages o WHERE o.until IS NULL AND o.reason = 'faulted'
"""

_ERRORS = """
SELECT station_id, evse || '/' || connector, received_at, concat_ws(': ', error_code, info)
FROM statuses
WHERE lower(error_code) <> 'noerror' AND error_code <> '' AND lower(status) <> 'faulted'
"""

_MUTE = """
SELECT id, '', last_seen, '' FROM stations
WHERE connected AND status = 'accepted' AND booted_at IS NOT NULL
    AND last_seen < %s AND connected_at < %s
"""


# As in transaction_lists.stuck, which has them whole.
_STUCK = """
SELECT station_id, id, greatest(start_received_at, measured_at), '' FROM transactions
WHERE state = 'active' AND last_updated < %s AND greatest(start_received_at, measured_at) < %s
"""


async def offline(conn: Hot) -> list[Condition]:
    """Stations that count as offline."""
    return await _conditions(conn, _OFFLINE)


async def faulted(conn: Hot) -> list[Condition]:
    """Ports that are faulted; the subject is the port's number."""
    return await _conditions(conn, _FAULTED)


async def errors(conn: Hot) -> list[Condition]:
    """Connectors that work and report an error; the subject is EVSE/connector."""
    return await _conditions(conn, _ERRORS)


async def mute(conn: Hot, *, before: datetime) -> list[Condition]:
    """Stations that are connected and have said nothing since a moment."""
    return await _conditions(conn, _MUTE, before, before)


async def stuck(conn: Hot, *, before: datetime) -> list[Condition]:
    """Running transactions that nothing was heard of since a moment; the subject is the Session."""
    return await _conditions(conn, _STUCK, before, before)


async def _conditions(conn: Hot, statement: str, *values: datetime) -> list[Condition]:
    cursor = await conn.execute(statement, values)
    return [Condition(*row) for row in await cursor.fetchall()]
