"""SQL of tokens: those of eMSPs as they sent them, and the operator's own.

`tokens.last_updated` is when we wrote it; the eMSP's own stamp stands in the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class Known:
    """A Token and the Party.key of its eMSP."""

    owner: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Local:
    """A token of the operator's own; status is Accepted, Blocked or Expired."""

    uid: str
    spelling: str
    status: str
    label: str | None
    created_at: datetime


_PUT = """
INSERT INTO tokens (owner, uid, type, document, last_updated)
VALUES (%(owner)s, %(uid)s, %(type)s, %(document)s, %(now)s)
ON CONFLICT (owner, uid, type) DO UPDATE
SET document = excluded.document, last_updated = excluded.last_updated
WHERE %(newer_only)s IS FALSE
    OR (tokens.document ->> 'last_updated')::timestamptz
        < (excluded.document ->> 'last_updated')::timestamptz
"""


async def put(
    conn: Hot, owner: str, *, token: Mapping[str, Any], now: datetime, newer_only: bool = False
) -> bool:
    """Whether the Token was written; `newer_only` leaves one alone that is as new or newer."""
    values = {
        "owner": owner,
        "uid": token["uid"].upper(),
        "type": token["type"],
        "document": Jsonb(token),
        "now": now,
        "newer_only": newer_only,
    }
    return (await conn.execute(_PUT, values)).rowcount == 1


async def get(
    conn: Hot, owner: str, *, uid: str, type_: str, lock: bool = False
) -> dict[str, Any] | None:
    """The Token of an eMSP."""
    statement = "SELECT document FROM tokens WHERE owner = %s AND uid = %s AND type = %s"
    values = (owner, uid.upper(), type_)
    found = await conn.execute(statement + (" FOR UPDATE" if lock else ""), values)
    row = await found.fetchone()
    return None if row is None else row[0]


async def by_uid(conn: Hot, uid: str) -> list[Known]:
    """Everybody's Tokens of that uid: cards first, then the newest."""
    async with conn.cursor(row_factory=class_row(Known)) as cursor:
        await cursor.execute(
            "SELECT owner, document FROM tokens WHERE uid = %s"
            " ORDER BY type = 'RFID' DESC, last_updated DESC LIMIT 10",
            (uid.upper(),),
        )
        return await cursor.fetchall()


async def put_local(conn: Hot, uid: str, *, status: str, label: str | None, now: datetime) -> None:
    """Keep a token of the operator's own, or give it another status."""
    await conn.execute(
        """
INSERT INTO local_tokens (uid, spelling, status, label, created_at)
VALUES (%(uid)s, %(spelling)s, %(status)s, %(label)s, %(now)s)
ON CONFLICT (uid) DO UPDATE SET spelling = excluded.spelling, status = excluded.status,
    label = coalesce(excluded.label, local_tokens.label), created_at = excluded.created_at
""",
        {"uid": uid.upper(), "spelling": uid, "status": status, "label": label, "now": now},
    )


async def remove_local(conn: Hot, uid: str) -> bool:
    """Whether there was one; stations' lists are made anew, for a removal leaves no trace."""
    gone = await conn.execute("DELETE FROM local_tokens WHERE uid = %s", (uid.upper(),))
    if gone.rowcount:
        await conn.execute(
            "UPDATE stations SET local_list_version = 0 WHERE local_list_version > 0"
        )
    return gone.rowcount == 1


async def local(conn: Hot, uid: str) -> Local | None:
    """The operator's own token of that uid."""
    async with conn.cursor(row_factory=class_row(Local)) as cursor:
        await cursor.execute(
            "SELECT uid, spelling, status, label, created_at FROM local_tokens WHERE uid = %s",
            (uid.upper(),),
        )
        return await cursor.fetchone()


async def locals_(conn: Hot) -> list[Local]:
    """All tokens of the operator's own."""
    async with conn.cursor(row_factory=class_row(Local)) as cursor:
        await cursor.execute(
            "SELECT uid, spelling, status, label, created_at FROM local_tokens ORDER BY uid"
        )
        return await cursor.fetchall()


_CHANGED = """
SELECT spelling, status, NULL::jsonb FROM local_tokens
WHERE created_at >= %(since)s AND created_at < %(until)s
UNION ALL
SELECT document ->> 'uid', NULL, document FROM tokens t
WHERE type = 'RFID' AND last_updated >= %(since)s AND last_updated < %(until)s
    AND NOT EXISTS (SELECT 1 FROM local_tokens l WHERE l.uid = t.uid)
ORDER BY 1 LIMIT %(limit)s
"""


async def changed(
    conn: Hot, *, since: datetime, until: datetime, limit: int
) -> Sequence[tuple[str, str | None, dict[str, Any] | None]]:
    """Cards written in that time: the uid, and the status of ours or the Token of an eMSP."""
    values = {"since": since, "until": until, "limit": limit}
    return [
        (row[0], row[1], row[2]) for row in await (await conn.execute(_CHANGED, values)).fetchall()
    ]


async def newest_change(conn: Hot, *, until: datetime) -> datetime | None:
    """When a card was last written before then."""
    found = await conn.execute(
        """
SELECT greatest(
    (SELECT max(created_at) FROM local_tokens WHERE created_at < %(until)s),
    (SELECT max(last_updated) FROM tokens WHERE type = 'RFID' AND last_updated < %(until)s)
)
""",
        {"until": until},
    )
    row = await found.fetchone()
    return None if row is None else row[0]


async def set_list_version(conn: Hot, station_id: str, *, version: int) -> None:
    """The version of the list that a station has."""
    await conn.execute(
        "UPDATE stations SET local_list_version = %s WHERE id = %s", (version, station_id)
    )
