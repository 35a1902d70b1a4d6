"""SQL of what a driver has charged, summed up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Month:
    """A month, as UTC has it, in one currency."""

    month: str
    currency: str
    charges: int
    energy_kwh: Decimal
    gross: Decimal


# What has no bill costs nothing yet; its currency is the Session's.
_BY_MONTH = """
SELECT to_char(c.started_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
    coalesce(b.currency, s.document ->> 'currency', %(currency)s) AS currency,
    count(*)::int AS charges, coalesce(sum(c.kwh), 0) AS energy_kwh,
    coalesce(sum(b.gross), 0) AS gross
FROM charges c
LEFT JOIN sessions s ON s.owner = c.party AND s.id = lower(c.session_id)
LEFT JOIN LATERAL (
    SELECT max(currency) AS currency, sum(gross) AS gross FROM bills WHERE charge_id = c.id
) b ON true
WHERE c.driver_id = %(driver)s AND c.state = 'finished'
AND (%(from)s::timestamptz IS NULL OR c.started_at >= %(from)s)
AND (%(to)s::timestamptz IS NULL OR c.started_at < %(to)s)
GROUP BY 1, 2 ORDER BY 1, 2
"""


async def by_month(
    conn: Hot, driver_id: str, *, from_: datetime | None, to: datetime | None, currency: str
) -> list[Month]:
    """What was charged in each month from a moment up to another; `currency` is for what has
    none."""
    values = {"driver": driver_id, "from": from_, "to": to, "currency": currency}
    async with conn.cursor(row_factory=class_row(Month)) as cursor:
        return await (await cursor.execute(_BY_MONTH, values)).fetchall()
