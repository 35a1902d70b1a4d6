"""SQL of Locations without their EVSEs, which are rows of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party

# Advisory locks on Locations to come.
_NEW = 5_103

_FIND = "SELECT document, last_updated FROM locations WHERE owner = %s AND id = %s"


@dataclass(frozen=True, slots=True)
class StoredLocation:
    """A Location without its EVSEs."""

    document: dict[str, Any]
    last_updated: datetime


async def find(conn: Hot, party: Party, location_id: str) -> dict[str, Any] | None:
    """The Location without its EVSEs."""
    row = await (await conn.execute(_FIND, (party.key, location_id.lower()))).fetchone()
    return None if row is None else row[0]


async def lock(conn: Hot, party: Party, location_id: str) -> StoredLocation | None:
    """The same, nobody else's to change until the transaction ends."""
    async with conn.cursor(row_factory=class_row(StoredLocation)) as cursor:
        await cursor.execute(f"{_FIND} FOR UPDATE", (party.key, location_id.lower()))
        return await cursor.fetchone()


async def lock_new(conn: Hot, party: Party, location_id: str) -> None:
    """Has two that bring the same new Location take turns: there is no row to lock yet."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(%s, hashtext(%s))",
        (_NEW, f"{party.key}/{location_id.lower()}"),
    )


async def put(conn: Hot, party: Party, document: dict[str, Any], *, last_updated: datetime) -> None:
    """Keeps a Location as it is now."""
    await conn.execute(
        "INSERT INTO locations (owner, id, document, last_updated) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (owner, id) DO UPDATE"
        " SET document = excluded.document, last_updated = excluded.last_updated",
        (party.key, document["id"].lower(), Jsonb(document), last_updated),
    )
