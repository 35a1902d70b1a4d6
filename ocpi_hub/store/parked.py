"""What receivers refused: kept with the reason, visible and replayable, never in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ocpi_hub.store.engine import Hot

MOST_PER_RECEIVER = 10_000

_PARK = """
INSERT INTO parked AS p (receiver, module, owner, id, sub, reason, correlation_id)
SELECT %(receiver)s, %(module)s, %(owner)s, %(id)s, %(sub)s, %(reason)s, %(correlation_id)s
WHERE (SELECT count(*) FROM parked WHERE receiver = %(receiver)s) < %(most)s
    OR EXISTS (
        SELECT FROM parked
        WHERE receiver = %(receiver)s AND module = %(module)s AND owner = %(owner)s
            AND id = %(id)s AND sub = %(sub)s
    )
ON CONFLICT (receiver, module, owner, id, sub) DO UPDATE
SET reason = excluded.reason, correlation_id = excluded.correlation_id,
    attempts = p.attempts + 1, since = now()
"""


@dataclass(frozen=True, slots=True)
class Parked:
    """An object that a receiver refused; `id` and `sub` are folded."""

    receiver: str
    module: str
    owner: str
    id: str
    sub: str
    reason: str
    correlation_id: str
    attempts: int
    since: datetime


async def park(
    conn: Hot,
    receiver: str,
    *,
    module: str,
    owner: str,
    id_: str,
    sub: str,
    reason: str,
    correlation_id: str,
) -> bool:
    """Keeps a refusal; False when the receiver has as many as are kept."""
    values = {
        "receiver": receiver,
        "module": module,
        "owner": owner,
        "id": id_,
        "sub": sub,
        "reason": reason,
        "correlation_id": correlation_id,
        "most": MOST_PER_RECEIVER,
    }
    cursor = await conn.execute(_PARK, values)
    return cursor.rowcount == 1


async def parked(conn: Hot, *, receiver: str | None, limit: int) -> list[Parked]:
    """The refusals of a receiver, None for all, newest first."""
    cursor = await conn.execute(
        "SELECT receiver, module, owner, id, sub, reason, correlation_id, attempts, since"
        " FROM parked WHERE %(receiver)s::text IS NULL OR receiver = %(receiver)s"
        " ORDER BY since DESC, receiver, module, owner, id, sub LIMIT %(limit)s",
        {"receiver": receiver, "limit": limit},
    )
    return [Parked(*row) for row in await cursor.fetchall()]


async def unpark(conn: Hot, receiver: str, *, module: str, owner: str, id_: str, sub: str) -> None:
    """Forgets a refusal: the object was taken after all."""
    await conn.execute(
        "DELETE FROM parked"
        " WHERE receiver = %s AND module = %s AND owner = %s AND id = %s AND sub = %s",
        (receiver, module, owner, id_, sub),
    )
