"""CDRs that their receiver has taken: they are never sent again."""

from __future__ import annotations

from collections.abc import Collection

from ocpi_hub.node.engine import Hot


async def taken(conn: Hot, ids: Collection[str]) -> set[str]:
    """Which of these CDRs are with their receiver; the ids are folded."""
    cursor = await conn.execute("SELECT id FROM handed_over WHERE id = ANY(%s)", (list(ids),))
    return {id_ for (id_,) in await cursor.fetchall()}


async def keep(conn: Hot, id_: str, *, peer_id: str, location: str | None) -> None:
    """Notes that a peer took a CDR, and where it says that it can be read."""
    await conn.execute(
        "INSERT INTO handed_over (id, peer_id, location) VALUES (%s, %s, %s)"
        " ON CONFLICT (id) DO NOTHING",
        (id_, peer_id, location),
    )


async def location(conn: Hot, id_: str) -> str | None:
    """Where a receiver said that a CDR of ours can be read; None when it did not, or has none."""
    cursor = await conn.execute("SELECT location FROM handed_over WHERE id = %s", (id_.lower(),))
    row = await cursor.fetchone()
    return None if row is None else row[0]
