"""SQL of who charges at an EVSE, or has planned to: an EVSE charges one vehicle."""

from __future__ import annotations

from datetime import datetime

from ocpi_hub.node.engine import Hot

# Of others those that are waited for, or were heard of lately: one whose end an operator never told
# does not keep everybody away. Of plans that are due at the same time the earliest goes before the
# others.
_OPEN_AT = b"""
SELECT lower(evse_uid), coalesce(bool_or(driver_id = %(driver)s), false) FROM charges
WHERE party = %(party)s AND lower(location_id) = lower(%(location)s)
AND state IN ('starting', 'charging', 'stopping')
AND (driver_id = %(driver)s OR coalesce(deadline > %(now)s, updated_at > %(lately)s))
AND id IS DISTINCT FROM %(besides)s
AND (state <> 'starting' OR start_at IS NULL OR %(besides)s::text IS NULL
    OR (start_at, requested_at, id)
        < (SELECT start_at, requested_at, id FROM charges WHERE id = %(besides)s))
GROUP BY 1
"""

_PLANNED_AT = b"""
SELECT 1 FROM charges
WHERE driver_id = %(driver)s AND party = %(party)s AND lower(location_id) = lower(%(location)s)
AND lower(evse_uid) = lower(%(evse)s) AND state = 'scheduled'
AND start_at BETWEEN %(from)s AND %(to)s LIMIT 1
"""


async def claim_evse(conn: Hot, *, party: str, location_id: str, evse_uid: str) -> None:
    """Whoever wants to charge at the same EVSE at the same time waits."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
        (f"evse {party} {location_id.lower()} {evse_uid.lower()}",),
    )


async def charging_at(
    conn: Hot,
    driver_id: str | None,
    *,
    party: str,
    location_id: str,
    now: datetime,
    lately: datetime,
    besides: str | None = None,
) -> dict[str, bool]:
    """The uids, in lower case, of the EVSEs of a Location where somebody charges or has asked to,
    `besides` this charge: the driver itself (true), or another who was heard of after `lately`."""
    values = {
        "driver": driver_id,
        "party": party,
        "location": location_id,
        "now": now,
        "lately": lately,
        "besides": besides,
    }
    return dict(await (await conn.execute(_OPEN_AT, values)).fetchall())


async def is_planned_at(
    conn: Hot,
    driver_id: str,
    *,
    party: str,
    location_id: str,
    evse_uid: str,
    between: tuple[datetime, datetime],
) -> bool:
    """Whether the driver has a plan there for that time."""
    values = {
        "driver": driver_id,
        "party": party,
        "location": location_id,
        "evse": evse_uid,
        "from": between[0],
        "to": between[1],
    }
    return await (await conn.execute(_PLANNED_AT, values)).fetchone() is not None
