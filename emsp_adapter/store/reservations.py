"""SQL of reservations. A row is locked before it is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier, Placeholder
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A row of `reservations`: see there for what each column means."""

    id: str
    driver_id: str
    state: str
    party: str
    location_id: str
    evse_uid: str
    place: Mapping[str, Any]
    token_uid: str
    session_id: str | None = None
    until: datetime
    deadline: datetime | None = None
    reason: str | None = None
    created_at: datetime
    ended_at: datetime | None = None


_NAMES = tuple(each.name for each in fields(Reservation))
_COLUMNS = ", ".join(_NAMES)

_VALUES = ", ".join(f"%({name})s" for name in _NAMES)
_ADD = f"INSERT INTO reservations ({_COLUMNS}) VALUES ({_VALUES})".encode()  # noqa: S608 - only columns
_SELECT = f"SELECT {_COLUMNS} FROM reservations".encode()  # noqa: S608 - only columns
_FIND = _SELECT + b" WHERE id = %s"
_OF_DRIVER = _SELECT + b" WHERE id = %s AND driver_id = %s"

_HELD_AT = (
    _SELECT
    + b"""
WHERE driver_id = %s AND party = %s AND lower(location_id) = lower(%s)
AND lower(evse_uid) = lower(%s) AND state IN ('requested', 'confirmed') LIMIT 1 FOR UPDATE
"""
)

_HELD_BY = b"""
SELECT DISTINCT lower(evse_uid) FROM reservations
WHERE driver_id = %s AND party = %s AND lower(location_id) = lower(%s)
AND state IN ('requested', 'confirmed')
"""

_BY_SESSION = (
    _SELECT
    + b"""
WHERE driver_id = %(driver)s AND party = %(party)s AND state IN ('requested', 'confirmed')
AND (lower(session_id) = lower(%(session)s) OR id = lower(%(reference)s))
LIMIT 1 FOR UPDATE
"""
)

_PAGE = (
    _SELECT
    + b"""
WHERE driver_id = %(driver)s
AND (%(before)s::timestamptz IS NULL OR (created_at, id) < (%(before)s, %(id)s))
ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
)

_OVER = (
    _SELECT
    + b"""
WHERE state IN ('requested', 'confirmed') AND (until < %(now)s OR deadline < %(now)s)
ORDER BY until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
)


async def add(conn: Hot, reservation: Reservation) -> None:
    """Keep a new one."""
    values = {name: getattr(reservation, name) for name in _NAMES}
    await conn.execute(_ADD, values | {"place": Jsonb(dict(reservation.place))})


async def find(conn: Hot, reservation_id: str) -> Reservation | None:
    """The reservation, locked."""
    return await _one(conn, _FIND + b" FOR UPDATE", (reservation_id,))


async def of_driver(
    conn: Hot, driver_id: str, reservation_id: str, *, lock: bool = False
) -> Reservation | None:
    """The reservation, if it is this driver's."""
    statement = _OF_DRIVER + (b" FOR UPDATE" if lock else b"")
    return await _one(conn, statement, (reservation_id, driver_id))


async def held_at(
    conn: Hot, driver_id: str, *, party: str, location_id: str, evse_uid: str
) -> Reservation | None:
    """What the driver has reserved of this EVSE, locked."""
    return await _one(conn, _HELD_AT, (driver_id, party, location_id, evse_uid))


async def held_by(
    conn: Hot, driver_id: str | None, *, party: str, location_id: str
) -> frozenset[str]:
    """The uids, in lower case, of the EVSEs of a Location that the driver has reserved."""
    cursor = await conn.execute(_HELD_BY, (driver_id, party, location_id))
    return frozenset(row[0] for row in await cursor.fetchall())


async def of_session(
    conn: Hot, driver_id: str, *, party: str, session_id: str | None, reference: str | None
) -> Reservation | None:
    """What the driver has reserved that a Session stands for, locked."""
    values = {
        "driver": driver_id,
        "party": party,
        "session": session_id,
        "reference": reference,
    }
    return await _one(conn, _BY_SESSION, values)


async def page(
    conn: Hot, driver_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> list[Reservation]:
    """A driver's reservations, the newest first; `before` is where the page before ended."""
    at, id_ = before or (None, None)
    values = {"driver": driver_id, "before": at, "id": id_, "limit": limit}
    return await _all(conn, _PAGE, values)


async def over(conn: Hot, *, now: datetime, limit: int) -> list[Reservation]:
    """Those whose time, or whose answer's time, is over, locked."""
    return await _all(conn, _OVER, {"now": now, "limit": limit})


async def change(conn: Hot, reservation_id: str, **columns: object) -> Reservation:
    """The reservation with these columns changed."""
    found = await _one(
        conn, _changing(tuple(columns)), {**columns, "reservation_id": reservation_id}
    )
    if found is None:
        raise LookupError(f"there is no reservation {reservation_id}")
    return found


@cache
def _changing(names: tuple[str, ...]) -> bytes:
    sets = SQL(", ").join(SQL("{} = {}").format(Identifier(n), Placeholder(n)) for n in names)
    statement = SQL("UPDATE reservations SET {} WHERE id = {}")
    changed = statement.format(sets, Placeholder("reservation_id")).as_bytes(None)
    return changed + f" RETURNING {_COLUMNS}".encode()


async def _one(
    conn: Hot, statement: bytes, values: Sequence[object] | Mapping[str, object]
) -> Reservation | None:
    async with conn.cursor(row_factory=class_row(Reservation)) as cursor:
        return await (await cursor.execute(statement, values)).fetchone()


async def _all(conn: Hot, statement: bytes, values: Mapping[str, object]) -> list[Reservation]:
    async with conn.cursor(row_factory=class_row(Reservation)) as cursor:
        return await (await cursor.execute(statement, values)).fetchall()
