"""The row of an adapter about itself, and the sign that it runs on this database."""

from __future__ import annotations

from ocpi_hub.node.engine import Hot

TABLE = "announced"

KNOWN_TO_OTHERS = """
SELECT EXISTS (SELECT FROM published) OR EXISTS (SELECT FROM peers WHERE status = 'registered')
"""

# A service that has not said so for longer than this is not running.
_ALIVE_SECONDS = 15.0

_BEAT = """
INSERT INTO announced ("only", alive_at) VALUES (true, now())
ON CONFLICT ("only") DO UPDATE SET alive_at = now()
"""


async def beat(conn: Hot) -> None:
    """Say that the service runs."""
    await conn.execute(_BEAT)


async def rest(conn: Hot) -> None:
    """Say that the service stops; another process of it says otherwise within seconds."""
    await conn.execute("UPDATE announced SET alive_at = NULL")


async def alive(conn: Hot) -> bool:
    """Whether a service runs on this database."""
    cursor = await conn.execute(
        "SELECT FROM announced WHERE alive_at > now() - make_interval(secs => %s)",
        (_ALIVE_SECONDS,),
    )
    return await cursor.fetchone() is not None
