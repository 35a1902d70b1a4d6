"""Where the service that runs on this database is reached, and the sign that it runs."""

from __future__ import annotations

from ocpi_hub.node.engine import Hot

# A service that has not said so for longer than this is not running.
_ALIVE_SECONDS = 15.0

_BEAT = """
INSERT INTO announced ("only", public_url, alive_at) VALUES (true, %s, now())
ON CONFLICT ("only") DO UPDATE SET public_url = excluded.public_url, alive_at = now()
"""


async def beat(conn: Hot, public_url: str) -> None:
    """Say that the service runs, and where."""
    await conn.execute(_BEAT, (public_url,))


async def rest(conn: Hot) -> None:
    """Say that the service stops; another process of it says otherwise within seconds."""
    await conn.execute("UPDATE announced SET alive_at = NULL")


async def public_url(conn: Hot) -> str | None:
    """Where the running service is reached; None while none runs."""
    cursor = await conn.execute(
        "SELECT public_url FROM announced WHERE alive_at > now() - make_interval(secs => %s)",
        (_ALIVE_SECONDS,),
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]
