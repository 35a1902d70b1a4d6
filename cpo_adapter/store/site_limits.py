"""SQL of site limits: stations of limited locations, what they were told, what charges there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Limited:
    """A station whose location has a limit, or had one, and one session that runs there, if any.

    `told_watts` is the maximum it has accepted last; None: it knows of none.
    """

    location_id: str | None
    limit_watts: Decimal | None
    station_id: str
    connected: bool
    configuration: Mapping[str, Any]
    told_watts: Decimal | None
    session_id: str | None
    since: datetime | None
    place: Mapping[str, Any] | None


# A station with EVSEs at two locations counts for the one with the lower limit.
_LIMITED = """
SELECT l.id AS location_id, l.limit_watts, s.id AS station_id, s.connected, s.configuration,
    s.told_watts, t.id AS session_id, coalesce(t.started_at, t.last_updated) AS since, t.place
FROM stations s
LEFT JOIN LATERAL (
    SELECT l.id, l.limit_watts FROM plugs p
    JOIN evses e ON e.uid = p.evse_uid JOIN locations l ON l.id = e.location_id
    WHERE p.station_id = s.id AND l.limit_watts IS NOT NULL ORDER BY l.limit_watts, l.id LIMIT 1
) l ON true
LEFT JOIN transactions t ON t.station_id = s.id AND t.state = 'active'
WHERE s.told_watts IS NOT NULL OR s.id IN (
    SELECT p.station_id FROM plugs p
    JOIN evses e ON e.uid = p.evse_uid JOIN locations l ON l.id = e.location_id
    WHERE l.limit_watts IS NOT NULL
)
ORDER BY l.id, s.id, since, t.id
"""


async def limited(conn: Hot) -> list[Limited]:
    """Those stations, once for each session, in the order of their locations."""
    async with conn.cursor(row_factory=class_row(Limited)) as cursor:
        await cursor.execute(_LIMITED)
        return await cursor.fetchall()


async def told(conn: Hot, station_id: str, *, watts: Decimal | None) -> None:
    """The station has accepted this maximum, or that there is none."""
    await conn.execute("UPDATE stations SET told_watts = %s WHERE id = %s", (watts, station_id))
