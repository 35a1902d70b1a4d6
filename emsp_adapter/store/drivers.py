"""SQL of drivers: who they are, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.sql import SQL, Composed

from ocpi_hub.node.engine import Hot

ACTIVE, BLOCKED, DELETED = "active", "blocked", "deleted"


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver; `email` is folded, and gone with the account. A guest has no password."""

    id: str
    email: str | None
    name: str | None
    locale: str
    status: str
    guest: bool
    staff: bool
    password_hash: str | None
    email_confirmed_at: datetime | None
    created_at: datetime

    @property
    def active(self) -> bool:
        """Whether anything may be done in its name."""
        return self.status == ACTIVE


_SELECT = SQL("""
SELECT id, email, name, locale, status, guest, staff, password_hash, email_confirmed_at, created_at
FROM drivers
""")
_ADD = """
INSERT INTO drivers
    (id, email, name, locale, guest, staff, password_hash, email_confirmed_at, created_at)
VALUES (%(id)s, %(email)s, %(name)s, %(locale)s, %(guest)s, %(staff)s, %(password_hash)s,
    %(email_confirmed_at)s, %(created_at)s)
ON CONFLICT (email) DO NOTHING
"""


async def add(conn: Hot, driver: Driver) -> bool:
    """Keep a new driver; False when another has the e-mail address."""
    row = {
        "id": driver.id,
        "email": driver.email,
        "name": driver.name,
        "locale": driver.locale,
        "guest": driver.guest,
        "staff": driver.staff,
        "password_hash": driver.password_hash,
        "email_confirmed_at": driver.email_confirmed_at,
        "created_at": driver.created_at,
    }
    return (await conn.execute(_ADD, row)).rowcount == 1


async def find(conn: Hot, driver_id: str, *, lock: bool = False) -> Driver | None:
    """The driver, deleted or not; with `lock` nobody else changes it until the transaction ends."""
    # What refers to the driver is not held up. Who changes more of a driver locks this row first.
    locked = SQL(" FOR NO KEY UPDATE" if lock else "")
    return await _one(conn, _SELECT + SQL("WHERE id = %s") + locked, driver_id)


async def by_email(conn: Hot, email: str) -> Driver | None:
    """Who has this folded e-mail address."""
    return await _one(conn, _SELECT + SQL("WHERE email = %s"), email)


async def accounts(conn: Hot) -> list[Driver]:
    """Those who can sign in, the newest first."""
    async with conn.cursor(row_factory=class_row(Driver)) as cursor:
        await cursor.execute(
            _SELECT + SQL("WHERE NOT guest AND status <> 'deleted' ORDER BY created_at DESC, id")
        )
        return await cursor.fetchall()


async def set_password(conn: Hot, driver_id: str, password_hash: str, *, now: datetime) -> None:
    """Another password; who could set it has read a mail to the address."""
    await conn.execute(
        "UPDATE drivers SET password_hash = %s,"
        " email_confirmed_at = coalesce(email_confirmed_at, %s) WHERE id = %s",
        (password_hash, now, driver_id),
    )


async def set_email(conn: Hot, driver_id: str, email: str, *, now: datetime) -> bool:
    """Another e-mail address, seen to be its own; False when another driver has it, and
    the transaction is over."""
    try:
        await conn.execute(
            "UPDATE drivers SET email = %s, email_confirmed_at = %s WHERE id = %s",
            (email, now, driver_id),
        )
    except UniqueViolation:
        return False
    return True


async def set_profile(conn: Hot, driver_id: str, *, name: str | None, locale: str) -> None:
    """What the driver says of itself."""
    await conn.execute(
        "UPDATE drivers SET name = %s, locale = %s WHERE id = %s", (name, locale, driver_id)
    )


async def set_status(conn: Hot, driver_id: str, status: str) -> None:
    """Active or blocked."""
    await conn.execute("UPDATE drivers SET status = %s WHERE id = %s", (status, driver_id))


async def set_staff(conn: Hot, driver_id: str, staff: bool) -> None:
    """Whether the driver is of the staff."""
    await conn.execute("UPDATE drivers SET staff = %s WHERE id = %s", (staff, driver_id))


async def strip(conn: Hot, driver_id: str, *, now: datetime) -> None:
    """Leave nothing of the person in the row, which money may still point to."""
    await conn.execute(
        "UPDATE drivers SET email = NULL, email_confirmed_at = NULL, password_hash = NULL,"
        " name = NULL, locale = 'en', staff = false, status = %s, deleted_at = %s WHERE id = %s",
        (DELETED, now, driver_id),
    )


async def _one(conn: Hot, statement: Composed, value: str) -> Driver | None:
    async with conn.cursor(row_factory=class_row(Driver)) as cursor:
        await cursor.execute(statement, (value,))
        return await cursor.fetchone()
