"""SQL of bills: what drivers were asked to pay, each with a number of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot, one_row

_COLUMNS = (
    "id, number, kind, driver_id, cdr_row, charge_id, month, corrects, currency, net, vat, gross,"
    " document, state, issued_at"
)


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill, its lines in `document`: open | paid | failed | refunded | disputed | elsewhere."""

    id: str
    number: str
    kind: str
    driver_id: str
    currency: str
    net: Decimal
    vat: Decimal
    gross: Decimal
    document: dict[str, Any]
    state: str
    issued_at: datetime
    cdr_row: str | None = None
    charge_id: str | None = None
    month: str | None = None
    corrects: str | None = None


async def next_number(conn: Hot, year: int) -> int:
    """The next number of a year. Its row stays locked until the transaction ends, and a bill that
    does not come to be gives its number back."""
    row = await one_row(
        conn,
        "INSERT INTO bill_numbers (year, last) VALUES (%s, 1)"
        " ON CONFLICT (year) DO UPDATE SET last = bill_numbers.last + 1 RETURNING last",
        (year,),
    )
    return int(row[0])


async def add(conn: Hot, bill: Bill) -> bool:
    """Keep a bill; False when there is one of the same CDR, month or credit."""
    cursor = await conn.execute(
        f"INSERT INTO bills ({_COLUMNS}) VALUES"  # noqa: S608 - a constant
        " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (
            bill.id,
            bill.number,
            bill.kind,
            bill.driver_id,
            bill.cdr_row,
            bill.charge_id,
            bill.month,
            bill.corrects,
            bill.currency,
            bill.net,
            bill.vat,
            bill.gross,
            Jsonb(bill.document),
            bill.state,
            bill.issued_at,
        ),
    )
    return cursor.rowcount == 1


async def find(conn: Hot, bill_id: str, *, locked: bool = False) -> Bill | None:
    """A bill; `locked` until the transaction ends."""
    lock = " FOR UPDATE" if locked else ""
    return await _first(conn, f"WHERE id = %s{lock}", bill_id)


async def of_driver(conn: Hot, driver_id: str, bill_id: str) -> Bill | None:
    """A bill of that driver."""
    return await _first(conn, "WHERE id = %s AND driver_id = %s", bill_id, driver_id)


async def page(
    conn: Hot, driver_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> list[Bill]:
    """A driver's bills, the newest first, from after a place in that order."""
    if before is None:
        return await _read(
            conn, "WHERE driver_id = %s ORDER BY issued_at DESC, id DESC LIMIT %s", driver_id, limit
        )
    return await _read(
        conn,
        "WHERE driver_id = %s AND (issued_at, id) < (%s, %s)"
        " ORDER BY issued_at DESC, id DESC LIMIT %s",
        driver_id,
        *before,
        limit,
    )


async def between(conn: Hot, driver_id: str, begin: datetime, end: datetime) -> list[Bill]:
    """A driver's bills of a span, the oldest first."""
    return await _read(
        conn,
        "WHERE driver_id = %s AND issued_at >= %s AND issued_at < %s ORDER BY issued_at, number",
        driver_id,
        begin,
        end,
    )


async def months(conn: Hot, driver_id: str) -> list[str]:
    """The months a driver has bills of, the newest first: 2026-03."""
    cursor = await conn.execute(
        "SELECT DISTINCT to_char(issued_at, 'YYYY-MM') AS month FROM bills"
        " WHERE driver_id = %s ORDER BY month DESC",
        (driver_id,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def unpaid(conn: Hot, driver_id: str) -> str | None:
    """The number of a driver's oldest bill whose payment failed."""
    cursor = await conn.execute(
        "SELECT number FROM bills WHERE driver_id = %s AND state = 'failed'"
        " AND kind <> 'credit'"
        " ORDER BY issued_at LIMIT 1",
        (driver_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else str(row[0])


async def failed(conn: Hot, driver_id: str) -> list[str]:
    """The ids of a driver's bills whose payment failed."""
    cursor = await conn.execute(
        "SELECT id FROM bills WHERE driver_id = %s AND state = 'failed' AND kind <> 'credit'",
        (driver_id,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def become(conn: Hot, bill_id: str, state: str) -> None:
    """What became of a bill."""
    await conn.execute("UPDATE bills SET state = %s WHERE id = %s", (state, bill_id))


async def _first(conn: Hot, where: str, *values: object) -> Bill | None:
    found = await _read(conn, where, *values)
    return found[0] if found else None


async def _read(conn: Hot, where: str, *values: object) -> list[Bill]:
    async with conn.cursor(row_factory=class_row(Bill)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM bills {where}".encode(), values)  # noqa: S608
        return await cursor.fetchall()
