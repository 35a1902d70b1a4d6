"""PUT and PATCH of whole Locations, each in the caller's transaction.

Whoever changes which EVSEs a Location has locks the Location's row first, then EVSEs in key order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.patch import merge_location
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.puts import Key, Put, put

MODULE = "locations"

_PUT_EVSES = """
WITH listed AS MATERIALIZED (
    SELECT lower(e.document ->> 'uid') AS sub, e.document, e.position::int AS position,
        (e.document ->> 'last_updated')::timestamptz AS last_updated
    FROM jsonb_array_elements(%(evses)s::jsonb) WITH ORDINALITY AS e (document, position)
),
stored AS MATERIALIZED (
    SELECT sub, document, position, absent, last_updated FROM catalogue
    WHERE module = 'locations' AND id = %(id)s AND owner = %(owner)s AND sub <> ''
    ORDER BY sub FOR UPDATE
),
compared AS MATERIALIZED (
    SELECT sub, l.position, s.absent, s.sub IS NULL AS new,
        s.absent OR s.position <> l.position AS moved,
        CASE WHEN f.fresh THEN l.document ELSE s.document END AS document,
        CASE WHEN f.fresh THEN l.last_updated ELSE s.last_updated END AS last_updated,
        s.absent OR (f.fresh AND l.document <> s.document) AS changed,
        s.absent OR (f.fresh AND l.document - '{status,last_updated}'::text[]
            <> s.document - '{status,last_updated}'::text[]) AS full_change,
        nextval('change_seq') AS seq
    FROM listed l LEFT JOIN stored s USING (sub) CROSS JOIN LATERAL (
        SELECT s.sub IS NULL OR s.last_updated <= l.last_updated
            OR s.last_updated > now() + interval '5 minutes' AS fresh
    ) AS f
),
added AS (
    INSERT INTO catalogue (
        module, id, owner, sub, document, position, last_updated, correlation_id, seq, full_seq
    )
    SELECT 'locations', %(id)s, %(owner)s, sub, document, position, last_updated,
        %(correlation_id)s, seq, seq
    FROM compared WHERE new ORDER BY position
    RETURNING 1
),
updated AS (
    UPDATE catalogue c
    SET document = n.document, position = n.position, absent = false,
        last_updated = n.last_updated, received_at = now(), correlation_id = %(correlation_id)s,
        xid = CASE WHEN n.changed THEN pg_current_xact_id() ELSE c.xid END,
        seq = CASE WHEN n.changed THEN n.seq ELSE c.seq END,
        full_xid = CASE WHEN n.full_change THEN pg_current_xact_id() ELSE c.full_xid END,
        full_seq = CASE WHEN n.full_change THEN n.seq ELSE c.full_seq END
    FROM compared n
    WHERE c.module = 'locations' AND c.id = %(id)s AND c.owner = %(owner)s AND c.sub = n.sub
        AND (n.changed OR n.moved)
    RETURNING n.moved, n.changed
),
left_out AS (
    UPDATE catalogue c
    SET absent = true, received_at = now(), correlation_id = %(correlation_id)s,
        xid = pg_current_xact_id(), seq = nextval('change_seq'),
        full_xid = pg_current_xact_id(), full_seq = currval('change_seq')
    WHERE c.module = 'locations' AND c.id = %(id)s AND c.owner = %(owner)s AND c.sub IN (
        SELECT sub FROM stored WHERE NOT absent EXCEPT SELECT sub FROM listed
    )
    RETURNING 1
)
SELECT EXISTS (SELECT FROM added) OR EXISTS (SELECT FROM left_out)
        OR EXISTS (SELECT FROM updated WHERE moved),
    EXISTS (SELECT FROM updated WHERE changed)
"""

# The list of EVSEs is part of what the Location says, though it stands in other rows.
_RESTAMP = """
UPDATE catalogue
SET received_at = now(), correlation_id = %(correlation_id)s,
    xid = pg_current_xact_id(), seq = %(seq)s
