"""How far each peer or party has been told what is published, and who is behind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.peering.store.published import Position


@dataclass(frozen=True, slots=True, order=True)
class Audience:
    """Who is told a module: a peer what is for everybody, or a party what is for it alone.

    One of `peer_id` and `party` (a Party.key) is empty. A party may move to another peer.
    """

    peer_id: str
    party: str
    module: str


_BEHIND = """
SELECT c.peer_id, c.party, c.module FROM cursors c
WHERE EXISTS (
    SELECT FROM published p
    WHERE p.module = c.module AND p.receiver = c.party AND (p.xid, p.seq) > (c.xid, c.seq)
        AND p.xid < pg_snapshot_xmin(pg_current_snapshot())
)
UNION
SELECT peer_id, party, module FROM parked WHERE retry_at <= %s
"""

_MOVE = """
UPDATE cursors SET xid = %s::text::xid8, seq = %s
WHERE peer_id = %s AND party = %s AND module = %s AND (xid, seq) < (%s::text::xid8, %s)
"""


async def begin(conn: Hot, peer_id: str, *, modules: Collection[str]) -> None:
    """A new peer is told everything there is, from the start."""
    await conn.execute(
        "INSERT INTO cursors (peer_id, party, module) SELECT %s, '', module"
        " FROM unnest(%s::text[]) AS m (module) ON CONFLICT DO NOTHING",
        (peer_id, list(modules)),
    )


async def behind(conn: Hot, *, now: datetime) -> set[Audience]:
    """Who has not been told everything, or has something to be tried again by now."""
    rows = await (await conn.execute(_BEHIND, (now,))).fetchall()
    return {Audience(*row) for row in rows}


async def position(conn: Hot, audience: Audience) -> Position:
    """Up to where an audience has been told."""
    row = await one_row(
        conn,
        "SELECT coalesce(max(xid), '0'), coalesce(max(seq), 0) FROM cursors"
        " WHERE peer_id = %s AND party = %s AND module = %s",
        (audience.peer_id, audience.party, audience.module),
    )
    return Position(*row)


async def move(conn: Hot, audience: Audience, to: Position) -> None:
    """Everything up to here is told, or parked."""
    here = str(to.xid), to.seq
    await conn.execute(_MOVE, (*here, audience.peer_id, audience.party, audience.module, *here))
