"""SQL of the access tokens that apps hold: kept as hashes, looked up at each request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token is good for now; `driver_id` None is a client that speaks for itself, and
    `locale` the driver's."""

    client_id: str
    driver_id: str | None
    scope: str
    issued_at: datetime
    expires_at: datetime
    locale: str | None


async def add(
    conn: Hot,
    token_hash: bytes,
    *,
    client_id: str,
    driver_id: str | None,
    scope: str,
    expires_at: datetime,
    grant_id: str | None = None,
) -> None:
    """Keep a token that was just made."""
    await conn.execute(
        "INSERT INTO access_tokens (hash, grant_id, client_id, driver_id, scope, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (token_hash, grant_id, client_id, driver_id, scope, expires_at),
    )


async def find(conn: Hot, token_hash: bytes, *, now: datetime) -> AccessToken | None:
    """The token; None when nobody has it, it expired, was revoked, or its driver is not active.

    A driver who is not of the staff any more has no `support` by a token from before.
    """
    async with conn.cursor(row_factory=class_row(AccessToken)) as cursor:
        await cursor.execute(
            """
SELECT t.client_id, t.driver_id,
    CASE WHEN t.driver_id IS NULL OR d.staff THEN t.scope
        ELSE array_to_string(array_remove(string_to_array(t.scope, ' '), 'support'), ' ')
    END AS scope,
    t.issued_at, t.expires_at, d.locale
FROM access_tokens t LEFT JOIN drivers d ON d.id = t.driver_id
WHERE t.hash = %s AND t.revoked_at IS NULL AND t.expires_at > %s
AND (t.driver_id IS NULL OR d.status = 'active')
""",
            (token_hash, now),
        )
        return await cursor.fetchone()


async def revoke(conn: Hot, token_hash: bytes, *, now: datetime) -> None:
    """From now on the token is good for nothing."""
    await conn.execute(
        "UPDATE access_tokens SET revoked_at = %s WHERE hash = %s AND revoked_at IS NULL",
        (now, token_hash),
    )
