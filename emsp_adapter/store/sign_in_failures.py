"""SQL of wrong passwords, counted by e-mail address whether it has an account or not."""

from __future__ import annotations

import hashlib
from datetime import datetime

from ocpi_hub.node.engine import Hot

_COUNT = """
INSERT INTO sign_in_failures AS f (account, failures, since) VALUES (%(account)s, 1, %(now)s)
ON CONFLICT (account) DO UPDATE SET
    failures = CASE WHEN f.since <= %(from)s THEN 1 ELSE f.failures + 1 END,
    since = CASE WHEN f.since <= %(from)s THEN excluded.since ELSE f.since END
"""


def account_of(email: str) -> bytes:
    """What failures are counted by: no list of addresses that somebody tried is kept."""
    return hashlib.sha256(email.encode()).digest()


async def count(conn: Hot, account: bytes, *, now: datetime, since: datetime) -> None:
    """One more; counting begins anew when the first was before `since`."""
    await conn.execute(_COUNT, {"account": account, "now": now, "from": since})


async def counted(conn: Hot, account: bytes, *, since: datetime) -> int:
    """How many there were."""
    found = await conn.execute(
        "SELECT failures FROM sign_in_failures WHERE account = %s AND since > %s", (account, since)
    )
    row = await found.fetchone()
    return 0 if row is None else int(row[0])


async def clear(conn: Hot, account: bytes) -> None:
    """The right password was given, or another was set."""
    await conn.execute("DELETE FROM sign_in_failures WHERE account = %s", (account,))
