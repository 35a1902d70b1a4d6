"""SQL of EVSEs: each a row, with its connectors in its document.

Whoever changes a Location or anything below it locks the Location's row first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party

_PUT = """
INSERT INTO evses (owner, location_id, uid, document, position, status, standards, watts,
    tariff_ids, last_updated)
VALUES (%(owner)s, %(location_id)s, %(uid)s, %(document)s, %(position)s, %(status)s,
    %(standards)s, %(watts)s, %(tariff_ids)s, %(last_updated)s)
ON CONFLICT (owner, location_id, uid) DO UPDATE
SET document = excluded.document, position = excluded.position, absent = false,
    status = excluded.status, standards = excluded.standards, watts = excluded.watts,
    tariff_ids = excluded.tariff_ids, last_updated = excluded.last_updated
"""


@dataclass(frozen=True, slots=True)
class Evse:
    """An EVSE with what a search needs of it: of each connector its standard and its watts."""

    document: dict[str, Any]
    position: int
    standards: Sequence[str]
    watts: Sequence[int]
    tariff_ids: Sequence[str]
    last_updated: datetime


@dataclass(frozen=True, slots=True)
class StoredEvse:
    """An EVSE with its place in the Location's list."""

    uid: str
    document: dict[str, Any]
    position: int
    absent: bool
    last_updated: datetime


async def of_location(
    conn: Hot, party: Party, location_id: str, *, absent: bool = False
) -> list[StoredEvse]:
    """The EVSEs of a Location in the order of its list; with `absent` those left out of it too."""
    async with conn.cursor(row_factory=class_row(StoredEvse)) as cursor:
        await cursor.execute(
            "SELECT uid, document, position, absent, last_updated FROM evses"
            " WHERE owner = %s AND location_id = %s AND (%s OR NOT absent) ORDER BY position, uid",
            (party.key, location_id.lower(), absent),
        )
        return await cursor.fetchall()


async def find(
    conn: Hot, party: Party, location_id: str, evse_uid: str, *, absent: bool = False
) -> StoredEvse | None:
    """One EVSE; with `absent` also when it was left out of the Location's list."""
    async with conn.cursor(row_factory=class_row(StoredEvse)) as cursor:
        await cursor.execute(
            "SELECT uid, document, position, absent, last_updated FROM evses"
            " WHERE owner = %s AND location_id = %s AND uid = %s AND (%s OR NOT absent)",
            (party.key, location_id.lower(), evse_uid.lower(), absent),
        )
        return await cursor.fetchone()


async def put(conn: Hot, party: Party, location_id: str, evse: Evse) -> None:
    """Keeps an EVSE as it is now, in its place."""
    values = {
        "owner": party.key,
        "location_id": location_id.lower(),
        "uid": evse.document["uid"].lower(),
        "document": Jsonb(evse.document),
        "position": evse.position,
        "status": evse.document["status"],
        "standards": list(evse.standards),
        "watts": list(evse.watts),
        "tariff_ids": list(evse.tariff_ids),
        "last_updated": evse.last_updated,
    }
    await conn.execute(_PUT, values)


async def move(conn: Hot, party: Party, location_id: str, uid: str, *, position: int) -> bool:
    """Gives an EVSE its place in the list, which it may have been left out of; whether that is
    another one."""
    cursor = await conn.execute(
        "UPDATE evses SET position = %s, absent = false"
        " WHERE owner = %s AND location_id = %s AND uid = %s AND (position <> %s OR absent)",
        (position, party.key, location_id.lower(), uid.lower(), position),
    )
    return cursor.rowcount > 0


async def leave_out(conn: Hot, party: Party, location_id: str, uids: Sequence[str]) -> int:
    """Serves EVSEs no more, by their folded uids; how many of them were served before."""
    cursor = await conn.execute(
        "UPDATE evses SET absent = true"
        " WHERE owner = %s AND location_id = %s AND uid = ANY (%s) AND NOT absent",
        (party.key, location_id.lower(), list(uids)),
    )
    return cursor.rowcount
