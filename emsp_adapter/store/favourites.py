"""SQL of the locations that drivers keep at hand, by their public ids."""

from __future__ import annotations

from datetime import datetime

from ocpi_hub.node.engine import Hot


async def add(conn: Hot, driver_id: str, location: str, *, now: datetime) -> None:
    """Keeps one; again changes nothing."""
    await conn.execute(
        "INSERT INTO favourites (driver_id, location, created_at) VALUES (%s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (driver_id, location, now),
    )


async def remove(conn: Hot, driver_id: str, location: str) -> None:
    """Forgets one, however it is spelled; one that is none changes nothing."""
    await conn.execute(
        "DELETE FROM favourites WHERE driver_id = %s AND lower(location) = lower(%s)",
        (driver_id, location),
    )


async def count(conn: Hot, driver_id: str) -> int:
    """How many a driver has."""
    row = await (
        await conn.execute("SELECT count(*) FROM favourites WHERE driver_id = %s", (driver_id,))
    ).fetchone()
    return 0 if row is None else int(row[0])


async def keys(conn: Hot, driver_id: str) -> list[str]:
    """Which, the newest first."""
    cursor = await conn.execute(
        "SELECT location FROM favourites WHERE driver_id = %s ORDER BY created_at DESC, location",
        (driver_id,),
    )
    return [row[0] for row in await cursor.fetchall()]
