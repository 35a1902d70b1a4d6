"""SQL of what hung at connectors before something else did; ids are folded.

A row is written only when that changes: what hangs at most connectors stands in their EVSE alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party

_KEEP = """
INSERT INTO hung_tariffs (owner, location_id, evse_uid, connector_id, until, tariff_ids)
VALUES (%s, lower(%s), lower(%s), %s, %s, %s)
ON CONFLICT DO NOTHING
"""

# What was taken down next after the moment hung there at the moment.
_AT = """
SELECT DISTINCT ON (evse_uid, connector_id) evse_uid, connector_id, tariff_ids
FROM hung_tariffs
WHERE owner = %(owner)s AND location_id = lower(%(location)s)
    AND (%(evse)s::text IS NULL OR evse_uid = lower(%(evse)s)) AND until > %(at)s
ORDER BY evse_uid, connector_id, until
"""


async def keep(
    conn: Hot,
    party: Party,
    location_id: str,
    evse_uid: str,
    taken_down: Mapping[str, Sequence[str]],
    *,
    until: datetime,
) -> None:
    """Keep what hung at connectors of an EVSE up to a moment."""
    for connector_id, tariff_ids in taken_down.items():
        values = (party.key, location_id, evse_uid, connector_id, until, list(tariff_ids))
        await conn.execute(_KEEP, values)


async def at(
    conn: Hot, party: Party, location_id: str, *, evse_uid: str | None = None, at: datetime
) -> dict[str, dict[str, list[str]]]:
    """What hung at a moment, by EVSE and connector, where that is not what hangs there now."""
    values = {"owner": party.key, "location": location_id, "evse": evse_uid, "at": at}
    found: dict[str, dict[str, list[str]]] = {}
    for uid, connector_id, tariff_ids in await (await conn.execute(_AT, values)).fetchall():
        found.setdefault(uid, {})[connector_id] = tariff_ids
    return found
