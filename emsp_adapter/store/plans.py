"""SQL of the plans that drivers may choose, and of who has which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot

# The plan of everybody who chose none.
FIRST = "payg"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a driver can choose; amounts are net."""

    id: str
    name: str
    currency: str
    monthly_fee: Decimal
    margin_percent: Decimal
    margin_per_kwh: Decimal
    session_fee: Decimal
    closed_at: datetime | None = None


async def add(conn: Hot, plan: Plan) -> bool:
    """Offer a plan; False when there is one of that id already, which stays as it is."""
    cursor = await conn.execute(
        """
INSERT INTO plans (id, name, currency, monthly_fee, margin_percent, margin_per_kwh, session_fee)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING
""",
        (
            plan.id,
            plan.name,
            plan.currency,
            plan.monthly_fee,
            plan.margin_percent,
            plan.margin_per_kwh,
            plan.session_fee,
        ),
    )
    return cursor.rowcount == 1


async def close(conn: Hot, plan_id: str, *, now: datetime) -> bool:
    """Offer a plan no longer; False when it is not offered."""
    cursor = await conn.execute(
        "UPDATE plans SET closed_at = %s WHERE id = %s AND closed_at IS NULL", (now, plan_id)
    )
    return cursor.rowcount == 1


async def offered(conn: Hot) -> list[Plan]:
    """The plans that drivers may choose, the cheapest a month first."""
    return await _read(conn, "WHERE closed_at IS NULL ORDER BY monthly_fee, id")


async def find(conn: Hot, plan_id: str) -> Plan | None:
    """A plan, offered or not."""
    found = await _read(conn, "WHERE id = %s", plan_id)
    return found[0] if found else None


async def of_driver(conn: Hot, driver_id: str | None, *, at: datetime) -> Plan:
    """The plan that holds for a driver at a moment."""
    found = await _read(
        conn,
        """
WHERE id = coalesce(
    (SELECT plan_id FROM driver_plans WHERE driver_id = %s AND since <= %s
     ORDER BY since DESC LIMIT 1), %s)
""",
        driver_id,
        at,
        FIRST,
    )
    return found[0]


async def next_of(conn: Hot, driver_id: str, *, at: datetime) -> tuple[str, datetime] | None:
    """The plan that will hold later, and from when on."""
    cursor = await conn.execute(
        "SELECT plan_id, since FROM driver_plans WHERE driver_id = %s AND since > %s"
        " ORDER BY since LIMIT 1",
        (driver_id, at),
    )
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1])


async def choose(
    conn: Hot, driver_id: str, plan_id: str, *, since: datetime, now: datetime
) -> None:
    """Have a plan hold from then on, in place of any that would only hold later."""
    await conn.execute(
        "DELETE FROM driver_plans WHERE driver_id = %s AND since > %s", (driver_id, now)
    )
    await conn.execute(
        "INSERT INTO driver_plans (driver_id, since, plan_id) VALUES (%s, %s, %s)"
        " ON CONFLICT (driver_id, since) DO UPDATE SET plan_id = excluded.plan_id",
        (driver_id, since, plan_id),
    )


async def fees_due(conn: Hot, *, at: datetime, month: str, limit: int) -> list[tuple[str, Plan]]:
    """Active drivers whose plan has a fee that is not billed yet for a month, with the plan."""
    cursor = await conn.execute(
        """
SELECT d.id, p.id, p.name, p.currency, p.monthly_fee, p.margin_percent, p.margin_per_kwh,
       p.session_fee
FROM drivers d
CROSS JOIN LATERAL (
    SELECT plan_id FROM driver_plans WHERE driver_id = d.id AND since <= %s
    ORDER BY since DESC LIMIT 1
) chosen
JOIN plans p ON p.id = chosen.plan_id
WHERE d.status = 'active' AND p.monthly_fee > 0
AND NOT EXISTS (SELECT FROM bills b
                WHERE b.driver_id = d.id AND b.kind = 'plan' AND b.month = %s)
ORDER BY d.id LIMIT %s
""",
        (at, month, limit),
    )
    return [(row[0], Plan(*row[1:])) for row in await cursor.fetchall()]


async def _read(conn: Hot, where: str, *values: object) -> list[Plan]:
    async with conn.cursor(row_factory=class_row(Plan)) as cursor:
        await cursor.execute(
            f"""
SELECT id, name, currency, monthly_fee, margin_percent, margin_per_kwh, session_fee, closed_at
FROM plans {where}
""".encode(),  # noqa: S608 - one of the clauses above
            values,
        )
        return await cursor.fetchall()
