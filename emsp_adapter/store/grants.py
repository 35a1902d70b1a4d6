"""SQL of grants: what a driver let a client do, with the family of tokens that came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token with its grant; `ended` when the grant was revoked."""

    grant_id: str
    client_id: str
    driver_id: str
    scope: str
    expires_at: datetime
    used: bool
    ended: bool


async def add(conn: Hot, grant_id: str, *, client_id: str, driver_id: str, scope: str) -> None:
    """A new family."""
    await conn.execute(
        "INSERT INTO grants (id, client_id, driver_id, scope) VALUES (%s, %s, %s, %s)",
        (grant_id, client_id, driver_id, scope),
    )


async def add_refresh(conn: Hot, token_hash: bytes, *, grant_id: str, expires_at: datetime) -> None:
    """The next refresh token of a family."""
    await conn.execute(
        "INSERT INTO refresh_tokens (hash, grant_id, expires_at) VALUES (%s, %s, %s)",
        (token_hash, grant_id, expires_at),
    )


async def take_refresh(conn: Hot, token_hash: bytes) -> RefreshToken | None:
    """The refresh token, locked until the transaction ends."""
    async with conn.cursor(row_factory=class_row(RefreshToken)) as cursor:
        await cursor.execute(
            """
SELECT t.grant_id, g.client_id, g.driver_id, g.scope, t.expires_at,
    t.used_at IS NOT NULL AS used, g.revoked_at IS NOT NULL AS ended
FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id
WHERE t.hash = %s FOR UPDATE
""",
            (token_hash,),
        )
        return await cursor.fetchone()


async def refresh_used(conn: Hot, token_hash: bytes, *, now: datetime) -> None:
    """Another has taken its place."""
    await conn.execute("UPDATE refresh_tokens SET used_at = %s WHERE hash = %s", (now, token_hash))


async def revoke(conn: Hot, grant_id: str, *, now: datetime) -> None:
    """End a family: every token of it."""
    await conn.execute(
        "UPDATE grants SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL", (now, grant_id)
    )
    await conn.execute(
        "UPDATE access_tokens SET revoked_at = %s WHERE grant_id = %s AND revoked_at IS NULL",
        (now, grant_id),
    )


async def revoke_of_driver(conn: Hot, driver_id: str, *, now: datetime) -> None:
    """End everything that clients hold for a driver."""
    await conn.execute(
        "UPDATE grants SET revoked_at = %s WHERE driver_id = %s AND revoked_at IS NULL",
        (now, driver_id),
    )
    await conn.execute(
        "UPDATE access_tokens SET revoked_at = %s WHERE driver_id = %s AND revoked_at IS NULL",
        (now, driver_id),
    )


async def consent(conn: Hot, driver_id: str, client_id: str) -> str:
    """The scope to which a driver has agreed for a client."""
    found = await conn.execute(
        "SELECT scope FROM consents WHERE driver_id = %s AND client_id = %s", (driver_id, client_id)
    )
    row = await found.fetchone()
    return "" if row is None else str(row[0])


async def set_consent(conn: Hot, driver_id: str, client_id: str, *, scope: str) -> None:
    """From now on this is agreed."""
    await conn.execute(
        "INSERT INTO consents (driver_id, client_id, scope) VALUES (%s, %s, %s)"
        " ON CONFLICT (driver_id, client_id)"
        " DO UPDATE SET scope = excluded.scope, given_at = now()",
        (driver_id, client_id, scope),
    )
