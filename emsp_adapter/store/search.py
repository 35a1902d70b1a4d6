"""SQL that finds places: by distance, in a box, by words, and filtered. One table, one index scan.

Nearest first is the index's own order. Everything else is a condition on the rows it gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row
from psycopg.sql import SQL, Composable, Composed

from emsp_adapter.network.mercator import Box, Point
from emsp_adapter.store.filters import Filters, conditions_of, values_of
from ocpi_hub.node.engine import Hot, one_row

COLUMNS = SQL(
    "owner, location_id, key, name, address, city, postal_code, country, operator, lat, lon,"
    " evses, free, plugs, max_watts, status_at, kwh_price, currency, published, allowed_to, listed,"
    " hours"
)

_NEAREST = SQL("""
SELECT {columns}, position <-> point(%({x})s, %({y})s) AS away FROM {source}
WHERE {conditions}
ORDER BY position <-> point(%({x})s, %({y})s), owner, location_id LIMIT %(limit)s
""")

_BY_DISTANCE = SQL("""
SELECT f.*, h.document AS opening, h.time_zone
FROM ({views}) AS f LEFT JOIN opening_hours h ON h.id = f.hours
ORDER BY f.away, f.owner, f.location_id LIMIT %(limit)s
""")

_BY_KEY = SQL("""
SELECT f.*, h.document AS opening, h.time_zone
FROM (
    SELECT {columns}, %(rank)s::float8 AS away FROM {source}
    WHERE {conditions} AND {begun} ORDER BY owner, location_id LIMIT %(limit)s
) AS f LEFT JOIN opening_hours h ON h.id = f.hours
ORDER BY f.owner, f.location_id
""")

# What is rare is found first and sorted then: on the way from the nearest to the furthest it may
# not come before the end of the world.
_RARE = SQL("(SELECT * FROM places WHERE {conditions} OFFSET 0) AS places")
# What is common is met soon on the way through the keys: the planner takes words that are the
# beginning of many for rare ones, and would sort them all.
_COMMON = SQL("(SELECT * FROM places WHERE {begun} ORDER BY owner, location_id OFFSET 0) AS places")
# Of every hundredth page of the table, which is read in a millisecond.
_SAMPLE = SQL("""
SELECT count(*) < 5 FROM places TABLESAMPLE SYSTEM (1) WHERE {conditions}
""")

_MATCHING = SQL("words @@ %(query)s::tsquery")
# Of some places, which are enough: a beginning that more of them have says little.
_WORDS_LIKE = SQL("""
SELECT DISTINCT word.lexeme
FROM (
    SELECT words FROM places WHERE {conditions} LIMIT 1000
) AS p, unnest(p.words) AS word (lexeme, positions, weights)
WHERE starts_with(word.lexeme, %(beginning)s) LIMIT 500
""")

# The haversine of a distance over ground; places within a box around it only are asked.
_WITHIN = SQL("""
2 * 6371008.8 * asin(sqrt(least(1, sin(radians(lat - %(near_lat)s) / 2) ^ 2
    + cos(radians(%(near_lat)s)) * cos(radians(lat))
    * sin(radians(lon - %(near_lon)s) / 2) ^ 2))) <= %(radius_m)s
