"""SQL of what is held on cards while charges go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot

_COLUMNS = "charge_id, driver_id, method_id, currency, amount, state, reference, reason, created_at"


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold: asked | held | refused | captured | releasing | released."""

    charge_id: str
    driver_id: str
    method_id: str | None
    currency: str
    amount: Decimal
    state: str
    reference: str | None
    reason: str | None
    created_at: datetime


async def ask(
    conn: Hot,
    charge_id: str,
    *,
    driver_id: str,
    method_id: str | None,
    currency: str,
    amount: Decimal,
    now: datetime,
) -> HoldRow:
    """Write down that a hold is about to be asked for, or what has come of it already."""
    await conn.execute(
        """
INSERT INTO holds (charge_id, driver_id, method_id, currency, amount, created_at, updated_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (charge_id) DO NOTHING
""",
        (charge_id, driver_id, method_id, currency, amount, now, now),
    )
    found = await find(conn, charge_id)
    if found is None:
        raise LookupError(f"the hold of charge {charge_id} is not there")
    return found


async def find(conn: Hot, charge_id: str) -> HoldRow | None:
    """The hold of a charge."""
    found = await _read(conn, "WHERE charge_id = %s", charge_id)
    return found[0] if found else None


async def become(
    conn: Hot,
    charge_id: str,
    *,
    state: str,
    after: tuple[str, ...],
    now: datetime,
    reference: str | None = None,
    reason: str | None = None,
) -> bool:
    """Go to a state from one of those it may follow; False when it is in another."""
    cursor = await conn.execute(
        """
UPDATE holds SET state = %s, updated_at = %s,
    reference = coalesce(%s, reference), reason = coalesce(%s, reason)
WHERE charge_id = %s AND state = ANY(%s)
""",
        (state, now, reference, reason, charge_id, list(after)),
    )
    return cursor.rowcount == 1


async def expired(conn: Hot, reference: str, *, now: datetime) -> None:
    """The provider gave back what was held."""
    await conn.execute(
        "UPDATE holds SET state = 'released', updated_at = %s"
        " WHERE reference = %s AND state IN ('held', 'releasing')",
        (now, reference),
    )


async def left_over(
    conn: Hot,
    *,
    asked_before: datetime,
    held_before: datetime,
    released_before: datetime,
    limit: int,
) -> list[HoldRow]:
    """Holds nobody saw the end of: asked for or held long ago, or to be released and not yet."""
    return await _read(
        conn,
        "WHERE (state = 'asked' AND updated_at < %s) OR (state = 'held' AND updated_at < %s)"
        " OR (state = 'releasing' AND updated_at < %s) ORDER BY updated_at LIMIT %s",
        asked_before,
        held_before,
        released_before,
        limit,
    )


async def _read(conn: Hot, where: str, *values: object) -> list[HoldRow]:
    async with conn.cursor(row_factory=class_row(HoldRow)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM holds {where}".encode(), values)  # noqa: S608
        return await cursor.fetchall()
