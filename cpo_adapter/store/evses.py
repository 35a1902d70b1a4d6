"""EVSEs as partners see them: what is known of each, its derived status, and when to tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot, one_row


@dataclass(frozen=True, slots=True)
class Evse:
    """An EVSE's row. `document` has its connectors, but no status and no last_updated."""

    uid: str
    location_id: str
    position: int
    document: Mapping[str, Any]
    lifecycle: str
    status: str
    status_since: datetime
    tell_at: datetime | None
    told: str | None
    last_updated: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What a status is derived for: the EVSE, its place in life, and its status so far."""

    uid: str
    lifecycle: str
    status: str


@dataclass(frozen=True, slots=True)
class Telling:
    """A status that has stood still and is due; `told` is what partners have."""

    uid: str
    location_id: str
    status: str
    told: str | None
    last_updated: datetime


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that the statuses of some EVSEs depend on, beside the EVSEs themselves.

    `stations` by id: protocol, shared_outlet, offline. `plugs` are all plugs of those stations,
    `statuses` all that they reported.
    """

    stations: Mapping[str, Mapping[str, Any]]
    plugs: Sequence[Mapping[str, Any]]
    statuses: Sequence[Mapping[str, Any]]
    in_session: frozenset[str]
    reserved: frozenset[str]


_COLUMNS = ", ".join(field.name for field in fields(Evse))

# In the order of their uids: two that lock several never wait for each other. Siblings at one
# outlet follow each other.
_LOCK = """
SELECT uid, lifecycle, status FROM evses
WHERE uid = ANY(%(uids)s) OR uid IN (
    SELECT sibling.evse_uid
    FROM plugs p
    JOIN stations s ON s.id = p.station_id AND s.shared_outlet
    JOIN plugs sibling ON sibling.station_id = s.id
    WHERE p.evse_uid = ANY(%(uids)s)
)
ORDER BY uid
FOR UPDATE
"""

_SURROUNDINGS = """
WITH ours AS (SELECT DISTINCT station_id AS id FROM plugs WHERE evse_uid = ANY(%(uids)s))
SELECT
    (SELECT json_object_agg(s.id, json_build_object(
        'protocol', s.protocol, 'shared_outlet', s.shared_outlet, 'offline', EXISTS (
            SELECT FROM outages o
            WHERE o.station_id = s.id AND o.evse = 0 AND o.reason = 'offline' AND o.until IS NULL
        ))) FROM stations s JOIN ours USING (id)),
    (SELECT json_agg(json_build_object(
        'station_id', p.station_id, 'evse', p.evse, 'connector', p.connector,
        'evse_uid', p.evse_uid, 'connector_id', p.connector_id
        ) ORDER BY p.station_id, p.evse, p.connector)
        FROM plugs p JOIN ours ON ours.id = p.station_id),
    (SELECT json_agg(json_build_object(
        'station_id', r.station_id, 'evse', r.evse, 'connector', r.connector, 'status', r.status))
        FROM statuses r JOIN ours ON ours.id = r.station_id),
    ARRAY(SELECT DISTINCT t.evse_uid FROM transactions t JOIN ours ON ours.id = t.station_id
        WHERE t.state = 'active' AND t.evse_uid = ANY(%(uids)s)),
    ARRAY(SELECT DISTINCT r.evse_uid FROM reservations r JOIN ours ON ours.id = r.station_id
        WHERE r.state = 'active' AND r.evse_uid = ANY(%(uids)s))
"""

# Back to what partners were told, there is nothing to tell.
_CHANGE = """
UPDATE evses AS e
SET status = c.status, status_since = %(now)s,
    tell_at = CASE WHEN e.told IS DISTINCT FROM c.status THEN %(tell_at)s::timestamptz END
FROM unnest(%(uids)s::text[], %(statuses)s::text[]) AS c (uid, status)
WHERE e.uid = c.uid
"""

_DUE = """
SELECT uid, location_id, status, told, last_updated FROM evses
WHERE tell_at <= %(now)s
ORDER BY uid LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""


async def lock(conn: Hot, uids: Iterable[str]) -> list[Standing]:
    """Some EVSEs and their siblings at one outlet, locked for this transaction."""
    cursor = await conn.execute(_LOCK, {"uids": list(uids)})
    return [Standing(*row) for row in await cursor.fetchall()]


async def surroundings(conn: Hot, uids: Sequence[str]) -> Surroundings:
    """What the statuses of these EVSEs depend on."""
    row = await one_row(conn, _SURROUNDINGS, {"uids": list(uids)})
    stations, plugs, statuses, in_session, reserved = row
    return Surroundings(
        stations or {}, plugs or (), statuses or (), frozenset(in_session), frozenset(reserved)
    )


async def change_statuses(
    conn: Hot, changes: Mapping[str, str], *, now: datetime, tell_at: datetime
) -> None:
    """These EVSEs have another status now, to be told when it has stood still."""
    values = {
        "uids": list(changes),
        "statuses": list(changes.values()),
        "now": now,
        "tell_at": tell_at,
    }
    await conn.execute(_CHANGE, values)


async def due(conn: Hot, *, now: datetime, limit: int) -> list[Telling]:
    """Statuses that have stood still, locked, save those that are being changed."""
    cursor = await conn.execute(_DUE, {"now": now, "limit": limit})
    return [Telling(*row) for row in await cursor.fetchall()]


async def told(conn: Hot, uid: str, *, status: str, last_updated: datetime) -> None:
    """Partners are being told this status."""
    await conn.execute(
        "UPDATE evses SET told = %s, tell_at = NULL, last_updated = %s WHERE uid = %s",
        (status, last_updated, uid),
    )


async def of_locations(conn: Hot, location_ids: Sequence[str]) -> list[Evse]:
    """The EVSEs of some locations, in their order."""
    return await _evses(
        conn, "location_id = ANY(%s) ORDER BY location_id, position, uid", location_ids
    )


async def named(conn: Hot, uids: Sequence[str]) -> list[Evse]:
    """EVSEs by their uids, in whatever spelling of letters."""
    return await _evses(conn, "lower(uid) = ANY(%s) ORDER BY uid", [uid.lower() for uid in uids])


async def of_station(conn: Hot, station_id: str) -> list[str]:
    """The uids of the EVSEs that a station's plugs belong to."""
    cursor = await conn.execute(
        "SELECT DISTINCT evse_uid FROM plugs WHERE station_id = %s ORDER BY evse_uid", (station_id,)
    )
    return [str(row[0]) for row in await cursor.fetchall()]


async def _evses(conn: Hot, condition: str, values: Sequence[str]) -> list[Evse]:
    async with conn.cursor(row_factory=class_row(Evse)) as cursor:
        statement = f"SELECT {_COLUMNS} FROM evses WHERE {condition}"  # noqa: S608 - constants
        await cursor.execute(statement, (list(values),))
        return await cursor.fetchall()