WHERE module = 'locations' AND id = %(id)s AND owner = %(owner)s AND sub = ''
"""

_KEEP_TIME_ZONE = """
INSERT INTO time_zones (owner, location_id, time_zone)
SELECT %(owner)s, %(id)s, %(time_zone)s
WHERE %(time_zone)s IS DISTINCT FROM (
    SELECT time_zone FROM time_zones WHERE owner = %(owner)s AND location_id = %(id)s
    ORDER BY since DESC LIMIT 1
)
"""

_LOCK = """
SELECT document, last_updated FROM catalogue
WHERE module = 'locations' AND id = %(id)s AND owner = %(owner)s AND sub = ''
FOR UPDATE
"""

_LOCK_EVSES = """
SELECT sub, document, position FROM catalogue
WHERE module = 'locations' AND id = %(id)s AND owner = %(owner)s AND sub <> '' AND NOT absent
ORDER BY sub FOR UPDATE
"""


async def put_location(
    conn: Hot, owner: str, *, document: dict[str, Any], correlation_id: str
) -> Outcome:
    """Creates or replaces a Location with its EVSEs.

    EVSEs it does not list are served no more; one that is stored with a newer stamp stays as it is.
    """
    _check_uids(document)
    key = Key.of(MODULE, owner, document["id"])
    done = await _put_row(conn, key, document, correlation_id)
    if done.outcome is Outcome.STALE:
        return done.outcome
    values = key.values() | {
        "evses": dumps(document.get("evses") or []).decode(),
        "correlation_id": correlation_id,
        "seq": done.seq,
    }
    relisted, changed = await one_row(conn, _PUT_EVSES, values)
    if done.changed:
        return done.outcome
    if relisted:
        await conn.execute(_RESTAMP, values)
    return Outcome.UPDATED if relisted or changed else Outcome.UNCHANGED


async def patch_location(
    conn: Hot, owner: str, location_id: str, *, document: dict[str, Any], correlation_id: str
) -> Outcome:
    """Merges a PATCH, its `evses` by uid and their connectors by id; removes none (AMB-12)."""
    key = Key.of(MODULE, owner, location_id)
    row = await (await conn.execute(_LOCK, key.values())).fetchone()
    if row is None:
        return Outcome.UNKNOWN
    location, last_updated = row
    if parse_datetime(document["last_updated"]) < last_updated:
        return Outcome.STALE
    listed = await (await conn.execute(_LOCK_EVSES, key.values())).fetchall()
    places = {sub: place for sub, _, place in listed}
    evses = [evse for _, evse, _ in sorted(listed, key=lambda row: row[2])]
    merged = merge_location({**location, "evses": evses} if evses else location, document)
    done = await _put_row(conn, key, merged, correlation_id)
    changed = done.changed
    named = {evse["uid"].lower() for evse in document.get("evses") or ()}
    for place, evse in enumerate(merged.get("evses") or (), start=1):
        sub = evse["uid"].lower()
        if sub not in named:
            continue
        change = await put(
            conn,
            replace(key, sub=sub),
            document=evse,
            correlation_id=correlation_id,
            position=places.get(sub, place),
        )
        changed = changed or change.changed
    return Outcome.UPDATED if changed else Outcome.UNCHANGED


async def _put_row(conn: Hot, key: Key, document: dict[str, Any], correlation_id: str) -> Put:
    """The Location's own row. An empty list of EVSEs, a null and none at all are kept apart."""
    row = {name: value for name, value in document.items() if name != "evses" or not value}
    done = await put(conn, key, document=row, correlation_id=correlation_id)
    if done.changed:
        await conn.execute(_KEEP_TIME_ZONE, key.values() | {"time_zone": row["time_zone"]})
    return done


def _check_uids(document: dict[str, Any]) -> None:
    seen: set[str] = set()
    for place, evse in enumerate(document.get("evses") or ()):
        uid = evse["uid"].lower()
        if uid in seen:
            raise InvalidParameters(f"evses.{place}.uid: {evse['uid']!r} is there twice")
        seen.add(uid)
