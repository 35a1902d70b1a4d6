"""The map of the driver API over 400,000 EVSEs, beside a read of as many rows by their key.

Ours is what the API asks for: the statement, its rows as places, and their opening hours beside.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL

from emsp_adapter.network import finding
from emsp_adapter.network.clusters import Overviews
from emsp_adapter.network.mercator import Box
from emsp_adapter.network.spelling import words
from emsp_adapter.network.text_search import best_first
from emsp_adapter.network.views import from_point, in_box
from emsp_adapter.store import places, search
from emsp_adapter.store.filters import Filters
from emsp_adapter.store.schema import EMSP_SCHEMA
from emsp_adapter.store.search import View
from emsp_adapter.store.tables import SCHEMA
from ocpi_hub.node.engine import Database, Hot, open_database
from ocpi_hub.protocol.party import Party
from tests.bench.figures import Figure, compare, shown

_NAME = "bench_map"
_OWNER = Party("NL", "CPO")
_LOCATIONS, _EVSES_EACH = 100_000, 4
_TOWNS = 500
_BATCH = 20_000
_ROWS = 50
_CALLS = 40
_GOAL = 5.0
_INDEX, _WORDS_INDEX = "places_position_ix", "places_words_ix"
_ALL = Filters(owners=(_OWNER.key,))
_FREE_AND_FAST = Filters(
    owners=(_OWNER.key,), plugs=("IEC_62196_T2_COMBO",), min_watts=100_000, free=True
)
_TEXTS = (
    ("one name of all", "Station 4711"),
    ("the same with a slip", "Statoin 4711"),
    ("a word that few have", "town 17"),
)
_WORLD = Box(-180.0, -85.0, 180.0, 85.0)

# A part of a continent, most of it in and around towns; every draw of a row is its own.
_PLACES = """
INSERT INTO places (owner, location_id, key, name, address, city, country, operator,
    lat, lon, position, words, published, listed)
SELECT %(owner)s, 'loc' || n, 'NL*CPO*LOC' || n, 'Station ' || n, 'Market ' || n, 'Town ' || town,
    'NLD', 'Example Charging ' || n %% 7, lat, lon,
    point(6378137 * radians(lon), 6378137 * ln(tan(pi() / 4 + radians(lat) / 2))),
    ('''^station ' || n || ''':1A station:1A ' || n || ':1A,2B market:2B town:2B ' || town
        || ':2B example:3C')::tsvector,
    true, true
FROM (
    SELECT n, town, 44 + (town * 7919 %% 1000) / 100.0 + (random() - 0.5) ^ 3 AS lat,
        -3 + (town * 104729 %% 1500) / 100.0 + (random() - 0.5) ^ 3 AS lon
    FROM (
        SELECT n, n * 31 %% %(towns)s AS town
        FROM generate_series(%(first)s::int, %(last)s::int) n
    ) AS spread
) AS drawn
"""
_EVSES = """
INSERT INTO evses (owner, location_id, uid, document, position, status, standards, watts,
    tariff_ids, last_updated)
SELECT %(owner)s, 'loc' || n, 'evse' || e, '{}', e,
    CASE WHEN (n + e) %% 3 = 0 THEN 'CHARGING' ELSE 'AVAILABLE' END,
    CASE WHEN e = 1 THEN '{IEC_62196_T2,IEC_62196_T2_COMBO}' ELSE '{IEC_62196_T2}' END::text[],
    CASE WHEN e = 1 THEN '{22000,150000}' ELSE '{11000}' END::int[],
    ARRAY['tariff' || n %% 20], '2026-01-15'
