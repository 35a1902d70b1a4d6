"""SQL that keeps what a search looks at: a row for each Location, true as of each transaction.

Whoever changes which Tariffs there are, or which of them a place names, locks the CPO's prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party

# Advisory locks: the prices of a CPO's places, and the opening hours that are shared.
_PRICES, _HOURS = 5_101, 5_102

_DESCRIBE = """
INSERT INTO places (owner, location_id, key, name, address, city, postal_code, country, operator,
    lat, lon, position, words, published, allowed_to, hours)
VALUES (%(owner)s, %(location_id)s, %(key)s, %(name)s, %(address)s, %(city)s, %(postal_code)s,
    %(country)s, %(operator)s, %(lat)s, %(lon)s, point(%(x)s, %(y)s),
    %(words)s::tsvector, %(published)s, %(allowed_to)s, %(hours)s)
ON CONFLICT (owner, location_id) DO UPDATE
SET key = excluded.key, name = excluded.name, address = excluded.address, city = excluded.city,
    postal_code = excluded.postal_code, country = excluded.country,
    operator = excluded.operator, lat = excluded.lat, lon = excluded.lon,
    position = excluded.position, words = excluded.words, published = excluded.published,
    allowed_to = excluded.allowed_to, hours = excluded.hours
"""

# What is not there yet, or not any more, is not counted.
_RECOUNT = """
WITH usable AS MATERIALIZED (
    SELECT location_id, status = 'AVAILABLE' AS free, standards, watts, tariff_ids, last_updated
    FROM evses
    WHERE owner = %(owner)s AND location_id = ANY (%(ids)s) AND NOT absent
        AND status NOT IN ('PLANNED', 'REMOVED')
),
counted AS (
    SELECT location_id, count(*) AS evses, count(*) FILTER (WHERE free) AS free,
        max(last_updated) AS status_at
    FROM usable GROUP BY location_id
),
kinds AS (
    SELECT u.location_id, c.standard, c.watts, count(*) FILTER (WHERE u.free) AS free
    FROM usable u CROSS JOIN LATERAL (
        SELECT DISTINCT * FROM unnest(u.standards, u.watts) AS each (standard, watts)
    ) AS c
    GROUP BY u.location_id, c.standard, c.watts
),
offered AS (
    SELECT location_id, array_agg(DISTINCT standard ORDER BY standard) AS plugs,
        max(watts) AS max_watts,
        jsonb_agg(jsonb_build_object('standard', standard, 'watts', watts, 'free', free)
            ORDER BY watts DESC, standard) AS offers
    FROM kinds GROUP BY location_id
),
named AS (
    SELECT location_id, array_agg(DISTINCT id ORDER BY id) AS tariff_ids
    FROM usable CROSS JOIN unnest(tariff_ids) AS id GROUP BY location_id
)
UPDATE places p
SET evses = coalesce(c.evses, 0), free = coalesce(c.free, 0), status_at = c.status_at,
    plugs = coalesce(o.plugs, '{}'), max_watts = o.max_watts, offers = coalesce(o.offers, '[]'),
    tariff_ids = coalesce(n.tariff_ids, '{}'), listed = p.published AND c.evses IS NOT NULL
FROM unnest(%(ids)s::text[]) AS given (location_id)
LEFT JOIN counted c USING (location_id)
LEFT JOIN offered o USING (location_id)
LEFT JOIN named n USING (location_id)
WHERE p.owner = %(owner)s AND p.location_id = given.location_id
"""

_REPRICE = """
UPDATE places p
SET kwh_price = n.kwh_price, currency = n.currency, priced_until = n.priced_until
FROM (
    SELECT w.location_id, cheapest.kwh_price, cheapest.currency, turns.priced_until
    FROM places w
    LEFT JOIN LATERAL (
        SELECT t.kwh_price, t.currency FROM tariffs t
        WHERE t.owner = w.owner AND t.id = ANY (w.tariff_ids) AND t.deleted_at IS NULL
            AND t.kwh_price IS NOT NULL AND coalesce(t.starts_at <= %(now)s, true)
            AND coalesce(t.ends_at > %(now)s, true)
        ORDER BY t.kwh_price, t.id LIMIT 1
    ) AS cheapest ON true
    CROSS JOIN LATERAL (
        SELECT min(turn) AS priced_until
        FROM tariffs t CROSS JOIN unnest(ARRAY[t.starts_at, t.ends_at]) AS turn
        WHERE t.owner = w.owner AND t.id = ANY (w.tariff_ids) AND t.deleted_at IS NULL
            AND turn > %(now)s
    ) AS turns
    WHERE w.owner = %(owner)s AND w.location_id = ANY (%(ids)s)
) AS n
WHERE p.owner = %(owner)s AND p.location_id = n.location_id
    AND (p.kwh_price, p.currency, p.priced_until)
        IS DISTINCT FROM (n.kwh_price, n.currency, n.priced_until)
