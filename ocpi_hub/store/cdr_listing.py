"""The list of CDRs for an operator: each with its verdict, its dispute and where it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which CDRs; None is any. Parties are Party.keys; `disputed` is for open disputes only.

    A CDR belongs to the moment its session ended, `ended_from` included and `ended_to` not.
    """

    owner: str | None = None
    emsp: str | None = None
    verdicts: Sequence[str] | None = None
    flag: str | None = None
    state: str | None = None
    disputed: bool = False
    ended_from: datetime | None = None
    ended_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One CDR, its ids and amounts as the CPO sent them.

    What clearing says is None until it has been priced. Exact amounts are negative for a Credit
    CDR; `dispute` is the state of the last one.
    """

    created: int
    owner: str
    id: str
    emsp: str
    session_id: str | None
    credit: bool
    credit_reference_id: str | None
    started_at: datetime | None
    ended_at: datetime | None
    received_at: datetime
    state: str
    currency: str
    energy: Decimal
    excl_vat: Decimal
    incl_vat: Decimal | None
    exact_excl_vat: Decimal | None
    exact_incl_vat: Decimal | None
    verdict: str | None
    sentence: str | None
    flags: list[dict[str, Any]]
    dispute: str | None
    dispute_reason: str | None


# The documents are read of those alone that are listed. Without an end a CDR belongs to its start,
# as in the settlement.
_STATEMENT = """
    WITH chosen AS (
        SELECT kept.*, cleared.verdict, cleared.sentence, cleared.flags, cleared.brief,
               disputed.state AS dispute, disputed.reason AS dispute_reason,
               CASE WHEN kept.credit THEN -1 ELSE 1 END AS sign
          FROM hub.cdrs AS kept
          LEFT JOIN hub.clearings AS cleared
            ON cleared.owner = kept.owner AND cleared.id = kept.id
          LEFT JOIN LATERAL (SELECT state, reason FROM hub.disputes
                              WHERE disputes.owner = kept.owner AND disputes.cdr_id = kept.id
                              ORDER BY disputes.id DESC LIMIT 1) AS disputed ON true
         WHERE kept.created < %(before)s
           AND (%(owner)s::text IS NULL OR kept.owner = %(owner)s)
           AND (%(emsp)s::text IS NULL OR kept.emsp = %(emsp)s)
           AND (%(state)s::text IS NULL OR kept.state = %(state)s)
           AND (%(verdicts)s::text[] IS NULL OR cleared.verdict = ANY (%(verdicts)s))
           AND (%(flag)s::text IS NULL
                OR cleared.flags @> jsonb_build_array(jsonb_build_object('code', %(flag)s::text)))
           AND (NOT %(disputed)s OR disputed.state = 'open')
           AND coalesce(kept.ended_at, kept.started_at, kept.last_updated)
               >= coalesce(%(ended_from)s::timestamptz, '-infinity')
           AND coalesce(kept.ended_at, kept.started_at, kept.last_updated)
               < coalesce(%(ended_to)s::timestamptz, 'infinity')
         ORDER BY kept.created DESC LIMIT %(limit)s
    )
    SELECT created, owner, sent.cdr ->> 'id' AS id, emsp, sent.cdr ->> 'session_id' AS session_id,
           credit, sent.cdr ->> 'credit_reference_id' AS credit_reference_id,
           started_at, ended_at, received_at, state, sent.cdr ->> 'currency' AS currency,
           (sent.cdr ->> 'total_energy')::numeric AS energy,
           (sent.cdr #>> '{total_cost,excl_vat}')::numeric AS excl_vat,
           (sent.cdr #>> '{total_cost,incl_vat}')::numeric AS incl_vat,
           sign * (cost ->> 'excl_vat')::numeric AS exact_excl_vat,
           sign * (cost ->> 'incl_vat')::numeric AS exact_incl_vat,
           verdict, sentence, coalesce(flags, '[]') AS flags, dispute, dispute_reason
      FROM chosen
     CROSS JOIN LATERAL (SELECT ltrim(convert_from(raw, 'UTF8'), chr(65279))::jsonb AS cdr) AS sent
      -- What cannot be compared may be in another currency.
     CROSS JOIN LATERAL (SELECT CASE WHEN verdict <> 'not_comparable'
                                     THEN brief #> '{price,total_cost}' END AS cost) AS exact
     ORDER BY created DESC
"""
_NEWEST = 2**63 - 1


async def listed(conn: Hot, wanted: Wanted, *, limit: int | None) -> AsyncIterator[Listed]:
    """The CDRs that are wanted, the last to arrive first; all of them without a limit.

    They are read in portions, so that a long list is neither held nor cut off.
    """
    values = {each.name: getattr(wanted, each.name) for each in fields(Wanted)}
    before, left = _NEWEST, limit
    while left is None or left > 0:
        portion = _PAGE if left is None else min(left, _PAGE)
        # A plan of its own each time: what is wanted decides which index is best.
        async with conn.cursor(row_factory=class_row(Listed)) as cursor:
            await cursor.execute(
                _STATEMENT, values | {"before": before, "limit": portion}, prepare=False
            )
            found = await cursor.fetchall()
        for row in found:
            yield row
        if len(found) < portion:
            return
        before, left = found[-1].created, None if left is None else left - portion


async def credited_by(conn: Hot, owner: str, *, cdr_id: str) -> str | None:
    """The id of the Credit CDR that takes a CDR back, if one came that was not refused."""
    cursor = await conn.execute(
        "SELECT ltrim(convert_from(raw, 'UTF8'), chr(65279))::jsonb ->> 'id' FROM hub.cdrs"
        " WHERE owner = %s AND credit_of = %s AND credit AND state <> 'refused'"
        " ORDER BY created LIMIT 1",
        (owner, cdr_id.lower()),
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]