FROM generate_series(%(first)s::int, %(last)s::int) n, generate_series(1, %(each)s::int) e
"""
_TARIFFS = """
INSERT INTO tariffs (owner, id, document, kwh_price, currency, last_updated)
SELECT %(owner)s, 'tariff' || n, '{}', 0.30 + n / 100.0, 'EUR', '2026-01-15'
FROM generate_series(0, 19) n
"""


_BY_KEY = SQL(
    "SELECT {} FROM unnest(%s::text[], %s::text[]) AS k (owner, location_id)"
    " JOIN places USING (owner, location_id)"
).format(search.COLUMNS)

Look = Callable[[int], Awaitable[Sequence[object]]]


async def bench(postgres_url: str) -> list[Figure]:
    """Milliseconds of a page of 50, and of the map of the world."""
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as conn:
        await conn.execute(SQL("CREATE DATABASE {}").format(SQL(_NAME)))
    url = urlsplit(postgres_url)._replace(path=f"/{_NAME}").geturl()
    await EMSP_SCHEMA.migrate(url)
    async with open_database(url, schema=SCHEMA, pool_size=2) as db:
        await _seed(db)
        async with db.hot() as conn:
            await _check_plans(conn)
            figures = [
                await _page("nearest 50", conn, partial(_nearest, conn, _ALL), goal=_GOAL),
                await _page("50 in a box", conn, partial(_boxed, conn, _ALL), goal=_GOAL),
                await _page(
                    "nearest 50, free and fast", conn, partial(_nearest, conn, _FREE_AND_FAST)
                ),
                await _page("50 by a word that all have", conn, partial(_named, conn, "station")),
                *[await _timed(conn, what, text) for what, text in _TEXTS],
            ]
        return [*figures, *await _world(db)]


async def _page(what: str, conn: Hot, look: Look, *, goal: float | None = None) -> Figure:
    turns = itertools.count()
    return await compare(
        f"map: {what} / 50 rows by key",
        partial(_each, look, turns),
        partial(_each, partial(_by_key, conn), turns),
        unit="ms",
        goal=goal,
        floor=False,
    )


async def _each(look: Look, turns: itertools.count[int]) -> float:
    """Milliseconds that a look takes, from one town after the other."""
    begun = time.perf_counter()
    for _ in range(_CALLS):
        found = await look(next(turns) % _TOWNS)
        if len(found) != _ROWS:
            raise RuntimeError(f"{len(found)} places were found, not {_ROWS}")
    return (time.perf_counter() - begun) / _CALLS * 1000


async def _nearest(conn: Hot, filters: Filters, town: int) -> Sequence[object]:
    return await search.nearest(conn, from_point(*_centre(town)), filters, limit=_ROWS)


async def _boxed(conn: Hot, filters: Filters, town: int) -> Sequence[object]:
    return await search.nearest(conn, _box(town), filters, limit=_ROWS)


async def _named(conn: Hot, text: str, town: int) -> Sequence[object]:
    return await finding.by_words(conn, _ALL, words(text), limit=_ROWS)


async def _timed(conn: Hot, what: str, text: str) -> Figure:
    """Milliseconds that a text takes, of the fastest of some times."""
    times = []
    for _ in range(_CALLS):
        begun = time.perf_counter()
        found = await _named(conn, text, 0)
        times.append((time.perf_counter() - begun) * 1000)
        if not found:
            raise RuntimeError(f"nothing was found for {text!r}")
    return shown(f"map: {what}", min(times), "ms")


async def _by_key(conn: Hot, town: int) -> Sequence[object]:
    ids = [f"loc{(town * 7 + n * 1999) % _LOCATIONS}" for n in range(_ROWS)]
    return await (await conn.execute(_BY_KEY, ([_OWNER.key] * _ROWS, ids))).fetchall()


async def _check_plans(conn: Hot) -> None:
    """RuntimeError unless the index of positions gives the rows, in its order, and that of words
    those of a text that few have."""
    for views in (from_point(*_centre(0)), _box(0)):
        statement, values = search.nearest_statement(views, _ALL, limit=_ROWS)
        plan = await (await conn.execute(SQL("EXPLAIN ") + statement, values)).fetchall()
        lines = [line for (line,) in plan]
        if not any(_INDEX in line for line in lines) or not any(
            "Order By" in line for line in lines
        ):
            raise RuntimeError("\n".join(("the index is not used:", *lines)))
    for query in best_first(words("Station 4711")):
        statement, values = search.by_key_statement(_ALL, limit=_ROWS, query=query, rare=True)
        plan = await (await conn.execute(SQL("EXPLAIN ") + statement, values)).fetchall()
        if not any(_WORDS_INDEX in line for (line,) in plan):
            raise RuntimeError("\n".join((f"no index for {query}:", *(each for (each,) in plan))))


async def _world(db: Database) -> list[Figure]:
    now = 0.0
    overviews = Overviews(clock=lambda: now)
    figures = []
    for what in ("the world in clusters, counted", "the same within ten seconds"):
        begun = time.perf_counter()
        await overviews.cells(db, _WORLD, 4, _ALL)
        figures.append(shown(f"map: {what}", (time.perf_counter() - begun) * 1000, "ms"))
    return figures


def _centre(town: int) -> tuple[float, float]:
    return 44 + town * 7919 % 1000 / 100, -3 + town * 104729 % 1500 / 100


def _box(town: int) -> list[View]:
    lat, lon = _centre(town)
    return in_box(Box(lon - 0.2, lat - 0.2, lon + 0.2, lat + 0.2), None)


async def _seed(db: Database) -> None:
    """Puts 100,000 Locations of four EVSEs each where a search looks."""
    async with db.hot() as conn:
        await conn.execute("SET statement_timeout = 0")
        await conn.execute("SELECT setseed(0.5)")
        await conn.execute(_TARIFFS, {"owner": _OWNER.key})
        for first in range(0, _LOCATIONS, _BATCH):
            await _seed_batch(conn, first)
        await conn.execute("VACUUM ANALYZE evses, places, tariffs")
        await conn.execute("RESET statement_timeout")


async def _seed_batch(conn: Hot, first: int) -> None:
    values = {
        "owner": _OWNER.key,
        "first": first,
        "last": first + _BATCH - 1,
        "towns": _TOWNS,
        "each": _EVSES_EACH,
    }
    await conn.execute(_PLACES, values)
    await conn.execute(_EVSES, values)
    ids = [f"loc{n}" for n in range(first, first + _BATCH)]
    await places.recount(conn, _OWNER, ids)
    await places.reprice(conn, _OWNER, ids, now=datetime.now(UTC))
