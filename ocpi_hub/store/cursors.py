"""How far each receiver has seen each module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.store.changes import Position, head

_START = """
INSERT INTO cursors (receiver, module, xid, seq)
SELECT %(receiver)s, module, %(xid)s::text::xid8, %(seq)s
FROM unnest(%(modules)s::text[]) AS m (module)
ON CONFLICT (receiver, module) DO UPDATE
SET xid = excluded.xid, seq = excluded.seq, moved_at = now()
"""

# The lease is locked until the commit: nobody else takes it over between the check and the move.
_MOVE = """
WITH moves AS (
    SELECT * FROM unnest(
        %(receivers)s::text[], %(modules)s::text[], %(xids)s::text[], %(seqs)s::bigint[],
        %(leases)s::text[], %(epochs)s::bigint[]
    ) AS m (receiver, module, xid, seq, lease, epoch)
),
held AS MATERIALIZED (
    SELECT l.name, l.epoch FROM leases l
    WHERE (l.name, l.epoch) IN (SELECT lease, epoch FROM moves)
    ORDER BY l.name FOR SHARE
)
UPDATE cursors c SET xid = m.xid::xid8, seq = m.seq, moved_at = now()
FROM moves m JOIN held ON held.name = m.lease AND held.epoch = m.epoch
WHERE c.receiver = m.receiver AND c.module = m.module
    AND (c.xid, c.seq) < (m.xid::xid8, m.seq)
RETURNING c.receiver, c.module
"""

_BEHIND = """
SELECT count(*) FROM (
    SELECT FROM catalogue
    WHERE module = %s AND (xid, seq) > (%s::text::xid8, %s)
        AND xid < pg_snapshot_xmin(pg_current_snapshot())
    LIMIT %s
) AS ahead
"""

_GUARD_AGE = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)), 0)::float8
FROM pg_stat_activity WHERE backend_xid IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Move:
    """A step of a receiver's cursor, and the lease under which the changes before it were sent."""

    receiver: str
    module: str
    position: Position
    lease: str
    epoch: int


async def cursor(conn: Hot, receiver: str, module: str) -> Position | None:
    """How far a receiver has seen a module; None when it never began."""
    found = await conn.execute(
        "SELECT xid, seq FROM cursors WHERE receiver = %s AND module = %s", (receiver, module)
    )
    row = await found.fetchone()
    return None if row is None else Position(*row)


async def start_cursors_at_head(conn: Hot, receiver: str, *, modules: Sequence[str]) -> Position:
    """Begins, or begins anew, with what changes from now on; the rest the receiver has to GET."""
    now = await head(conn)
    values = {
        "receiver": receiver,
        "modules": list(modules),
        "xid": str(now.xid),
        "seq": now.seq,
    }
    await conn.execute(_START, values)
    return now


async def begin_at_head(conn: Hot, receivers: Sequence[str], *, modules: Sequence[str]) -> None:
    """Begins with what changes from now on, where a receiver has not begun before."""
    now = await head(conn)
    await conn.execute(
        "INSERT INTO cursors (receiver, module, xid, seq)"
        " SELECT receiver, module, %s::text::xid8, %s"
        " FROM unnest(%s::text[]) AS r (receiver) CROSS JOIN unnest(%s::text[]) AS m (module)"
        " ON CONFLICT (receiver, module) DO NOTHING",
        (str(now.xid), now.seq, list(receivers), list(modules)),
    )


async def move_cursors(conn: Hot, moves: Sequence[Move]) -> set[tuple[str, str]]:
    """Moves cursors forward; returns which (receiver, module) did.

    One stays when its lease has another epoch by now, or when it is already further.
    """
    values = {
        "receivers": [move.receiver for move in moves],
        "modules": [move.module for move in moves],
        "xids": [str(move.position.xid) for move in moves],
        "seqs": [move.position.seq for move in moves],
        "leases": [move.lease for move in moves],
        "epochs": [move.epoch for move in moves],
    }
    moved = await conn.execute(_MOVE, values)
    return {(receiver, module) for receiver, module in await moved.fetchall()}


async def behind(conn: Hot, module: str, position: Position, *, at_most: int) -> int:
    """How many rows changed after a position, counted no further than `at_most`."""
    values = (module, str(position.xid), position.seq, at_most)
    (count,) = await one_row(conn, _BEHIND, values)
    return int(count)


async def guard_age(conn: Hot) -> float:
    """For how many seconds the oldest open writer of the cluster has held back delivery."""
    (seconds,) = await one_row(conn, _GUARD_AGE)
    return float(seconds)
