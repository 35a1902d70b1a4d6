"""SQL of charging profiles: one of each session, replaced by the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot, one_row


@dataclass(frozen=True, slots=True)
class KeptProfile:
    """A row of `charging_profiles`: see there for what each column means."""

    transaction_id: str
    profile_id: int
    document: Mapping[str, Any]
    state: str
    owner: str | None
    last_updated: datetime


_COLUMNS = ", ".join(field.name for field in fields(KeptProfile))
_SELECT = f"SELECT {_COLUMNS} FROM charging_profiles"  # noqa: S608 - only the column list

_IN_FORCE = f"""{_SELECT}
WHERE state = 'sent' AND transaction_id IN (
    SELECT id FROM transactions WHERE station_id = %s AND state = 'active'
)
"""  # noqa: S608 - only the column list

_SET_BY_PARTNERS = f"""{_SELECT}
WHERE state <> 'refused' AND owner IS NOT NULL AND transaction_id IN (
    SELECT id FROM transactions WHERE station_id = %s AND state = 'active'
)
"""  # noqa: S608 - only the column list

_NUMBER = """
INSERT INTO charging_profiles (transaction_id, document, state, owner, last_updated)
VALUES (%(transaction)s, %(document)s, 'refused', %(owner)s, %(now)s)
ON CONFLICT (transaction_id) DO UPDATE SET transaction_id = excluded.transaction_id
RETURNING profile_id
"""


async def number(
    conn: Hot,
    transaction_id: str,
    *,
    document: Mapping[str, Any],
    owner: str | None,
    now: datetime,
) -> int:
    """What stations know the profile of a session by; it stays the same for all its profiles."""
    values = {
        "transaction": transaction_id,
        "document": Jsonb(dict(document)),
        "owner": owner,
        "now": now,
    }
    return int((await one_row(conn, _NUMBER, values))[0])


async def keep(
    conn: Hot,
    transaction_id: str,
    *,
    document: Mapping[str, Any],
    owner: str | None,
    now: datetime,
) -> None:
    """The station has taken this profile; without an owner it follows from a preference."""
    await conn.execute(
        """
UPDATE charging_profiles SET document = %s, state = 'sent', owner = %s, last_updated = %s
WHERE transaction_id = %s
""",
        (Jsonb(dict(document)), owner, now, transaction_id),
    )


async def cleared(conn: Hot, transaction_id: str, *, now: datetime) -> None:
    """The station has none of this session any more."""
    await conn.execute(
        "UPDATE charging_profiles SET state = 'cleared', last_updated = %s"
        " WHERE transaction_id = %s",
        (now, transaction_id),
    )


async def lost(conn: Hot, transaction_id: str, *, now: datetime) -> None:
    """The station had the profile, has forgotten it, and does not take it again."""
    await conn.execute(
        "UPDATE charging_profiles SET state = 'lost', last_updated = %s WHERE transaction_id = %s",
        (now, transaction_id),
    )


async def set_by_partners(conn: Hot, station_id: str) -> list[KeptProfile]:
    """Those of running sessions for which a partner's profile was once in force (CHP-05)."""
    async with conn.cursor(row_factory=class_row(KeptProfile)) as cursor:
        await cursor.execute(_SET_BY_PARTNERS, (station_id,))
        return await cursor.fetchall()


async def find(conn: Hot, transaction_id: str) -> KeptProfile | None:
    """The profile of a session, whatever became of it."""
    return await _one(conn, f"{_SELECT} WHERE transaction_id = %s", transaction_id)


async def in_force(conn: Hot, station_id: str) -> list[KeptProfile]:
    """The profiles a station should have, to be sent again after it restarted."""
    async with conn.cursor(row_factory=class_row(KeptProfile)) as cursor:
        await cursor.execute(_IN_FORCE, (station_id,))
        return await cursor.fetchall()


async def listed(
    conn: Hot, *, station_id: str | None = None, before: int | None = None, limit: int = 100
) -> list[KeptProfile]:
    """Profiles of a station or all, the newest sessions' first; those of a lower number."""
    async with conn.cursor(row_factory=class_row(KeptProfile)) as cursor:
        await cursor.execute(
            f"""{_SELECT} p
WHERE (%(before)s::int IS NULL OR profile_id < %(before)s)
    AND (%(station)s::text IS NULL OR EXISTS (
        SELECT FROM transactions t WHERE t.id = p.transaction_id AND t.station_id = %(station)s
    ))
ORDER BY profile_id DESC LIMIT %(limit)s
""",
            {"station": station_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def asked_since(conn: Hot, transaction_id: str, *, since: datetime) -> int:
    """How many charging profile requests a session has had since then."""
    row = await one_row(
        conn,
        "SELECT count(*) FROM commands WHERE transaction_id = %s AND created_at > %s"
        " AND kind LIKE '%%_PROFILE'",
        (transaction_id, since),
    )
    return int(row[0])


async def _one(conn: Hot, statement: str, value: str) -> KeptProfile | None:
    async with conn.cursor(row_factory=class_row(KeptProfile)) as cursor:
        await cursor.execute(statement, (value,))
        return await cursor.fetchone()
