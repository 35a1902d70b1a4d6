"""SQL of what of money belongs to charges: the bill, and what is held until it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Money:
    """Of one charge; None where there is no bill, or nothing was held."""

    charge_id: str
    bill_id: str | None
    bill_state: str | None
    bill_currency: str | None
    gross: Decimal | None
    bill: dict[str, Any] | None
    hold_state: str | None
    held: Decimal | None
    hold_currency: str | None


_OF = """
SELECT c.id AS charge_id, b.id AS bill_id, b.state AS bill_state, b.currency AS bill_currency,
    b.gross, b.document AS bill, h.state AS hold_state, h.amount AS held,
    h.currency AS hold_currency
FROM unnest(%s::text[]) AS c (id)
LEFT JOIN LATERAL (
    SELECT * FROM bills WHERE charge_id = c.id AND kind = 'charge' ORDER BY issued_at DESC LIMIT 1
) b ON true
LEFT JOIN holds h ON h.charge_id = c.id
"""


async def of_charges(conn: Hot, charge_ids: Sequence[str]) -> dict[str, Money]:
    """What there is of money, by charge."""
    async with conn.cursor(row_factory=class_row(Money)) as cursor:
        found = await (await cursor.execute(_OF, (list(charge_ids),))).fetchall()
    return {each.charge_id: each for each in found}
