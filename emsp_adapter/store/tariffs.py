"""SQL of Tariffs. Every version is kept: a charge is priced with the one that its driver saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from emsp_adapter.store.outcomes import Outcome, takes_the_place
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.jsontext import same
from ocpi_hub.protocol.party import Party

_LOCK = """
SELECT document, last_updated, deleted_at FROM tariffs WHERE owner = %s AND id = %s FOR UPDATE
"""

_PUT = """
INSERT INTO tariffs AS t
    (owner, id, document, kwh_price, currency, starts_at, ends_at, last_updated)
VALUES (%(owner)s, %(id)s, %(document)s, %(kwh_price)s, %(currency)s, %(starts_at)s, %(ends_at)s,
    %(last_updated)s)
ON CONFLICT (owner, id) DO UPDATE
SET document = excluded.document, kwh_price = excluded.kwh_price, currency = excluded.currency,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at,
    last_updated = excluded.last_updated, deleted_at = NULL
"""

_KEEP_VERSION = """
INSERT INTO tariff_versions (owner, id, document, last_updated, received_at)
VALUES (%(owner)s, %(id)s, %(document)s, %(last_updated)s, %(now)s)
"""

# What was known by then counts; only without any, what came later with an older stamp: a stamp that
# was set back changes nothing that a driver saw (T22).
_VERSIONS_AT = """
SELECT DISTINCT ON (id) id, document FROM tariff_versions
WHERE owner = %(owner)s AND id = ANY (%(ids)s)
    AND (received_at <= %(at)s OR last_updated <= %(at)s)
ORDER BY id, received_at <= %(at)s DESC, seq DESC
"""

_DELETED = """
SELECT id FROM tariffs WHERE owner = %(owner)s AND id = ANY (%(ids)s) AND deleted_at <= %(at)s
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """A Tariff with what a search needs of it."""

    document: dict[str, Any]
    kwh_price: Decimal | None
    starts_at: datetime | None
    ends_at: datetime | None
    last_updated: datetime


async def put(
    conn: Hot, party: Party, offer: Offer, *, now: datetime, pulled: bool = False
) -> Outcome:
    """Creates or replaces a Tariff; one that was deleted comes back as CREATED (TAR-01)."""
    tariff_id = offer.document["id"].lower()
    found = await (await conn.execute(_LOCK, (party.key, tariff_id))).fetchone()
    if found is not None:
        document, last_updated, deleted_at = found
        if not takes_the_place(offer.last_updated, last_updated, now=now, pulled=pulled):
            return Outcome.STALE
        if deleted_at is None and same(document, offer.document):
            return Outcome.UNCHANGED
    values = {
        "owner": party.key,
        "id": tariff_id,
        "document": Jsonb(offer.document),
        "kwh_price": offer.kwh_price,
        "currency": offer.document["currency"].upper(),
        "starts_at": offer.starts_at,
        "ends_at": offer.ends_at,
        "last_updated": offer.last_updated,
        "now": now,
    }
    await conn.execute(_PUT, values)
    await conn.execute(_KEEP_VERSION, values)
    return Outcome.CREATED if found is None or found[2] is not None else Outcome.UPDATED


async def delete(conn: Hot, party: Party, tariff_id: str, *, now: datetime) -> Outcome:
    """Offers a Tariff no more; its versions stay. UNKNOWN is a 404 (TAR-02)."""
    cursor = await conn.execute(
        "UPDATE tariffs SET deleted_at = %s WHERE owner = %s AND id = %s AND deleted_at IS NULL",
        (now, party.key, tariff_id.lower()),
    )
    return Outcome.UPDATED if cursor.rowcount else Outcome.UNKNOWN


async def current(conn: Hot, party: Party, tariff_id: str) -> dict[str, Any] | None:
    """The Tariff as it is offered now; None when it is not, or not any more."""
    cursor = await conn.execute(
        "SELECT document FROM tariffs WHERE owner = %s AND id = %s AND deleted_at IS NULL",
        (party.key, tariff_id.lower()),
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def versions_at(
    conn: Hot, party: Party, tariff_ids: Sequence[str], at: datetime
) -> list[dict[str, Any]]:
    """Each of these Tariffs as it was known at a moment, whatever became of it since, in the order
    of the ids."""
    ids = list(dict.fromkeys(each.lower() for each in tariff_ids))
    values = {"owner": party.key, "ids": ids, "at": at}
    found: dict[str, dict[str, Any]] = dict(
        await (await conn.execute(_VERSIONS_AT, values)).fetchall()
    )
    return [found[each] for each in ids if each in found]


async def deleted_at(
    conn: Hot, party: Party, tariff_ids: Sequence[str], at: datetime
) -> frozenset[str]:
    """Which of these Tariffs were not offered any more at a moment, by their folded ids."""
    values = {"owner": party.key, "ids": [each.lower() for each in tariff_ids], "at": at}
    cursor = await conn.execute(_DELETED, values)
    return frozenset(each for (each,) in await cursor.fetchall())


async def spread(conn: Hot, party: Party, tariff_id: str, *, to: str | None) -> None:
    """Notes up to which Location the price of a Tariff was taken over; None: everywhere."""
    await conn.execute(
        "UPDATE tariffs SET spread_to = %s WHERE owner = %s AND id = %s",
        (to, party.key, tariff_id.lower()),
    )


async def spreading(conn: Hot, *, limit: int) -> list[tuple[Party, str]]:
    """Tariffs whose price is not taken over everywhere yet."""
    cursor = await conn.execute(
        "SELECT owner, id FROM tariffs WHERE spread_to IS NOT NULL LIMIT %s", (limit,)
    )
    return [(Party.of_key(owner), tariff_id) for owner, tariff_id in await cursor.fetchall()]


async def spread_to(conn: Hot, party: Party, tariff_id: str) -> str | None:
    """Up to which Location the price of a Tariff was taken over; None: everywhere."""
    cursor = await conn.execute(
        "SELECT spread_to FROM tariffs WHERE owner = %s AND id = %s", (party.key, tariff_id)
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]
