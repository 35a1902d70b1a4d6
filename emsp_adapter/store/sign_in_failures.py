"""SQL of wrong passwords, counted by e-mail address whether it has an account or not."""

from __future__ import annotations

import hashlib
from datetime import datetime

from ocpi_hub.node.engine import Hot, one_row

_COUNT = """
INSERT INTO sign_in_failures AS f (account, failures, since) VALUES (%(account)s, 1, %(now)s)
ON CONFLICT (account) DO UPDATE SET
    failures = CASE WHEN f.since <= %(from)s THEN 1 ELSE f.failures + 1 END,
    since = CASE WHEN f.since <= %(from)s THEN excluded.since ELSE f.since END
RETURNING failures
"""


def account_of(email: str) -> bytes:
    """What failures are counted by: no list of addresses that somebody tried is kept."""
    return hashlib.sha256(email.encode()).digest()


async def count(conn: Hot, account: bytes, *, now: datetime, since: datetime) -> int:
    """How many there are with this one; counting begins anew when the first was before `since`."""
    values = {"account": account, "now": now, "from": since}
    return int((await one_row(conn, _COUNT, values))[0])


async def clear(conn: Hot, account: bytes) -> None:
    """The right password was given, or another was set."""
    await conn.execute("DELETE FROM sign_in_failures WHERE account = %s", (account,))
