"""SQL of the Sessions that CPOs tell of; ids are folded, their spelling stands in the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A Session with whose it is and every status it was in."""

    owner: str
    id: str
    driver_id: str
    token_id: str
    document: dict[str, Any]
    status: str
    statuses: list[str]
    location_id: str
    # Folded: what hung at its connector when it was new; None where nobody knows.
    tariff_ids: list[str] | None
    flags: list[dict[str, str]]
    last_updated: datetime


_COLUMNS = (
    "owner, id, driver_id, token_id, document, status, statuses, location_id, tariff_ids, flags,"
    " last_updated"
)


async def find(
    conn: Hot, owner: Party, session_id: str, *, lock: bool = False
) -> SessionRow | None:
    """The Session; with `lock` it stays as it is until the transaction ends."""
    statement = f"SELECT {_COLUMNS} FROM sessions WHERE owner = %s AND id = lower(%s)"  # noqa: S608 - a constant
    async with conn.cursor(row_factory=class_row(SessionRow)) as cursor:
        await cursor.execute(
            (statement + (" FOR UPDATE" if lock else "")).encode(), (owner.key, session_id)
        )
        return await cursor.fetchone()


async def claim(conn: Hot, owner: Party, session_id: str) -> None:
    """Whoever tells of the same Session at the same time waits, also of one that is new."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
        (f"session {owner.key} {session_id.lower()}",),
    )


_PUT = """
INSERT INTO sessions AS s (owner, id, driver_id, token_id, document, status, statuses, location_id,
    tariff_ids, flags, last_updated, received_at, told_at)
VALUES (%(owner)s, lower(%(id)s), %(driver)s, %(token)s, %(document)s, %(status)s,
    ARRAY[%(status)s], lower(%(location)s), %(tariff_ids)s, %(flags)s, %(last_updated)s, %(now)s,
    %(now)s)
ON CONFLICT (owner, id) DO UPDATE
SET document = excluded.document, status = excluded.status,
    statuses = CASE WHEN excluded.status = ANY (s.statuses) THEN s.statuses
        ELSE s.statuses || excluded.statuses END,
    location_id = excluded.location_id, tariff_ids = excluded.tariff_ids, flags = excluded.flags,
    last_updated = excluded.last_updated, told_at = excluded.told_at
"""


async def put(
    conn: Hot,
    owner: Party,
    document: Mapping[str, Any],
    *,
    driver_id: str,
    token_id: str,
    status: str,
    tariff_ids: Sequence[str] | None,
    flags: Sequence[Mapping[str, str]],
    last_updated: datetime,
    now: datetime,
) -> None:
    """Keep a Session as it is now."""
    values = {
        "owner": owner.key,
        "id": document["id"],
        "driver": driver_id,
        "token": token_id,
        "document": Jsonb(document),
        "status": status,
        "location": document["location_id"],
        "tariff_ids": None if tariff_ids is None else list(tariff_ids),
        "flags": Jsonb(list(flags)),
        "last_updated": last_updated,
        "now": now,
    }
    await conn.execute(_PUT, values)


# What another CPO tells counts where it was told yes for that: else anybody could have the card
# refused everywhere. A stamp makes a Session older, never newer than when it was told of.
_RUNNING_ELSEWHERE = """
SELECT s.id FROM sessions s
WHERE s.token_id = %(token)s AND s.status = 'ACTIVE'
    AND least(s.last_updated, s.told_at) >= %(since)s
    AND CASE WHEN s.owner = %(owner)s THEN s.location_id <> lower(%(location)s)
        ELSE EXISTS (
            SELECT FROM authorizations a
            WHERE a.token_id = s.token_id AND a.cpo = s.owner
                AND (a.location_id IS NULL OR a.location_id = s.location_id)
                AND a.given_at <= s.told_at AND a.until >= s.received_at
        ) END
ORDER BY s.id
"""


async def running_elsewhere(
    conn: Hot, token_id: str, *, owner: Party, location_id: str | None, since: datetime
) -> list[str]:
    """The Sessions that run with the same token at other Locations and were told of since then;
    where the Location is not known, those of other CPOs."""
    values = {"token": token_id, "since": since, "owner": owner.key, "location": location_id}
    cursor = await conn.execute(_RUNNING_ELSEWHERE, values)
    return [each for (each,) in await cursor.fetchall()]
