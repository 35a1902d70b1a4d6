"""Which plug of which station is which connector of which EVSE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from decimal import Decimal

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Plug:
    """A plug as the operator numbered it, and the connector it is for partners."""

    station_id: str
    evse: int
    connector: int
    evse_uid: str
    connector_id: str
    rated_watts: Decimal | None = None


_COLUMNS = ", ".join(field.name for field in fields(Plug))
_SELECT = f"SELECT {_COLUMNS} FROM plugs"  # noqa: S608 - only the column list
_ORDER = "ORDER BY station_id, evse, connector"
_INSERT = f"INSERT INTO plugs ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)"  # noqa: S608 - the same


async def of_station(conn: Hot, station_id: str) -> list[Plug]:
    """The plugs of a station, in the order of their numbers."""
    return await _plugs(conn, f"{_SELECT} WHERE station_id = %s {_ORDER}", station_id)


async def of_stations(conn: Hot, station_ids: Sequence[str]) -> list[Plug]:
    """The plugs of some stations."""
    return await _plugs(conn, f"{_SELECT} WHERE station_id = ANY(%s) {_ORDER}", list(station_ids))


async def of_evses(conn: Hot, evse_uids: Sequence[str]) -> list[Plug]:
    """The plugs of some EVSEs."""
    return await _plugs(conn, f"{_SELECT} WHERE evse_uid = ANY(%s) {_ORDER}", list(evse_uids))


async def replace(conn: Hot, station_id: str, plugs: Iterable[Plug]) -> None:
    """These are the plugs of the station from now on."""
    await conn.execute("DELETE FROM plugs WHERE station_id = %s", (station_id,))
    async with conn.cursor() as cursor:
        await cursor.executemany(_INSERT, [astuple(plug) for plug in plugs])


async def _plugs(conn: Hot, statement: str, value: str | list[str]) -> list[Plug]:
    async with conn.cursor(row_factory=class_row(Plug)) as cursor:
        await cursor.execute(statement, (value,))
        return await cursor.fetchall()
