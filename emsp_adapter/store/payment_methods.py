"""SQL of drivers' means of payment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot

_COLUMNS = "id, driver_id, provider, customer, reference, label, is_default"


@dataclass(frozen=True, slots=True)
class Method:
    """A card as a driver added it."""

    id: str
    driver_id: str
    provider: str
    customer: str | None
    reference: str
    label: str
    is_default: bool


async def add(conn: Hot, method: Method) -> bool:
    """Keep a card, and use it from now on; False when somebody has it already."""
    cursor = await conn.execute(
        """
INSERT INTO payment_methods (id, driver_id, provider, customer, reference, label)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
""",
        (
            method.id,
            method.driver_id,
            method.provider,
            method.customer,
            method.reference,
            method.label,
        ),
    )
    if cursor.rowcount == 1:
        await prefer(conn, method.driver_id, method.id)
    return cursor.rowcount == 1


async def prefer(conn: Hot, driver_id: str, method_id: str) -> None:
    """Use this card unless another is asked for."""
    await conn.execute(
        "UPDATE payment_methods SET is_default = (id = %s)"
        " WHERE driver_id = %s AND removed_at IS NULL",
        (method_id, driver_id),
    )


async def of_driver(conn: Hot, driver_id: str, *, provider: str) -> list[Method]:
    """A driver's cards, the one in use first."""
    async with conn.cursor(row_factory=class_row(Method)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM payment_methods"  # noqa: S608 - a constant
            " WHERE driver_id = %s AND provider = %s AND removed_at IS NULL"
            " ORDER BY is_default DESC, created_at DESC, id",
            (driver_id, provider),
        )
        return await cursor.fetchall()


async def find(conn: Hot, method_id: str) -> Method | None:
    """A card, also one that was removed: what was paid with it may be given back."""
    async with conn.cursor(row_factory=class_row(Method)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM payment_methods WHERE id = %s",  # noqa: S608 - a constant
            (method_id,),
        )
        return await cursor.fetchone()


async def remove(conn: Hot, driver_id: str, method_id: str, *, now: datetime) -> Method | None:
    """Use a card no more; None when the driver has none of that id. The newest other is next."""
    async with conn.cursor(row_factory=class_row(Method)) as cursor:
        await cursor.execute(
            "UPDATE payment_methods SET removed_at = %s, is_default = false"  # noqa: S608 - constant
            f" WHERE id = %s AND driver_id = %s AND removed_at IS NULL RETURNING {_COLUMNS}",
            (now, method_id, driver_id),
        )
        removed = await cursor.fetchone()
    if removed is not None:
        left = await of_driver(conn, driver_id, provider=removed.provider)
        if left:
            await prefer(conn, driver_id, left[0].id)
    return removed
