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
SELECT driver_id, lower(token_uid), party, lower(location_id), coalesce(start_at, requested_at),
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


# What another Session has used is used up.
_FIRST_GIVEN = """
SELECT min(given_at) FROM (
    SELECT a.given_at, a.until,
        (
            SELECT min(s.id) FROM sessions s
            WHERE s.token_id = a.token_id AND s.owner = a.cpo AND s.id <> %(session)s
                AND lower(s.document ->> 'authorization_reference') = a.reference
        ) AS session_id
    FROM authorizations a WHERE a.token_id = %(token)s AND a.cpo = %(cpo)s
    UNION ALL
    SELECT coalesce(c.start_at, c.requested_at),
        coalesce(c.start_at, c.requested_at) + interval '1 day', lower(c.session_id)
    FROM charges c JOIN tokens t ON t.driver_id = c.driver_id
    WHERE t.id = %(token)s AND lower(c.token_uid) = t.uid AND c.source <> 'card'
        AND c.party = %(cpo)s
    UNION ALL
    SELECT r.created_at, r.until + interval '1 day', lower(r.session_id)
    FROM reservations r JOIN tokens t ON t.driver_id = r.driver_id
    WHERE t.id = %(token)s AND lower(r.token_uid) = t.uid AND r.party = %(cpo)s
) AS yes
WHERE given_at <= %(by)s AND until >= %(start)s
    AND (%(session)s::text IS NULL OR coalesce(session_id, %(session)s) = %(session)s)
"""


async def first_given(
    conn: Hot, token_id: str, *, cpo: Party, session_id: str | None, start: datetime, by: datetime
) -> datetime | None:
    """When a CPO was first told yes for a session that began at `start`, no later than at `by`:
    by an answer or a command."""
    session = None if session_id is None else session_id.lower()
    values = {"token": token_id, "cpo": cpo.key, "session": session, "start": start, "by": by}
    (found,) = await one_row(conn, _FIRST_GIVEN, values)
    return found if isinstance(found, datetime) else None


_USES = """
SELECT greatest(
    (SELECT count(*) FROM authorizations
     WHERE token_id = %(token)s AND cpo = %(cpo)s AND given_at > %(since)s),
    (SELECT count(*) FROM sessions
     WHERE token_id = %(token)s AND owner = %(cpo)s AND received_at > %(since)s)
)
"""


async def uses(conn: Hot, token_id: str, *, cpo: Party, since: datetime) -> int:
    """How often a token was used at a CPO, which was told yes, or told of a Session without asking.
    Whoever counts at the same time waits, until what this transaction adds is counted too."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
        (f"uses {cpo.key} {token_id}",),
    )
    values = {"token": token_id, "cpo": cpo.key, "since": since}
    (found,) = await one_row(conn, _USES, values)
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
