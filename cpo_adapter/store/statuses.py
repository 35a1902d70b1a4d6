"""The last status that each connector reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Reported:
    """A connector's status by OCPP's numbers; connector 0 is the station or the whole EVSE.

    `at` is by the station's clock, corrected.
    """

    station_id: str
    evse: int
    connector: int
    status: str
    error_code: str
    info: str | None
    at: datetime
    received_at: datetime


_COLUMNS = ", ".join(field.name for field in fields(Reported))

# What a station replays is older than what it said last, and changes nothing.
_APPLY = """
INSERT INTO statuses AS s (
    station_id, evse, connector, status, error_code, info, at, received_at
)
VALUES (
    %(station_id)s, %(evse)s, %(connector)s, %(status)s, %(error_code)s, %(info)s, %(at)s,
    %(received_at)s
)
ON CONFLICT (station_id, evse, connector) DO UPDATE
SET status = excluded.status, error_code = excluded.error_code, info = excluded.info,
    at = excluded.at, received_at = excluded.received_at
WHERE s.at <= excluded.at
"""


async def apply(conn: Hot, reported: Reported) -> bool:
    """Keeps a status; False when a newer one is known."""
    values = {field.name: getattr(reported, field.name) for field in fields(Reported)}
    return (await conn.execute(_APPLY, values)).rowcount == 1


async def of_stations(conn: Hot, station_ids: Sequence[str]) -> list[Reported]:
    """What the connectors of some stations reported last, in the order of their numbers."""
    async with conn.cursor(row_factory=class_row(Reported)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM statuses"  # noqa: S608 - only the column list
            " WHERE station_id = ANY(%s) ORDER BY station_id, evse, connector",
            (list(station_ids),),
        )
        return await cursor.fetchall()
