"""SQL of authorization codes: each is good for one exchange, within a minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class CodeRow:
    """What a driver allowed a client; `grant_id` is what was given for it."""

    client_id: str
    driver_id: str
    redirect_uri: str
    scope: str
    code_challenge: str
    nonce: str | None
    signed_in_at: datetime
    expires_at: datetime
    grant_id: str | None = None


async def add(conn: Hot, code_hash: bytes, code: CodeRow) -> None:
    """Keep a code that was just made."""
    await conn.execute(
        "INSERT INTO authorization_codes (hash, client_id, driver_id, redirect_uri, scope,"
        " code_challenge, nonce, signed_in_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            code_hash,
            code.client_id,
            code.driver_id,
            code.redirect_uri,
            code.scope,
            code.code_challenge,
            code.nonce,
            code.signed_in_at,
            code.expires_at,
        ),
    )


async def take(conn: Hot, code_hash: bytes) -> CodeRow | None:
    """The code, locked until the transaction ends: of two who bring it one comes after the other"""
    async with conn.cursor(row_factory=class_row(CodeRow)) as cursor:
        await cursor.execute(
            "SELECT client_id, driver_id, redirect_uri, scope, code_challenge, nonce,"
            " signed_in_at, expires_at, grant_id"
            " FROM authorization_codes WHERE hash = %s FOR UPDATE",
            (code_hash,),
        )
        return await cursor.fetchone()


async def drop(conn: Hot, code_hash: bytes) -> None:
    """The code is good for nothing any more."""
    await conn.execute("DELETE FROM authorization_codes WHERE hash = %s", (code_hash,))


async def used(conn: Hot, code_hash: bytes, *, grant_id: str) -> None:
    """The code was exchanged for this."""
    await conn.execute(
        "UPDATE authorization_codes SET grant_id = %s WHERE hash = %s", (grant_id, code_hash)
    )
