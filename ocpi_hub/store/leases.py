"""Leases: which process may send to whom, by the database's clock.

A lease has an epoch that grows with every holder; work is written only under the epoch it began
with, so a process that slept through its lease changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ocpi_hub.node.engine import Hot

# Sorted: two processes that want the same leases take turns row by row.
_ACQUIRE = """
INSERT INTO leases AS l (name, holder, epoch, until)
SELECT name, %(holder)s, 1, clock_timestamp() + make_interval(secs => %(seconds)s)
FROM unnest(%(names)s::text[]) AS wanted (name) ORDER BY name
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, epoch = l.epoch + 1, until = excluded.until
WHERE l.until < clock_timestamp()
RETURNING name, epoch
"""

_RENEW = """
WITH held AS MATERIALIZED (
    SELECT l.name FROM leases l
    JOIN unnest(%(names)s::text[], %(epochs)s::bigint[]) AS mine (name, epoch) USING (name, epoch)
    WHERE l.until >= clock_timestamp()
    ORDER BY l.name FOR UPDATE OF l
)
UPDATE leases l SET until = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM held WHERE l.name = held.name
RETURNING l.name
"""

_RELEASE = """
WITH held AS MATERIALIZED (
    SELECT l.name FROM leases l
    JOIN unnest(%(names)s::text[], %(epochs)s::bigint[]) AS mine (name, epoch) USING (name, epoch)
    ORDER BY l.name FOR UPDATE OF l
)
UPDATE leases l SET until = '-infinity' FROM held WHERE l.name = held.name
"""


async def acquire(conn: Hot, name: str, *, holder: str, seconds: float) -> int | None:
    """The epoch of a lease that was free and now is the holder's; None when it is not free."""
    return (await acquire_all(conn, [name], holder=holder, seconds=seconds)).get(name)


async def acquire_all(
    conn: Hot, names: Sequence[str], *, holder: str, seconds: float
) -> dict[str, int]:
    """The epochs of those leases that were free and now are the holder's."""
    values = {"names": list(names), "holder": holder, "seconds": seconds}
    cursor = await conn.execute(_ACQUIRE, values)
    return dict(await cursor.fetchall())


async def renew(conn: Hot, held: Mapping[str, int], *, seconds: float) -> set[str]:
    """The names of those that are still held under their epoch, and last longer now."""
    cursor = await conn.execute(_RENEW, _values(held) | {"seconds": seconds})
    return {name for (name,) in await cursor.fetchall()}


async def release(conn: Hot, held: Mapping[str, int]) -> None:
    """Frees leases at once; one that was lost meanwhile is left alone."""
    await conn.execute(_RELEASE, _values(held))


def _values(held: Mapping[str, int]) -> dict[str, object]:
    return {"names": list(held), "epochs": list(held.values())}