""")


@dataclass(frozen=True, slots=True)
class View:
    """A part of the map that is looked at from a point; without a box it is the whole map."""

    centre: Point
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Circle:
    """A place on the ground and a distance from it."""

    lat: float
    lon: float
    radius_m: float


# Where a page ends: how far away its last place is, whose it is, and its id.
After = tuple[float, str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """A Location as a search shows it; `away` orders what was found."""

    owner: str
    location_id: str
    key: str
    name: str | None
    address: str
    city: str
    postal_code: str | None
    country: str
    operator: str
    lat: float
    lon: float
    evses: int
    free: int
    plugs: list[str]
    max_watts: int | None
    status_at: datetime | None
    kwh_price: Decimal | None
    currency: str | None
    published: bool
    allowed_to: list[str]
    listed: bool
    hours: str | None
    away: float
    opening: dict[str, Any] | None
    time_zone: str | None

    @property
    def position(self) -> tuple[float, float]:
        """Its latitude and longitude."""
        return self.lat, self.lon

    @property
    def order(self) -> After:
        """What places are ordered by."""
        return self.away, self.owner, self.location_id


async def nearest(
    conn: Hot,
    views: Sequence[View],
    filters: Filters,
    *,
    limit: int,
    circle: Circle | None = None,
    after: After | None = None,
) -> list[Place]:
    """Places by their distance from the centres of the views, each of which is a part of its own.

    Within a `circle`, if there is one.
    """
    asks = filters != Filters(filters.owners)
    rare = bool(filters.tokens) or (
        asks
        and not _bounded(views)
        and await _is_rare(conn, conditions_of(filters), values_of(filters))
    )
    statement, values = nearest_statement(
        views, filters, limit=limit, circle=circle, after=after, rare=rare
    )
    return await _places(conn, statement, values)


def nearest_statement(
    views: Sequence[View],
    filters: Filters,
    *,
    limit: int,
    circle: Circle | None = None,
    after: After | None = None,
    rare: bool = False,
) -> tuple[Composed, dict[str, object]]:
    """The same as a statement and its values; `rare` is what few places are like."""
    alike = SQL(" AND ").join(conditions_of(filters))
    source = _RARE.format(conditions=alike) if rare else SQL("places")
    values = values_of(filters) | {"limit": limit}
    if circle is not None:
        values |= {"near_lat": circle.lat, "near_lon": circle.lon, "radius_m": circle.radius_m}
    parts: list[Composable] = []
    for number, view in enumerate(views):
        conditions = conditions_of(filters)
        x, y = f"x{number}", f"y{number}"
        values |= {x: view.centre.x, y: view.centre.y}
        if view.box is not None:
            conditions.append(_inside(view.box, number, values))
        if circle is not None:
            conditions.append(_WITHIN)
        if after is not None:
            conditions.append(_further(number, after, values))
        parts.append(
            _NEAREST.format(
                columns=COLUMNS,
                source=source,
                conditions=SQL(" AND ").join(conditions),
                x=SQL(x),
                y=SQL(y),
            )
        )
    together = SQL("\nUNION ALL\n").join(SQL("({})").format(part) for part in parts)
    return _BY_DISTANCE.format(views=together), values


async def by_key(
    conn: Hot, filters: Filters, *, limit: int, after: After | None = None
) -> list[Place]:
    """Places wherever they are, in the order of their ids."""
    statement, values = by_key_statement(
        filters, limit=limit, after=after, rare=bool(filters.tokens)
    )
    return await _places(conn, statement, values)


async def matching(
    conn: Hot, filters: Filters, query: str, *, rank: int, limit: int, after: After | None = None
) -> list[Place]:
    """Places that match a tsquery, wherever they are, in the order of their ids; each is as far
    away as `rank` says."""
    alike = [*conditions_of(filters), _MATCHING]
    rare = bool(filters.tokens) or await _is_rare(
        conn, alike, values_of(filters) | {"query": query}
    )
    statement, values = by_key_statement(
        filters, limit=limit, after=after, query=query, rank=rank, rare=rare
    )
    return await _places(conn, statement, values)


def by_key_statement(
    filters: Filters,
    *,
    limit: int,
    after: After | None = None,
    query: str | None = None,
    rank: int = 0,
    rare: bool = False,
) -> tuple[Composed, dict[str, object]]:
    """The same as a statement and its values; `rare` is what few places are like."""
    values = values_of(filters) | {"limit": limit, "rank": rank}
    conditions = conditions_of(filters)
    if query is not None:
        values |= {"query": query}
        conditions.append(_MATCHING)
    together = SQL(" AND ").join(conditions)
    begun: Composable = SQL("true")
    if after is not None:
        values |= {"owner": after[1], "location_id": after[2]}
        begun = SQL("(owner, location_id) > (%(owner)s, %(location_id)s)")
    source = _RARE.format(conditions=together) if rare else _COMMON.format(begun=begun)
    statement = _BY_KEY.format(columns=COLUMNS, source=source, conditions=together, begun=begun)
    return statement, values


async def words_like(conn: Hot, filters: Filters, beginning: str) -> list[str]:
    """Some of the words that places of the same CPOs have and that begin so."""
    of_owners = Filters(filters.owners, filters.tokens)
    conditions = SQL(" AND ").join((*conditions_of(of_owners), _MATCHING))
    values = values_of(of_owners) | {"query": f"'{beginning}':*", "beginning": beginning}
    cursor = await conn.execute(_WORDS_LIKE.format(conditions=conditions), values)
    return [lexeme for (lexeme,) in await cursor.fetchall()]


async def of(conn: Hot, keys: Sequence[tuple[str, str]]) -> list[Place]:
    """The places of these owners and folded ids, in no order; also those that are not listed."""
    statement = SQL("""
SELECT {columns}, 0::float8 AS away, h.document AS opening, h.time_zone
FROM unnest(%(owners)s::text[], %(ids)s::text[]) AS k (owner, location_id)
JOIN places p USING (owner, location_id) LEFT JOIN opening_hours h ON h.id = p.hours
""").format(columns=COLUMNS)
    values: dict[str, object] = {
        "owners": [owner for owner, _ in keys],
        "ids": [each for _, each in keys],
    }
    return await _places(conn, statement, values)


async def opening_hours(conn: Hot) -> list[tuple[str, dict[str, Any], str]]:
    """Every opening hours that a place has: its id, the hours, and their time zone."""
    cursor = await conn.execute("SELECT id, document, time_zone FROM opening_hours")
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def _places(conn: Hot, statement: Composed, values: dict[str, object]) -> list[Place]:
    async with conn.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


def _bounded(views: Sequence[View]) -> bool:
    return all(view.box is not None and view.box.east - view.box.west < 10 for view in views)


async def _is_rare(conn: Hot, conditions: Sequence[Composable], values: dict[str, object]) -> bool:
    """Whether few places are like that, as far as a sample tells."""
    statement = _SAMPLE.format(conditions=SQL(" AND ").join(conditions))
    (is_rare,) = await one_row(conn, statement, values)
    return bool(is_rare)


def _inside(box: Box, number: int, values: dict[str, object]) -> Composable:
    low, high = box.corners()
    values |= {
        f"left{number}": low.x,
        f"low{number}": low.y,
        f"right{number}": high.x,
        f"high{number}": high.y,
    }
    return SQL(
        f"position <@ box(point(%(left{number})s, %(low{number})s),"
        f" point(%(right{number})s, %(high{number})s))"
    )


def _further(number: int, after: After, values: dict[str, object]) -> Composable:
    values |= {"away": after[0], "owner": after[1], "location_id": after[2]}
    return SQL(
        f"(position <-> point(%(x{number})s, %(y{number})s), owner, location_id)"
        " > (%(away)s::float8, %(owner)s, %(location_id)s)"
    )
