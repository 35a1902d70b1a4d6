"""What an audience could not be told: kept with the reason, visible, never in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ocpi_hub.node.engine import Hot
from ocpi_hub.peering.store.cursors import Audience

_PARK = """
INSERT INTO parked AS p (peer_id, party, module, id, sub, code, message, since, retry_at)
VALUES (%(peer_id)s, %(party)s, %(module)s, %(id)s, %(sub)s, %(code)s, %(message)s, %(now)s,
    %(retry_at)s)
ON CONFLICT (peer_id, party, module, id, sub) DO UPDATE
SET code = excluded.code, message = excluded.message, attempts = p.attempts + 1,
    retry_at = excluded.retry_at
"""

_SELECT = """
SELECT peer_id, party, module, id, sub, code, message, attempts, since, retry_at FROM parked
"""

_OF = "WHERE peer_id = %s AND party = %s AND module = %s"


@dataclass(frozen=True, slots=True)
class Parked:
    """An object that was not taken; `id` and `sub` are folded.

    `code` is OCPI's. Without `retry_at` it was refused: a newer version is sent, or a replay.
    """

    audience: Audience
    id: str
    sub: str
    code: int
    message: str
    attempts: int
    since: datetime
    retry_at: datetime | None

    @property
    def key(self) -> tuple[str, str]:
        """As the Change has it."""
        return self.id, self.sub


async def park(
    conn: Hot,
    audience: Audience,
    key: tuple[str, str],
    *,
    code: int,
    message: str,
    now: datetime,
    retry_at: datetime | None,
) -> None:
    """Keeps why an object was not taken."""
    values = {
        "peer_id": audience.peer_id,
        "party": audience.party,
        "module": audience.module,
        "id": key[0],
        "sub": key[1],
        "code": code,
        "message": message,
        "now": now,
        "retry_at": retry_at,
    }
    await conn.execute(_PARK, values)


async def unpark(conn: Hot, audience: Audience, key: tuple[str, str]) -> None:
    """It was taken after all."""
    await conn.execute(
        f"DELETE FROM parked {_OF} AND id = %s AND sub = %s",  # noqa: S608 - a constant of ours
        (audience.peer_id, audience.party, audience.module, *key),
    )


async def of(conn: Hot, audience: Audience) -> list[Parked]:
    """Everything parked for an audience, the oldest first."""
    cursor = await conn.execute(
        f"{_SELECT} {_OF} ORDER BY since",
        (audience.peer_id, audience.party, audience.module),
    )
    return [_parked(*row) for row in await cursor.fetchall()]


async def all_(conn: Hot) -> list[Parked]:
    """Everything parked, for people."""
    cursor = await conn.execute(f"{_SELECT} ORDER BY since")
    return [_parked(*row) for row in await cursor.fetchall()]


async def replay(conn: Hot, module: str, id_: str) -> int:
    """Has an object tried again at once; how many audiences it was parked for."""
    done = await conn.execute(
        "UPDATE parked SET retry_at = now() WHERE module = %s AND id = %s", (module, id_.lower())
    )
    return done.rowcount


def _parked(
    peer_id: str,
    party: str,
    module: str,
    id_: str,
    sub: str,
    code: int,
    message: str,
    attempts: int,
    since: datetime,
    retry_at: datetime | None,
) -> Parked:
    audience = Audience(peer_id, party, module)
    return Parked(audience, id_, sub, code, message, attempts, since, retry_at)
