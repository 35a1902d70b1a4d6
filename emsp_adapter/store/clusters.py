"""SQL of what a map shows from far away: how much there is in each cell of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row
from psycopg.sql import SQL, Composable

from emsp_adapter.network.mercator import Point
from emsp_adapter.store.filters import Filters, conditions_of, values_of
from ocpi_hub.node.engine import Hot

_CELLS = SQL("""
SELECT count(*)::int AS locations, sum(evses)::int AS evses, sum(free)::int AS free,
    avg(lat) AS lat, avg(lon) AS lon,
    min(lon) AS west, min(lat) AS south, max(lon) AS east, max(lat) AS north,
    min(owner) AS owner, min(location_id) AS location_id
FROM places WHERE {conditions}
GROUP BY floor(position[0] / %(size)s), floor(position[1] / %(size)s)
""")

_INSIDE = SQL("position <@ box(point(%(left)s, %(low)s), point(%(right)s, %(high)s))")


@dataclass(frozen=True, slots=True)
class Cell:
    """What lies in one cell, and between which degrees; of a single place also whose it is."""

    locations: int
    evses: int
    free: int
    lat: float
    lon: float
    west: float
    south: float
    east: float
    north: float
    owner: str
    location_id: str


async def cells(
    conn: Hot, filters: Filters, *, size: float, corners: Sequence[Point] | None = None
) -> list[Cell]:
    """The cells of `size` metres in which there is something, between two corners or anywhere."""
    conditions: list[Composable] = conditions_of(filters)
    values = values_of(filters) | {"size": size}
    if corners is not None:
        low, high = corners
        values |= {"left": low.x, "low": low.y, "right": high.x, "high": high.y}
        conditions.append(_INSIDE)
    async with conn.cursor(row_factory=class_row(Cell)) as cursor:
        await cursor.execute(_CELLS.format(conditions=SQL(" AND ").join(conditions)), values)
        return await cursor.fetchall()
