"""What receivers refused: kept with the reason, visible and replayable, never in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ocpi_hub.node.engine import Hot

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


_SELECT = """
SELECT receiver, module, owner, id, sub, reason, correlation_id, attempts, since FROM parked
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
        f"{_SELECT} WHERE %(receiver)s::text IS NULL OR receiver = %(receiver)s"
        " ORDER BY since DESC, receiver, module, owner, id, sub LIMIT %(limit)s",
        {"receiver": receiver, "limit": limit},
    )
    return [Parked(*row) for row in await cursor.fetchall()]


async def of_object(conn: Hot, module: str, *, owner: str, id_: str) -> list[Parked]:
    """Who refused an object, or a part of it."""
    cursor = await conn.execute(
        f"{_SELECT} WHERE module = %s AND owner = %s AND id = %s ORDER BY receiver, sub",
        (module, owner, id_.lower()),
    )
    return [Parked(*row) for row in await cursor.fetchall()]


async def of_message(conn: Hot, correlation_id: str) -> list[Parked]:
    """What was refused of the change that a message brought."""
    cursor = await conn.execute(
        f"{_SELECT} WHERE correlation_id = %s ORDER BY receiver, module, owner, id, sub",
        (correlation_id,),
    )
    return [Parked(*row) for row in await cursor.fetchall()]


async def unpark(conn: Hot, receiver: str, *, module: str, owner: str, id_: str, sub: str) -> None:
    """Forgets a refusal: the object was taken after all."""
    await conn.execute(
        "DELETE FROM parked"
        " WHERE receiver = %s AND module = %s AND owner = %s AND id = %s AND sub = %s",
        (receiver, module, owner, id_, sub),
    )
