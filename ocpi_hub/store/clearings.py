"""What each CDR should cost, beside it: the verdict, why, and what was claimed.

Whose dispute it is stands in store/disputes.py, what the pair agreed in store/clearing_modes.py;
a withheld CDR is released or refused in store/custody.py.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot
from ocpi_hub.store.custody import COLUMNS, Cdr
from ocpi_hub.store.private import Listing, Pager


@dataclass(frozen=True, slots=True)
class Cleared:
    """One CDR and what clearing says of it; the amounts are those it claims, with their sign.

    `id` is folded, `cdr_id` as the CPO spells it. `clearing` is the document of the pricing
    engine, None where pricing failed (verdict `error`). `vat` has the claimed amounts by rate,
    {"rate", "excl_vat", "vat"}: the rate is null where no VAT is applicable and "unknown" where
    nobody can say, the VAT null where the CDR does not claim any. The explanation is apart: it
    may be long.
    """

    owner: str
    id: str
    cdr_id: str
    emsp: str
    session_id: str | None
    session_start: datetime | None
    session_end: datetime
    verdict: str
    sentence: str
    flags: list[dict[str, str]]
    clearing: dict[str, Any] | None
    currency: str
    energy: Decimal
    excl_vat: Decimal
    incl_vat: Decimal | None
    vat: list[dict[str, str | None]]
    credit: bool
    credit_of: str | None
    tariff: dict[str, Any] | None
    time_zone: str | None
    reservation_outcome: str | None
    engine: str
    cleared_at: datetime
    last_updated: datetime


_NAMES = [field.name for field in fields(Cleared)]
_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, _NAMES))
_INSERT = sql.SQL("""
    INSERT INTO hub.clearings ({}, explanation, brief)
    VALUES ({}, %(explanation)s::json, %(brief)s::json)
        ON CONFLICT (owner, id) """).format(
    _COLUMNS, sql.SQL(", ").join(map(sql.Placeholder, _NAMES))
)
_KEEP = _INSERT + sql.SQL("DO NOTHING")
_REPLACE = _INSERT + sql.SQL("DO UPDATE SET {}").format(
    sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(n))
        for n in (*_NAMES, "explanation", "brief")
    )
)
_FIND = sql.SQL("SELECT {} FROM hub.clearings WHERE owner = %s AND id = %s").format(_COLUMNS)


async def put(
    conn: Hot,
    cleared: Cleared,
    *,
    explanation: str | None,
    brief: str | None,
    again: bool = False,
) -> bool:
    """Keep it, and whether it was kept; one that is there already is replaced only `again`.

    `explanation` is the pricing engine's, as JSON text, `brief` what lists show of it.
    """
    values = {name: _adapted(getattr(cleared, name)) for name in _NAMES}
    values |= {"explanation": explanation, "brief": brief}
    cursor = await conn.execute(_REPLACE if again else _KEEP, values)
    return cursor.rowcount > 0


def _adapted(value: object) -> object:
    return Jsonb(value) if isinstance(value, dict | list) else value


async def find(conn: Hot, owner: str, *, cdr_id: str) -> Cleared | None:
    """What clearing says of a CPO's CDR; None while it has not been priced."""
    async with conn.cursor(row_factory=class_row(Cleared)) as cursor:
        await cursor.execute(_FIND, (owner, cdr_id.lower()))
        return await cursor.fetchone()


async def explanation(conn: Hot, owner: str, *, cdr_id: str) -> dict[str, Any] | None:
    """The pricing engine's explanation in its order; None where the CDR could not be priced."""
    cursor = await conn.execute(
        "SELECT explanation FROM hub.clearings WHERE owner = %s AND id = %s",
        (owner, cdr_id.lower()),
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def uncleared(conn: Hot, *, before: datetime, limit: int) -> list[Cdr]:
    """CDRs in custody since before a moment that have not been priced, the oldest first."""
    async with conn.cursor(row_factory=class_row(Cdr)) as cursor:
        await cursor.execute(
            f"""
            SELECT {COLUMNS} FROM hub.cdrs AS kept
             WHERE received_at <= %s
               AND NOT EXISTS (SELECT FROM hub.clearings AS done
                                WHERE done.owner = kept.owner AND done.id = kept.id)
             ORDER BY created LIMIT %s
            """,  # noqa: S608 - only the column list, a constant
            (before, limit),
        )
        return await cursor.fetchall()


# --- as the two parties read it ------------------------------------------------------------------


def _moment(column: str) -> str:
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


def _party(column: str) -> str:
    return f"""json_build_object('country_code', upper(split_part({column}, '/', 1)),
                                 'party_id', upper(split_part({column}, '/', 2)))"""


_DISPUTE = f"""
    (SELECT json_build_object(
                'state', state, 'opened_by', upper(opened_by), 'reason', reason, 'note', note,
                'opened_at', {_moment("opened_at")}, 'settled_at', {_moment("settled_at")})
       FROM hub.disputes
      WHERE disputes.owner = clearings.owner AND disputes.cdr_id = clearings.id
      ORDER BY disputes.id DESC LIMIT 1)
"""  # noqa: S608 - only constants
_STATE = """
    (SELECT state FROM hub.cdrs WHERE cdrs.owner = clearings.owner AND cdrs.id = clearings.id)
"""


def _document(explanation: str) -> str:
    """The Clearing object of docs/clearing.md as JSON bytes; `explanation` is the column.

    A list never reads a long explanation: a page of them would take seconds.
    """
    return f"""convert_to(json_build_object(
        'country_code', upper(split_part(owner, '/', 1)),
        'party_id', upper(split_part(owner, '/', 2)),
        'cdr_id', cdr_id,
        'emsp', {_party("emsp")},
        'session_id', session_id,
        'cdr_state', {_STATE},
        'verdict', verdict,
        'sentence', sentence,
        'flags', flags,
        'currency', currency,
        'total_cost', json_build_object('excl_vat', excl_vat::text, 'incl_vat', incl_vat::text),
        'exact_cost', CASE WHEN verdict <> 'not_comparable'
                           THEN {explanation} #> '{{price,total_cost}}' END,
        'fields', clearing -> 'fields',
        'recipes', clearing -> 'recipes',
        'explained_by', clearing -> 'explained_by',
        'explanation', {explanation} -> 'lines',
        'vat', {explanation} -> 'vat',
        'notes', {explanation} #> '{{price,notes}}',
        'tariffs', tariff -> 'tariffs',
        'time_zone', time_zone,
        'reservation_outcome', reservation_outcome,
        'dispute', {_DISPUTE},
        'engine', engine,
        'last_updated', {_moment("last_updated")}
    )::text, 'UTF8')"""


page: Pager = Listing("hub.clearings", _document("brief"), arrived="cleared_at").page


async def document(conn: Hot, owner: str, *, cdr_id: str, viewer: str) -> bytes | None:
    """The Clearing object of a CDR for one of its two parties."""
    cursor = await conn.execute(
        f"SELECT {_document('explanation')} FROM hub.clearings"  # noqa: S608 - only constants
        " WHERE owner = %(owner)s AND id = %(id)s AND %(viewer)s IN (owner, emsp)",
        {"owner": owner, "id": cdr_id.lower(), "viewer": viewer},
        binary=True,
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]
