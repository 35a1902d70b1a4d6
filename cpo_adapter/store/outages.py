"""When ports could not be used: intervals, which are opened and closed and never rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Interval:
    """An outage of a port; `evse` 0 is the whole station, `until` None is now."""

    id: int
    station_id: str
    evse: int
    reason: str
    excluded: bool
    since: datetime
    until: datetime | None


_COLUMNS = ", ".join(field.name for field in fields(Interval))

_OPEN = """
INSERT INTO outages (station_id, evse, reason, since)
VALUES (%(station_id)s, %(evse)s, %(reason)s, %(since)s)
ON CONFLICT (station_id, evse, reason) WHERE until IS NULL DO NOTHING
"""

_CLOSE = """
UPDATE outages SET until = greatest(since, %(until)s)
WHERE station_id = %(station_id)s AND evse = %(evse)s AND reason = %(reason)s AND until IS NULL
"""

# One statement for what has changed: ports whose reason is another, or that are back.
_SETTLE = """
WITH now_out AS (
    SELECT * FROM unnest(%(evses)s::int[], %(reasons)s::text[]) AS o (evse, reason)
),
closed AS (
    UPDATE outages o SET until = greatest(o.since, %(at)s)
    WHERE o.station_id = %(station_id)s AND o.evse > 0 AND o.until IS NULL
        AND NOT EXISTS (
            SELECT FROM now_out n WHERE n.evse = o.evse AND n.reason = o.reason
        )
)
INSERT INTO outages (station_id, evse, reason, since)
SELECT %(station_id)s, evse, reason, %(at)s FROM now_out
ON CONFLICT (station_id, evse, reason) WHERE until IS NULL DO NOTHING
"""


async def opened(conn: Hot, station_id: str, *, evse: int, reason: str, since: datetime) -> bool:
    """Opens an interval; False when one is open."""
    values = {"station_id": station_id, "evse": evse, "reason": reason, "since": since}
    return (await conn.execute(_OPEN, values)).rowcount == 1


async def closed(conn: Hot, station_id: str, *, evse: int, reason: str, until: datetime) -> bool:
    """Closes the open interval; False when there is none."""
    values = {"station_id": station_id, "evse": evse, "reason": reason, "until": until}
    return (await conn.execute(_CLOSE, values)).rowcount == 1


async def settle(conn: Hot, station_id: str, *, out: Mapping[int, str], at: datetime) -> None:
    """These ports of a station are out, each for its reason, and no others."""
    values = {
        "station_id": station_id,
        "evses": list(out),
        "reasons": list(out.values()),
        "at": at,
    }
    await conn.execute(_SETTLE, values)


async def within(
    conn: Hot, *, since: datetime, until: datetime, station_id: str | None = None
) -> list[Interval]:
    """The intervals that touch a period, of one station or of all."""
    async with conn.cursor(row_factory=class_row(Interval)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM outages"  # noqa: S608 - only the column list
            " WHERE since < %(until)s AND (until IS NULL OR until > %(since)s)"
            " AND (%(station_id)s::text IS NULL OR station_id = %(station_id)s)"
            " ORDER BY station_id, since, id",
            {"since": since, "until": until, "station_id": station_id},
        )
        return await cursor.fetchall()


async def exclude(conn: Hot, outage_id: int, *, excluded: bool) -> bool:
    """Says whether an outage counts against the operator; False when there is none of that id."""
    statement = "UPDATE outages SET excluded = %s WHERE id = %s"
    return (await conn.execute(statement, (excluded, outage_id))).rowcount == 1


async def offline_since(conn: Hot, station_id: str) -> datetime | None:
    """Since when a station counts as offline; None when it does not."""
    cursor = await conn.execute(
        "SELECT since FROM outages"
        " WHERE station_id = %s AND evse = 0 AND reason = 'offline' AND until IS NULL",
        (station_id,),
    )
    row = await cursor.fetchone()
    return row[0] if row else None
