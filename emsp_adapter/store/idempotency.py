"""SQL of the requests that are done once, however often they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Kept:
    """A request that came before; without an answer it is being worked on."""

    fingerprint: bytes
    status: int | None
    answer: bytes | None


# A claim that nobody finished is taken over by the same request, and only by it.
_CLAIM = """
INSERT INTO idempotent_requests AS kept (owner, key, fingerprint, claimed_at)
VALUES (%(owner)s, %(key)s, %(fingerprint)s, %(now)s)
ON CONFLICT (owner, key) DO UPDATE SET claimed_at = EXCLUDED.claimed_at
WHERE kept.status IS NULL AND kept.claimed_at < %(stale)s
    AND kept.fingerprint = EXCLUDED.fingerprint
"""


async def claim(
    conn: Hot, owner: str, key: str, *, fingerprint: bytes, now: datetime, stale: datetime
) -> Kept | None:
    """None when the request is the caller's to do; else what is known of the one before."""
    values = {
        "owner": owner,
        "key": key,
        "fingerprint": fingerprint,
        "now": now,
        "stale": stale,
    }
    if (await conn.execute(_CLAIM, values)).rowcount == 1:
        return None
    async with conn.cursor(row_factory=class_row(Kept)) as cursor:
        await cursor.execute(
            "SELECT fingerprint, status, answer FROM idempotent_requests"
            " WHERE owner = %s AND key = %s",
            (owner, key),
        )
        # It was refused in between: whoever asks again may do it.
        return await cursor.fetchone() or Kept(fingerprint, None, None)


async def keep(conn: Hot, owner: str, key: str, *, status: int, answer: bytes) -> None:
    """The answer, for those who ask again."""
    await conn.execute(
        "UPDATE idempotent_requests SET status = %s, answer = %s WHERE owner = %s AND key = %s",
        (status, answer, owner, key),
    )


async def forget(conn: Hot, owner: str, key: str) -> None:
    """It was not done: the key is free again."""
    await conn.execute(
        "DELETE FROM idempotent_requests WHERE owner = %s AND key = %s", (owner, key)
    )


async def purge(conn: Hot, *, before: datetime) -> int:
    """Forgets what was asked before a moment; how many."""
    done = await conn.execute("DELETE FROM idempotent_requests WHERE claimed_at < %s", (before,))
    return done.rowcount
