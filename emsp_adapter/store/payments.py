"""SQL of money that is to move: captures, charges and refunds, each with its own key.

A payment is `due` until the provider gave a clear answer. `sent_at` is when its present attempt was
first sent: from then on it may have happened, and only an answer under the same key says so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot

_COLUMNS = (
    "id, bill_id, kind, method_id, subject, currency, amount, state, attempt, sent_at, due_at,"
    " reference, reason"
)


@dataclass(frozen=True, slots=True)
class Payment:
    """A capture of a hold, a charge without one, or a refund: due | done | refused | dropped."""

    id: str
    bill_id: str
    kind: str
    currency: str
    amount: Decimal
    due_at: datetime
    method_id: str | None = None
    # The provider's payment that is captured or refunded.
    subject: str | None = None
    state: str = "due"
    attempt: int = 1
    sent_at: datetime | None = None
    reference: str | None = None
    reason: str | None = None

    @property
    def key(self) -> str:
        """What the provider knows the attempt by."""
        return f"{self.id}-{self.attempt}"

    @property
    def in_flight(self) -> bool:
        """Whether it may have happened, and nobody knows."""
        return self.state == "due" and self.sent_at is not None


async def add(conn: Hot, payment: Payment) -> None:
    """Keep a payment that is due."""
    await conn.execute(
        "INSERT INTO payments (id, bill_id, kind, method_id, subject, currency, amount, due_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            payment.id,
            payment.bill_id,
            payment.kind,
            payment.method_id,
            payment.subject,
            payment.currency,
            payment.amount,
            payment.due_at,
        ),
    )


async def claim(conn: Hot, *, now: datetime, until: datetime, limit: int) -> list[Payment]:
    """Payments to be sent now, nobody else's until then. Once this is committed they may have
    happened."""
    return await _read(
        conn,
        f"""
UPDATE payments SET sent_at = coalesce(sent_at, %s), due_at = %s, updated_at = %s
WHERE id IN (SELECT id FROM payments WHERE state = 'due' AND due_at <= %s
             ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
""",  # noqa: S608 - a constant
        now,
        until,
        now,
        now,
        limit,
    )


async def of_bill(conn: Hot, bill_id: str, *, locked: bool = False) -> list[Payment]:
    """The payments of a bill; `locked` until the transaction ends."""
    lock = " FOR UPDATE" if locked else ""
    return await _read(
        conn,
        f"SELECT {_COLUMNS} FROM payments WHERE bill_id = %s ORDER BY id{lock}",  # noqa: S608
        bill_id,
    )


async def by_reference(conn: Hot, reference: str) -> list[Payment]:
    """The payments that the provider knows by a name."""
    return await _read(
        conn,
        f"SELECT {_COLUMNS} FROM payments WHERE reference = %s",  # noqa: S608 - a constant
        reference,
    )


async def succeed(conn: Hot, payment: Payment, *, reference: str, now: datetime) -> bool:
    """The attempt was carried out; False when it is no longer the present one."""
    return await _change(
        conn,
        payment,
        "state = 'done', reference = %s, reason = NULL, updated_at = %s",
        reference,
        now,
    )


async def fail(
    conn: Hot, payment: Payment, *, reason: str, again: datetime | None, now: datetime
) -> bool:
    """The attempt was refused; another is due later, or none."""
    return await _change(
        conn,
        payment,
        "state = %s, attempt = attempt + 1, sent_at = NULL, due_at = coalesce(%s, due_at),"
        " reason = %s, updated_at = %s",
        "refused" if again is None else "due",
        again,
        reason,
        now,
    )


async def wait(conn: Hot, payment: Payment, *, reason: str, again: datetime, now: datetime) -> bool:
    """There was no clear answer: the same attempt is sent again."""
    return await _change(
        conn, payment, "due_at = %s, reason = %s, updated_at = %s", again, reason, now
    )


async def drop(conn: Hot, payment: Payment, *, reason: str, now: datetime) -> bool:
    """The payment is not wanted, or not possible, any more."""
    return await _change(
        conn, payment, "state = 'dropped', reason = %s, updated_at = %s", reason, now
    )


async def again(
    conn: Hot, bill_ids: Collection[str], *, method_id: str | None, now: datetime
) -> int:
    """Have what was refused sent now, to another card; how many. What is in flight stays."""
    cursor = await conn.execute(
        """
UPDATE payments SET state = 'due', due_at = %s, method_id = coalesce(%s, method_id), updated_at = %s
WHERE bill_id = ANY(%s) AND kind = 'charge' AND sent_at IS NULL AND state IN ('due', 'refused')
""",
        (now, method_id, now, list(bill_ids)),
    )
    return cursor.rowcount


async def _change(conn: Hot, payment: Payment, change: str, *values: object) -> bool:
    """A change to a payment whose present attempt is still this one."""
    cursor = await conn.execute(
        f"UPDATE payments SET {change}"  # noqa: S608 - one of the clauses above
        " WHERE id = %s AND attempt = %s AND state IN ('due', 'refused')",
        (*values, payment.id, payment.attempt),
    )
    return cursor.rowcount == 1


async def _read(conn: Hot, statement: str, *values: object) -> list[Payment]:
    async with conn.cursor(row_factory=class_row(Payment)) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()
