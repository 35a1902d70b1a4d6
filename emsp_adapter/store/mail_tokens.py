"""SQL of the one-time links that open an account, or set another password or e-mail address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


class Purpose(StrEnum):
    """What a link is for."""

    SIGN_UP = "sign_up"
    PASSWORD = "password"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class MailToken:
    """What a link opens; `pending` is the query of the authorization request that waits. `email` is
    the address that it was mailed to."""

    purpose: str
    email: str
    driver_id: str | None
    pending: str | None


async def add(conn: Hot, token_hash: bytes, token: MailToken, *, expires_at: datetime) -> None:
    """Keep a link that was just made; those of the same purpose before it are no good any more."""
    await conn.execute(
        "DELETE FROM mail_tokens WHERE email = %s AND purpose = %s"
        " AND driver_id IS NOT DISTINCT FROM %s",
        (token.email, token.purpose, token.driver_id),
    )
    await conn.execute(
        "INSERT INTO mail_tokens (hash, purpose, email, driver_id, pending, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (token_hash, token.purpose, token.email, token.driver_id, token.pending, expires_at),
    )


async def find(
    conn: Hot, token_hash: bytes, *, purpose: Purpose, now: datetime
) -> MailToken | None:
    """The link, while it is good."""
    async with conn.cursor(row_factory=class_row(MailToken)) as cursor:
        await cursor.execute(
            "SELECT purpose, email, driver_id, pending FROM mail_tokens"
            " WHERE hash = %s AND purpose = %s AND expires_at > %s",
            (token_hash, purpose.value, now),
        )
        return await cursor.fetchone()


async def use(conn: Hot, token_hash: bytes, *, purpose: Purpose, now: datetime) -> MailToken | None:
    """The link for the one time it is good."""
    async with conn.cursor(row_factory=class_row(MailToken)) as cursor:
        await cursor.execute(
            "DELETE FROM mail_tokens WHERE hash = %s AND purpose = %s AND expires_at > %s"
            " RETURNING purpose, email, driver_id, pending",
            (token_hash, purpose.value, now),
        )
        return await cursor.fetchone()


async def pending_email(conn: Hot, driver_id: str, *, now: datetime) -> str | None:
    """The address that a driver has asked for, while its link is good."""
    found = await conn.execute(
        "SELECT email FROM mail_tokens WHERE driver_id = %s AND purpose = %s AND expires_at > %s",
        (driver_id, Purpose.EMAIL.value, now),
    )
    row = await found.fetchone()
    return None if row is None else str(row[0])


async def drop(conn: Hot, driver_id: str, *, purpose: Purpose | None = None) -> None:
    """End a driver's links, those of one purpose or all."""
    await conn.execute(
        "DELETE FROM mail_tokens WHERE driver_id = %s AND purpose = coalesce(%s, purpose)",
        (driver_id, None if purpose is None else purpose.value),
    )
