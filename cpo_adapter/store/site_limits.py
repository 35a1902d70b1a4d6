"""SQL of site limits: the locations that have one, their stations, and what charges there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Limited:
    """A station of a limited location, and one session that runs there, if any does."""

    location_id: str
    limit_watts: Decimal
    station_id: str
    configuration: Mapping[str, Any]
    session_id: str | None
    evse: int | None
    place: Mapping[str, Any] | None


_LIMITED = """
SELECT l.id AS location_id, l.limit_watts, s.id AS station_id, s.configuration,
    t.id AS session_id, t.evse, t.place
FROM locations l
JOIN stations s ON s.connected AND s.id IN (
    SELECT p.station_id FROM plugs p JOIN evses e ON e.uid = p.evse_uid WHERE e.location_id = l.id
)
LEFT JOIN transactions t ON t.station_id = s.id AND t.state = 'active'
WHERE l.limit_watts IS NOT NULL
ORDER BY l.id, t.started_at, t.id, s.id
"""


async def limited(conn: Hot) -> list[Limited]:
    """Every connected station of a limited location, once for each session there."""
    async with conn.cursor(row_factory=class_row(Limited)) as cursor:
        await cursor.execute(_LIMITED)
        return await cursor.fetchall()


async def set_limit(conn: Hot, location_id: str, *, watts: Decimal | None) -> bool:
    """What a location may draw; None: as much as it can. False when there is no such location."""
    done = await conn.execute(
        "UPDATE locations SET limit_watts = %s WHERE lower(id) = lower(%s)", (watts, location_id)
    )
    return done.rowcount == 1
