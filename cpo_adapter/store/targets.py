"""SQL of what a partner's command is about: the EVSEs of a Location, each with its plugs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Target:
    """A plug of a Location's EVSE, and what stands in the way there.

    `session_owner` is whose session runs there ('' for one that is no eMSP's), `reserved_for` the
    id of the reservation that holds it; None where there is none. `starting`: a START_SESSION is
    on its way there.
    """

    location_id: str
    evse_uid: str
    connector_id: str
    evse: Mapping[str, Any]
    lifecycle: str
    status: str
    station_id: str
    evse_number: int
    connector_number: int
    protocol: str | None
    configuration: Mapping[str, Any]
    session_owner: str | None
    reserved_for: int | None
    starting: bool


_SELECT = """
SELECT l.id AS location_id, e.uid AS evse_uid, p.connector_id, e.document AS evse, e.lifecycle,
    e.status, p.station_id, p.evse AS evse_number, p.connector AS connector_number, s.protocol,
    s.configuration,
    (SELECT coalesce(t.owner, '') FROM transactions t
      WHERE t.evse_uid = e.uid AND t.state = 'active' LIMIT 1) AS session_owner,
    (SELECT r.id FROM reservations r
      WHERE r.evse_uid = e.uid AND r.state IN ('requested', 'active') LIMIT 1) AS reserved_for,
    EXISTS (SELECT FROM commands c JOIN transactions t ON t.id = c.transaction_id
      WHERE t.evse_uid = e.uid AND c.kind = 'START_SESSION' AND c.state = 'waiting') AS starting
FROM locations l
JOIN evses e ON e.location_id = l.id AND e.lifecycle = 'live'
JOIN plugs p ON p.evse_uid = e.uid
JOIN stations s ON s.id = p.station_id AND s.status = 'accepted'
"""
_OF_LOCATION = f"{_SELECT} WHERE lower(l.id) = lower(%s) ORDER BY e.position, e.uid, p.connector"


async def of_location(conn: Hot, location_id: str) -> list[Target]:
    """Every plug of a Location that is in service, in the Location's order."""
    async with conn.cursor(row_factory=class_row(Target)) as cursor:
        await cursor.execute(_OF_LOCATION, (location_id,))
        return await cursor.fetchall()


async def lock_location(conn: Hot, location_id: str) -> bool:
    """Whether there is such a Location; it is nobody else's until this transaction ends."""
    found = await conn.execute(
        "SELECT 1 FROM locations WHERE lower(id) = lower(%s) FOR UPDATE", (location_id,)
    )
    return await found.fetchone() is not None
