"""SQL of places: the Location, EVSE and tariffs of a connector as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Found:
    """An EVSE, the Location it is part of, and the tariffs named by a connector of it."""

    location: dict[str, Any]
    evse: dict[str, Any]
    tariffs: list[dict[str, Any]]


_FIND = """
SELECT l.document, e.document,
    coalesce((
        SELECT jsonb_agg(t.document ORDER BY wanted.place)
        FROM jsonb_array_elements(e.document -> 'connectors') c,
            jsonb_array_elements_text(c -> 'tariff_ids') WITH ORDINALITY AS wanted (id, place)
            JOIN tariffs t ON lower(t.id) = lower(wanted.id) AND NOT t.deleted
        WHERE c ->> 'id' = %(connector_id)s
            AND jsonb_typeof(c -> 'tariff_ids') = 'array'
    ), '[]')
FROM evses e JOIN locations l ON l.id = e.location_id
WHERE e.uid = %(evse_uid)s
"""


async def find(conn: Hot, evse_uid: str, *, connector_id: str) -> Found | None:
    """What is known of a connector's place."""
    found = await conn.execute(_FIND, {"evse_uid": evse_uid, "connector_id": connector_id})
    row = await found.fetchone()
    return None if row is None else Found(*row)


async def evse_uids(conn: Hot, station_id: str) -> tuple[str | None, list[str]]:
    """The Location of a station, and its EVSEs."""
    found = await conn.execute(
        """
SELECT e.location_id, array_agg(DISTINCT e.uid) FROM plugs p JOIN evses e ON e.uid = p.evse_uid
WHERE p.station_id = %s GROUP BY e.location_id ORDER BY count(*) DESC LIMIT 1
""",
        (station_id,),
    )
    row = await found.fetchone()
    return (None, []) if row is None else (row[0], row[1])
