"""What the CDRs between a CPO and an eMSP claim in a span of time, for their settlement."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot, one_row

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Bill:
    """One CDR that was priced: what it claims, with its sign, and what it should cost.

    `vat` has the claimed amounts by rate, see store/clearings.py. The original is that of a Credit
    CDR, None where the hub does not have it.
    """

    id: str
    session_end: datetime
    state: str
    disputed: bool
    credit: bool
    currency: str
    energy: Decimal
    excl_vat: Decimal
    incl_vat: Decimal | None
    vat: list[dict[str, Any]]
    exact_excl_vat: Decimal | None
    exact_incl_vat: Decimal | None
    original_state: str | None = None
    original_excl_vat: Decimal | None = None
    original_incl_vat: Decimal | None = None
    original_vat: list[dict[str, Any]] | None = None


# The exact price, which stands unsigned in the explanation, is read of the portion alone. The
# price of a CDR that cannot be compared may be in another currency.
_BILLS = """
    WITH cleared AS (
        SELECT * FROM hub.clearings
         WHERE owner = %(owner)s AND emsp = %(emsp)s
           AND session_end >= %(after)s AND session_end < %(end)s
           AND (session_end, id) > (%(after)s, %(after_id)s)
         ORDER BY session_end, id LIMIT %(limit)s
    )
    SELECT cleared.id, cleared.session_end, kept.state, cleared.credit, cleared.currency,
           cleared.energy, cleared.excl_vat, cleared.incl_vat, cleared.vat,
           EXISTS (SELECT FROM hub.disputes
                    WHERE disputes.owner = cleared.owner AND disputes.cdr_id = cleared.id
                      AND disputes.state = 'open') AS disputed,
           signed.sign * (cost ->> 'excl_vat')::numeric AS exact_excl_vat,
           signed.sign * (cost ->> 'incl_vat')::numeric AS exact_incl_vat,
           original_kept.state AS original_state, original.excl_vat AS original_excl_vat,
           original.incl_vat AS original_incl_vat, original.vat AS original_vat
      FROM cleared
      JOIN hub.cdrs AS kept ON kept.owner = cleared.owner AND kept.id = cleared.id
     CROSS JOIN LATERAL (SELECT CASE WHEN cleared.credit THEN -1 ELSE 1 END AS sign,
                                CASE WHEN cleared.verdict <> 'not_comparable'
                                     THEN cleared.brief #> '{price,total_cost}'
                                END AS cost) AS signed
      LEFT JOIN hub.cdrs AS original_kept
        ON cleared.credit AND original_kept.owner = cleared.owner
       AND original_kept.id = lower(cleared.credit_of)
      LEFT JOIN hub.clearings AS original
        ON original.owner = original_kept.owner AND original.id = original_kept.id
     ORDER BY cleared.session_end, cleared.id
"""
_UNPRICED = """
    SELECT count(*) FROM hub.cdrs AS kept
     WHERE owner = %(owner)s AND emsp = %(emsp)s
       AND coalesce(ended_at, started_at, last_updated) >= %(start)s
       AND coalesce(ended_at, started_at, last_updated) < %(end)s
       AND NOT EXISTS (SELECT FROM hub.clearings AS cleared
                        WHERE cleared.owner = kept.owner AND cleared.id = kept.id)
"""


async def bills(
    conn: Hot, owner: str, *, emsp: str, start: datetime, end: datetime
) -> AsyncIterator[Bill]:
    """Every priced CDR of a pair whose session ended from `start` to before `end`.

    Of one moment, if the connection is in a transaction of `one_moment`.
    """
    values = {"owner": owner, "emsp": emsp, "end": end, "limit": _PAGE}
    after, after_id = start, ""
    while True:
        async with conn.cursor(row_factory=class_row(Bill)) as cursor:
            await cursor.execute(_BILLS, values | {"after": after, "after_id": after_id})
            found = await cursor.fetchall()
        for bill in found:
            yield bill
        if len(found) < _PAGE:
            return
        after, after_id = found[-1].session_end, found[-1].id


async def unpriced(conn: Hot, owner: str, *, emsp: str, start: datetime, end: datetime) -> int:
    """How many CDRs of the same have not been priced yet."""
    values = {"owner": owner, "emsp": emsp, "start": start, "end": end}
    (count,) = await one_row(conn, _UNPRICED, values)
    return int(count)


async def one_moment(conn: Hot) -> None:
    """Have the transaction that begins with this see the state of one moment throughout."""
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
