"""Locations, their EVSEs, and tariffs: what the operator offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot

# Any number that is nobody else's: imports go one after the other.
_IMPORTS = 4_711_001


@dataclass(frozen=True, slots=True)
class LocationRow:
    """A Location as OCPI has it, without its EVSEs and its last_updated."""

    id: str
    document: Mapping[str, Any]
    limit_watts: Decimal | None
    last_updated: datetime


@dataclass(frozen=True, slots=True)
class EvseChange:
    """An EVSE to be written, new or changed."""

    uid: str
    location_id: str
    position: int
    document: Mapping[str, Any]
    lifecycle: str


@dataclass(frozen=True, slots=True)
class TariffRow:
    """A Tariff as OCPI has it."""

    id: str
    document: Mapping[str, Any]
    deleted: bool
    last_updated: datetime


_LOCATION = f"SELECT {', '.join(field.name for field in fields(LocationRow))} FROM locations"  # noqa: S608 - only the column list
_TARIFF = f"SELECT {', '.join(field.name for field in fields(TariffRow))} FROM tariffs"  # noqa: S608 - the same

_PUT_LOCATION = """
INSERT INTO locations (id, document, last_updated)
VALUES (%(id)s, %(document)s, %(last_updated)s)
ON CONFLICT (id) DO UPDATE
SET document = excluded.document, last_updated = excluded.last_updated
"""

_PUT_TARIFF = """
INSERT INTO tariffs (id, document, last_updated)
VALUES (%(id)s, %(document)s, %(last_updated)s)
ON CONFLICT (id) DO UPDATE
SET document = excluded.document, deleted = false, last_updated = excluded.last_updated
"""

_PUT_EVSE = """
INSERT INTO evses AS e (uid, location_id, position, document, lifecycle, last_updated)
VALUES (
    %(uid)s, %(location_id)s, %(position)s, %(document)s, %(lifecycle)s, %(last_updated)s
)
ON CONFLICT (uid) DO UPDATE
SET position = excluded.position, document = excluded.document, lifecycle = excluded.lifecycle,
    last_updated = excluded.last_updated
"""


_HOLD_LOCATIONS = """
SELECT FROM locations WHERE lower(id) = ANY(%(ids)s) ORDER BY id FOR UPDATE
"""

_HOLD_EVSES = """
SELECT FROM evses WHERE location_id IN (SELECT id FROM locations WHERE lower(id) = ANY(%(ids)s))
ORDER BY uid FOR UPDATE
"""

# A status that they have not heard of is news of the EVSE.
_TOLD = """
UPDATE evses
SET told = status, tell_at = NULL,
    last_updated = CASE WHEN told <> status
        THEN greatest(%(now)s, last_updated + interval '1 millisecond') ELSE last_updated END
WHERE location_id IN (SELECT id FROM locations WHERE lower(id) = ANY(%(ids)s))
"""


async def one_at_a_time(conn: Hot) -> None:
    """Waits until no other import is being made, and holds off the next until this commits."""
    await conn.execute("SELECT pg_advisory_xact_lock(%s)", (_IMPORTS,))


async def locations(conn: Hot, ids: Iterable[str] | None = None) -> list[LocationRow]:
    """Locations by their ids in whatever spelling, or all, in the order of their ids."""
    folded = None if ids is None else [each.lower() for each in ids]
    async with conn.cursor(row_factory=class_row(LocationRow)) as cursor:
        await cursor.execute(
            f"{_LOCATION} WHERE %(ids)s::text[] IS NULL OR lower(id) = ANY(%(ids)s) ORDER BY id",
            {"ids": folded},
        )
        return await cursor.fetchall()


async def hold(conn: Hot, ids: Sequence[str]) -> None:
    """Locks Locations and their EVSEs: what is read of them from here on stays until the commit."""
    values = {"ids": [each.lower() for each in ids]}
    await conn.execute(_HOLD_LOCATIONS, values)
    await conn.execute(_HOLD_EVSES, values)


async def put_location(
    conn: Hot, location_id: str, *, document: Mapping[str, Any], last_updated: datetime
) -> None:
    """Writes a Location, without its EVSEs."""
    values = {"id": location_id, "document": Jsonb(document), "last_updated": last_updated}
    await conn.execute(_PUT_LOCATION, values)


async def stamp_location(conn: Hot, location_id: str, *, last_updated: datetime) -> None:
    """The location is told anew, though nothing of its own has changed."""
    await conn.execute(
        "UPDATE locations SET last_updated = %s WHERE id = %s", (last_updated, location_id)
    )


async def set_limit(conn: Hot, location_id: str, *, limit_watts: Decimal | None) -> bool:
    """The most a location's sessions may draw together; False when there is no such location."""
    statement = "UPDATE locations SET limit_watts = %s WHERE lower(id) = lower(%s)"
    return (await conn.execute(statement, (limit_watts, location_id))).rowcount == 1


async def put_evses(conn: Hot, changes: Sequence[EvseChange], *, last_updated: datetime) -> None:
    """Writes EVSEs that are new or have changed."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            _PUT_EVSE,
            [
                {
                    "uid": each.uid,
                    "location_id": each.location_id,
                    "position": each.position,
                    "document": Jsonb(each.document),
                    "lifecycle": each.lifecycle,
                    "last_updated": last_updated,
                }
                for each in changes
            ],
        )


async def told(conn: Hot, ids: Sequence[str], *, now: datetime) -> None:
    """Partners are being told whole locations, each EVSE with its status as it is."""
    await conn.execute(_TOLD, {"ids": [each.lower() for each in ids], "now": now})


async def tariffs(conn: Hot, ids: Iterable[str] | None = None) -> list[TariffRow]:
    """Tariffs by their ids in whatever spelling, or all, also the deleted ones."""
    folded = None if ids is None else [each.lower() for each in ids]
    async with conn.cursor(row_factory=class_row(TariffRow)) as cursor:
        await cursor.execute(
            f"{_TARIFF} WHERE %(ids)s::text[] IS NULL OR lower(id) = ANY(%(ids)s) ORDER BY id",
            {"ids": folded},
        )
        return await cursor.fetchall()


async def put_tariff(
    conn: Hot, tariff_id: str, *, document: Mapping[str, Any], last_updated: datetime
) -> None:
    """Writes a Tariff."""
    values = {"id": tariff_id, "document": Jsonb(document), "last_updated": last_updated}
    await conn.execute(_PUT_TARIFF, values)


async def delete_tariff(conn: Hot, tariff_id: str, *, last_updated: datetime) -> bool:
    """Deletes a Tariff; False when there is none."""
    statement = "UPDATE tariffs SET deleted = true, last_updated = %s WHERE id = %s AND NOT deleted"
    return (await conn.execute(statement, (last_updated, tariff_id))).rowcount == 1


async def connectors_with(conn: Hot, tariff_id: str) -> list[str]:
    """The connectors in service whose tariff it is, as `EVSE uid/connector id`."""
    cursor = await conn.execute(
        """
SELECT e.uid || '/' || (c.value ->> 'id')
FROM evses e, jsonb_array_elements(e.document -> 'connectors') AS c
WHERE e.lifecycle <> 'removed' AND EXISTS (
    SELECT FROM jsonb_array_elements_text(coalesce(c.value -> 'tariff_ids', '[]')) AS named (id)
    WHERE lower(named.id) = lower(%s)
)
ORDER BY 1
""",
        (tariff_id,),
    )
    return [str(row[0]) for row in await cursor.fetchall()]
