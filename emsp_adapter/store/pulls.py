"""SQL of up to when partners' lists were read; it outlives the process, as outages do."""

from __future__ import annotations

from datetime import datetime

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party

# The column `party` of a whole list.
EVERYBODY = ""


async def read_at(conn: Hot, peer_id: str, module: str) -> dict[str, datetime]:
    """When a module was read from a peer: by Party.key, or EVERYBODY for its whole list."""
    cursor = await conn.execute(
        "SELECT party, read_at FROM pulls WHERE peer_id = %s AND module = %s", (peer_id, module)
    )
    return dict(await cursor.fetchall())


async def mark(
    conn: Hot, peer_id: str, module: str, *, party: Party | None, read_at: datetime
) -> None:
    """A list was read to its end, as it was at this moment."""
    await conn.execute(
        "INSERT INTO pulls (peer_id, party, module, read_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (peer_id, party, module) DO UPDATE SET read_at = excluded.read_at",
        (peer_id, EVERYBODY if party is None else party.key, module, read_at),
    )
