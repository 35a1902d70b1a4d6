"""PUT and PATCH of single EVSEs and their Connectors, each in the caller's transaction.

A Connector stands in its EVSE's document. A PATCH of an EVSE without `connectors` needs none of
this: ocpi_hub.store.patches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.patch import merge, merge_evse, raise_parent
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.store.outcomes import Outcome
from ocpi_hub.store.puts import Key, put

_MODULE = "locations"

_LOCK_LOCATION = """
SELECT 1 FROM catalogue
WHERE module = 'locations' AND id = %(id)s AND owner = %(owner)s AND sub = ''
FOR UPDATE
"""

_NEXT_POSITION = """
SELECT coalesce(max(position), 0) + 1 FROM catalogue
WHERE module = 'locations' AND id = %(id)s AND owner = %(owner)s AND NOT absent
"""

_LOCK_EVSE = """
SELECT document, now() + interval '5 minutes' FROM catalogue
WHERE module = 'locations' AND id = %(id)s AND owner = %(owner)s AND sub = %(sub)s AND NOT absent
FOR UPDATE
"""

_REPLACE_EVSE = """
UPDATE catalogue c
SET document = n.document, last_updated = (n.document ->> 'last_updated')::timestamptz,
    received_at = now(), correlation_id = %(correlation_id)s,
    xid = pg_current_xact_id(), seq = n.seq, full_xid = pg_current_xact_id(), full_seq = n.seq
FROM (SELECT %(document)s::jsonb AS document, nextval('change_seq') AS seq) AS n
WHERE c.module = 'locations' AND c.id = %(id)s AND c.owner = %(owner)s AND c.sub = %(sub)s
    AND c.document <> n.document
"""


@dataclass(frozen=True, slots=True)
class _Locked:
    """An EVSE whose row is locked; a stamp after `horizon` lies too far in the future to count."""

    key: Key
    document: dict[str, Any]
    horizon: datetime

    def place_of(self, connector_id: str) -> int | None:
        """Where in the list the Connector stands."""
        ids = [connector["id"].lower() for connector in self.document["connectors"]]
        return ids.index(connector_id.lower()) if connector_id.lower() in ids else None

    def with_connector(self, place: int | None, connector: dict[str, Any]) -> dict[str, Any]:
        """The EVSE with a Connector put in its place, or at the end (SEM-08)."""
        connectors = list(self.document["connectors"])
        if place is None:
            connectors.append(connector)
        else:
            connectors[place] = connector
        return raise_parent({**self.document, "connectors": connectors}, connector)


async def put_evse(
    conn: Hot, owner: str, location_id: str, *, document: dict[str, Any], correlation_id: str
) -> Outcome:
    """Creates or replaces one EVSE; UNKNOWN when there is no such Location (LOC-06)."""
    key = Key.of(_MODULE, owner, location_id, sub=document["uid"])
    if await (await conn.execute(_LOCK_LOCATION, key.values())).fetchone() is None:
        return Outcome.UNKNOWN
    (position,) = await one_row(conn, _NEXT_POSITION, key.values())
    done = await put(conn, key, document=document, correlation_id=correlation_id, position=position)
    return done.outcome


async def patch_evse(
    conn: Hot,
    owner: str,
    location_id: str,
    evse_uid: str,
    *,
    document: dict[str, Any],
    correlation_id: str,
) -> Outcome:
    """Merges a PATCH, its `connectors` by id; removes none (AMB-12)."""
    evse = await _lock(conn, Key.of(_MODULE, owner, location_id, sub=evse_uid))
    if evse is None:
        return Outcome.UNKNOWN
    if _older(document, evse.document):
        return Outcome.STALE
    return await _replace(conn, evse.key, merge_evse(evse.document, document), correlation_id)


async def put_connector(
    conn: Hot,
    owner: str,
    location_id: str,
    evse_uid: str,
    *,
    document: dict[str, Any],
    correlation_id: str,
) -> Outcome:
    """Creates or replaces one Connector; UNKNOWN when there is no such EVSE (LOC-06)."""
    evse = await _lock(conn, Key.of(_MODULE, owner, location_id, sub=evse_uid))
    if evse is None:
        return Outcome.UNKNOWN
    place = evse.place_of(document["id"])
    if place is not None:
        stored = evse.document["connectors"][place]
        if _older(document, stored) and parse_datetime(stored["last_updated"]) <= evse.horizon:
            return Outcome.STALE
    changed = evse.with_connector(place, document)
    outcome = await _replace(conn, evse.key, changed, correlation_id)
    return Outcome.CREATED if place is None else outcome


async def patch_connector(
    conn: Hot,
    owner: str,
    location_id: str,
    evse_uid: str,
    connector_id: str,
    *,
    document: dict[str, Any],
    correlation_id: str,
) -> Outcome:
    """Merges a PATCH into one Connector; UNKNOWN when there is no such Connector."""
    evse = await _lock(conn, Key.of(_MODULE, owner, location_id, sub=evse_uid))
    place = None if evse is None else evse.place_of(connector_id)
    if evse is None or place is None:
        return Outcome.UNKNOWN
    stored = evse.document["connectors"][place]
    if _older(document, stored):
        return Outcome.STALE
    changed = evse.with_connector(place, merge(stored, document))
    return await _replace(conn, evse.key, changed, correlation_id)


async def _lock(conn: Hot, key: Key) -> _Locked | None:
    row = await (await conn.execute(_LOCK_EVSE, key.values())).fetchone()
    return None if row is None else _Locked(key, *row)


async def _replace(conn: Hot, key: Key, document: dict[str, Any], correlation_id: str) -> Outcome:
    values = key.values() | {
        "document": dumps(document).decode(),
        "correlation_id": correlation_id,
    }
    cursor = await conn.execute(_REPLACE_EVSE, values)
    return Outcome.UPDATED if cursor.rowcount else Outcome.UNCHANGED


def _older(new: dict[str, Any], stored: dict[str, Any]) -> bool:
    return parse_datetime(new["last_updated"]) < parse_datetime(stored["last_updated"])
