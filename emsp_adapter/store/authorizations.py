"""SQL of permissions to charge: those given when a CPO asked, and those sent along with a command.

The id of a charge or a reservation is the authorization_reference of its command.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.protocol.party import Party


@dataclass(frozen=True, slots=True)
class Permission:
    """What a reference is good for; ids are folded, and None where it is good for any."""

    driver_id: str
    token_uid: str | None
    cpo: str
    location_id: str | None
    given_at: datetime
    until: datetime


async def add(
    conn: Hot,
    reference: str,
    *,
    token_id: str,
    cpo: Party,
    location_id: str | None,
    given_at: datetime,
    until: datetime,
) -> None:
    """Keep that a CPO was told yes."""
    await conn.execute(
        "INSERT INTO authorizations (reference, token_id, cpo, location_id, given_at, until)"
        " VALUES (%s, %s, %s, lower(%s), %s, %s)",
        (reference, token_id, cpo.key, location_id, given_at, until),
    )


# A command is good for a start within a day, as an answer is.
_FIND = """
SELECT t.driver_id, t.uid AS token_uid, a.cpo, a.location_id, a.given_at, a.until
FROM authorizations a JOIN tokens t ON t.id = a.token_id
WHERE a.reference = lower(%(reference)s)
UNION ALL
SELECT driver_id, lower(token_uid), party, lower(location_id), requested_at,
    coalesce(start_at, requested_at) + interval '1 day'
FROM charges WHERE id = lower(%(reference)s) AND source <> 'card'
UNION ALL
SELECT driver_id, lower(token_uid), party, lower(location_id), created_at,
    until + interval '1 day'
FROM reservations WHERE id = lower(%(reference)s)
LIMIT 1
"""


async def find(conn: Hot, reference: str) -> Permission | None:
    """What a reference of ours is good for; None when we never gave it."""
    async with conn.cursor(row_factory=class_row(Permission)) as cursor:
        await cursor.execute(_FIND, {"reference": reference})
        return await cursor.fetchone()


_GIVEN = """
SELECT EXISTS (
    SELECT FROM authorizations
    WHERE token_id = %(token)s AND cpo = %(cpo)s AND given_at <= %(end)s AND until >= %(start)s
) OR EXISTS (
    SELECT FROM charges c JOIN tokens t ON t.driver_id = c.driver_id
    WHERE t.id = %(token)s AND lower(c.token_uid) = t.uid AND c.source <> 'card'
        AND c.party = %(cpo)s AND c.requested_at <= %(end)s
        AND coalesce(c.start_at, c.requested_at) >= %(start)s::timestamptz - interval '1 day'
) OR EXISTS (
    SELECT FROM reservations r JOIN tokens t ON t.driver_id = r.driver_id
    WHERE t.id = %(token)s AND lower(r.token_uid) = t.uid AND r.party = %(cpo)s
        AND r.created_at <= %(end)s
        AND r.until >= %(start)s::timestamptz - interval '1 day'
)
"""


async def given(conn: Hot, token_id: str, *, cpo: Party, start: datetime, end: datetime) -> bool:
    """Whether a CPO was told yes for a session of that time, by an answer or a command."""
    values = {"token": token_id, "cpo": cpo.key, "start": start, "end": end}
    (found,) = await one_row(conn, _GIVEN, values)
    return bool(found)


_USES = """
SELECT greatest(
    (SELECT count(*) FROM authorizations WHERE token_id = %(token)s AND given_at > %(since)s),
    (SELECT count(*) FROM sessions WHERE token_id = %(token)s AND received_at > %(since)s)
)
"""


async def uses(conn: Hot, token_id: str, *, since: datetime) -> int:
    """How often a token was used: a CPO was told yes, or told of a Session without asking."""
    (found,) = await one_row(conn, _USES, {"token": token_id, "since": since})
    return int(found)


async def purge(conn: Hot, *, before: datetime) -> None:
    """Forget what was good up to then."""
    await conn.execute("DELETE FROM authorizations WHERE until < %s", (before,))


_ASKED_FOR = """
SELECT EXISTS (
    SELECT FROM charges
    WHERE driver_id = %(driver)s AND party = %(cpo)s AND lower(location_id) = lower(%(location)s)
        AND source <> 'card' AND requested_at >= %(now)s::timestamptz - interval '1 day'
        AND state IN ('starting', 'charging', 'stopping')
) OR EXISTS (
    SELECT FROM reservations
    WHERE driver_id = %(driver)s AND party = %(cpo)s AND lower(location_id) = lower(%(location)s)
        AND state IN ('requested', 'confirmed') AND until >= %(now)s
)
"""


async def asked_for(
    conn: Hot, driver_id: str, *, cpo: Party, location_id: str, now: datetime
) -> bool:
    """Whether the driver asked, by an app, to charge at that Location."""
    values = {"driver": driver_id, "cpo": cpo.key, "location": location_id, "now": now}
    (found,) = await one_row(conn, _ASKED_FOR, values)
    return bool(found)
