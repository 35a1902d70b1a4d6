"""Every table that knows a driver: what of it the driver is given, and what goes with the account.

What money rests on stays, with nobody's name to it: bills, what they were made of, what was paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL, Identifier

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Holding:
    """What a table has of a driver. `where` finds its rows; `hidden` are hashes, secrets and what
    is shown in another form. At the end of the account its rows go, or lose what `strip` takes."""

    table: str
    where: str = "driver_id = %(driver)s"
    hidden: tuple[str, ...] = ()
    goes: bool = False
    strip: str | None = None


def _erased(table: str, where: str = "driver_id = %(driver)s", *, hidden: str = "") -> Holding:
    return Holding(table, where, tuple(hidden.split()), goes=True)


# In the order in which rows may go: what points to others before them.
HOLDINGS: tuple[Holding, ...] = (
    _erased("access_tokens", hidden="hash"),
    _erased("authorization_codes", hidden="hash code_challenge nonce"),
    _erased("browser_sessions", hidden="hash"),
    _erased("mail_tokens", hidden="hash pending"),
    _erased("consents"),
    _erased("grants"),
    _erased("favourites"),
    _erased("notification_settings", hidden="webhook_secret"),
    _erased("notifications"),
    _erased("outbox", hidden="secret document"),
    _erased(
        "problem_answers", "problem_id IN (SELECT id FROM problems WHERE driver_id = %(driver)s)"
    ),
    _erased("problems"),
    _erased("guests"),
    _erased(
        "commands",
        "reservation_id IN (SELECT id FROM reservations WHERE driver_id = %(driver)s)",
    ),
    _erased("reservations"),
    Holding(
        "payment_methods",
        hidden=("customer", "reference"),
        strip="UPDATE payment_methods SET label = '', is_default = false,"
        " removed_at = coalesce(removed_at, now()) WHERE driver_id = %(driver)s",
    ),
    # Its uid stands in CDRs.
    Holding(
        "tokens",
        strip="UPDATE tokens SET label = NULL, suspicion = NULL WHERE driver_id = %(driver)s",
    ),
    Holding("driver_plans"),
    Holding("charges"),
    Holding("sessions"),
    Holding("cdrs", hidden=("raw", "sha256")),
    Holding("bills"),
    Holding("holds", hidden=("reference",)),
    Holding(
        "payments",
        "bill_id IN (SELECT id FROM bills WHERE driver_id = %(driver)s)",
        hidden=("reference", "subject"),
    ),
)

_UNDER_WAY = """
SELECT EXISTS (
    SELECT FROM charges WHERE driver_id = %(driver)s
    AND state IN ('scheduled', 'starting', 'charging', 'stopping')
) OR EXISTS (
    SELECT FROM reservations WHERE driver_id = %(driver)s AND state IN ('requested', 'confirmed')
)
"""


async def collected(conn: Hot, driver_id: str) -> dict[str, list[dict[str, Any]]]:
    """The driver's rows by table, without those that have none."""
    found = {each.table: await _rows(conn, each, driver_id) for each in HOLDINGS}
    return {table: rows for table, rows in found.items() if rows}


async def erase(conn: Hot, driver_id: str) -> None:
    """Let go of everything that money does not rest on."""
    for each in HOLDINGS:
        if each.goes:
            deleted = SQL("DELETE FROM {} WHERE ").format(Identifier(each.table)).as_bytes(conn)
            await conn.execute(deleted + each.where.encode(), {"driver": driver_id})
        if each.strip is not None:
            await conn.execute(each.strip.encode(), {"driver": driver_id})


async def erase_address(conn: Hot, email: str) -> None:
    """Let go of links and mails to an address that are not bound to a driver."""
    await conn.execute("DELETE FROM mail_tokens WHERE email = %s", (email,))
    await conn.execute("DELETE FROM outbox WHERE channel = 'mail' AND address = %s", (email,))


async def under_way(conn: Hot, driver_id: str) -> bool:
    """Whether the driver charges, or has something reserved or planned."""
    found = await (await conn.execute(_UNDER_WAY, {"driver": driver_id})).fetchone()
    return found is not None and bool(found[0])


async def _rows(conn: Hot, holding: Holding, driver_id: str) -> list[dict[str, Any]]:
    statement = SQL("SELECT t.* FROM {} t WHERE ").format(Identifier(holding.table))
    found = await conn.execute(
        statement.as_bytes(conn) + holding.where.encode(), {"driver": driver_id}
    )
    names = [column.name for column in found.description or []]
    return [
        {name: value for name, value in zip(names, row, strict=True) if name not in holding.hidden}
        for row in await found.fetchall()
    ]
