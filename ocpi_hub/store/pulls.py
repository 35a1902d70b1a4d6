"""Until when the lists of each party have been pulled."""

from __future__ import annotations

from datetime import datetime

from ocpi_hub.node.engine import Hot


async def since(conn: Hot, owner: str, module: str) -> datetime | None:
    """The start of the last crawl that came to its end; None before the first."""
    cursor = await conn.execute(
        "SELECT begun_at FROM pulls WHERE owner = %s AND module = %s", (owner, module)
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def done(conn: Hot, owner: str, *, module: str, at: datetime) -> None:
    """A crawl that began at a moment has come to its end."""
    await conn.execute(
        "INSERT INTO pulls (owner, module, begun_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (owner, module) DO UPDATE SET begun_at = excluded.begun_at",
        (owner, module, at),
    )


async def forget(conn: Hot, owner: str) -> None:
    """The next crawl of a party's lists is a whole one."""
    await conn.execute("DELETE FROM pulls WHERE owner = %s", (owner,))