"""
_NAMING = """
SELECT location_id FROM places
WHERE owner = %(owner)s AND tariff_ids @> ARRAY[%(tariff_id)s::text] AND location_id > %(after)s
ORDER BY location_id LIMIT %(limit)s
"""

_DUE = """
SELECT owner, array_agg(location_id) FROM (
    SELECT owner, location_id FROM places WHERE priced_until <= %s ORDER BY priced_until LIMIT %s
) AS due GROUP BY owner
"""


@dataclass(frozen=True, slots=True)
class Description:
    """What a Location says of itself; `x` and `y` are metres of the projection, `words` the
    tsvector that it is found by."""

    key: str
    name: str | None
    address: str
    city: str
    postal_code: str | None
    country: str
    operator: str
    lat: float
    lon: float
    x: float
    y: float
    words: str
    published: bool
    # The names of the tokens whose owners alone are shown it.
    allowed_to: Sequence[str]


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours, under a digest of them and their time zone."""

    id: str
    document: dict[str, object]
    time_zone: str


async def describe(
    conn: Hot, party: Party, location_id: str, *, description: Description, hours: Hours | None
) -> None:
    """Takes over what a Location says of itself."""
    if hours is not None:
        await conn.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", (_HOURS,))
        await conn.execute(
            "INSERT INTO opening_hours (id, document, time_zone) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (hours.id, Jsonb(hours.document), hours.time_zone),
        )
    values = asdict(description) | {
        "owner": party.key,
        "location_id": location_id.lower(),
        "hours": None if hours is None else hours.id,
    }
    await conn.execute(_DESCRIBE, values)


async def recount(conn: Hot, party: Party, location_ids: Sequence[str]) -> None:
    """Counts anew what the EVSEs of Locations offer."""
    ids = [each.lower() for each in location_ids]
    await conn.execute(_RECOUNT, {"owner": party.key, "ids": ids})


async def lock_prices(conn: Hot, party: Party, *, shared: bool = False) -> None:
    """Keeps the prices of a CPO's places to this transaction: else a Tariff and a place that names
    it, new at the same time, would not see each other. Places share them, Tariffs do not."""
    kind = b"pg_advisory_xact_lock_shared" if shared else b"pg_advisory_xact_lock"
    await conn.execute(b"SELECT " + kind + b"(%s, hashtext(%s))", (_PRICES, party.key))


async def reprice(conn: Hot, party: Party, location_ids: Sequence[str], *, now: datetime) -> None:
    """Looks up anew what a kWh costs at Locations."""
    ids = [each.lower() for each in location_ids]
    await conn.execute(_REPRICE, {"owner": party.key, "ids": ids, "now": now})


async def naming(conn: Hot, party: Party, tariff_id: str, *, after: str, limit: int) -> list[str]:
    """Locations that name a Tariff, in the order of their folded ids."""
    values = {"owner": party.key, "tariff_id": tariff_id.lower(), "after": after, "limit": limit}
    return [each for (each,) in await (await conn.execute(_NAMING, values)).fetchall()]


async def naming_tokens(conn: Hot, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names of tokens that a Location has on its list."""
    cursor = await conn.execute(
        "SELECT DISTINCT token FROM unnest(%s::text[]) AS given (token)"
        " WHERE EXISTS (SELECT FROM places"
        " WHERE allowed_to @> ARRAY[given.token] AND allowed_to <> '{}') ORDER BY token",
        (list(names),),
    )
    return tuple(token for (token,) in await cursor.fetchall())


async def due(conn: Hot, *, now: datetime, limit: int) -> list[tuple[Party, list[str]]]:
    """Where a Tariff has begun or ended since the price was looked up, by CPO."""
    rows = await (await conn.execute(_DUE, (now, limit))).fetchall()
    return [(Party.of_key(owner), ids) for owner, ids in rows]


async def without_weights(
    conn: Hot, *, after: tuple[str, str], limit: int
) -> list[tuple[Party, str]]:
    """Places whose words are not weighed, as an earlier version kept them, in the order of their
    keys."""
    cursor = await conn.execute(
        "SELECT owner, location_id FROM places"
        " WHERE (owner, location_id) > (%s, %s) AND words = strip(words) AND words <> ''"
        " ORDER BY owner, location_id LIMIT %s",
        (*after, limit),
    )
    return [(Party.of_key(owner), id_) for owner, id_ in await cursor.fetchall()]


async def forget_hours(conn: Hot) -> int:
    """Drops opening hours that no place has any more, in a transaction of the caller's; how many
    those were. Nobody may be about to take them."""
    await conn.execute("SELECT pg_advisory_xact_lock(%s, 0)", (_HOURS,))
    cursor = await conn.execute(
        "DELETE FROM opening_hours h WHERE NOT EXISTS (SELECT FROM places p WHERE p.hours = h.id)"
    )
    return cursor.rowcount
