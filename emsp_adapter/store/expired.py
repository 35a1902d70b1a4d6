"""SQL that forgets what identity has that is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from ocpi_hub.node.engine import Hot

# A code or a token that comes again is still known for what it was.
_KEPT = timedelta(days=1)
_FORGOTTEN = (
    "DELETE FROM authorization_codes WHERE expires_at < %(kept)s",
    "DELETE FROM access_tokens WHERE expires_at < %(kept)s",
    "DELETE FROM browser_sessions WHERE expires_at < %(now)s",
    "DELETE FROM mail_tokens WHERE expires_at < %(now)s",
    "DELETE FROM sign_in_failures WHERE since < %(kept)s",
    # A family nobody can refresh any more, its refresh tokens with it.
    """
DELETE FROM grants g WHERE g.created_at < %(kept)s
AND NOT EXISTS (
    SELECT FROM refresh_tokens t WHERE t.grant_id = g.id AND t.expires_at > %(kept)s
)
""",
)


async def purge(conn: Hot, *, now: datetime) -> None:
    """Forget what is over; used refresh tokens stay as long as their family, to be recognised."""
    for statement in _FORGOTTEN:
        await conn.execute(statement.encode(), {"now": now, "kept": now - _KEPT})
