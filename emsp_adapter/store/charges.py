"""SQL of charges. A row is locked before it is changed: news of it comes from many sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier, Placeholder
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A row of `charges`: see there for what each column means."""

    id: str
    driver_id: str
    source: str
    state: str
    party: str
    location_id: str
    evse_uid: str
    connector_id: str | None
    place: Mapping[str, Any]
    token_uid: str | None = None
    payment_method: str | None = None
    session_id: str | None = None
    requested_at: datetime
    start_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deadline: datetime | None = None
    reason: str | None = None
    kwh: Decimal | None = None
    power_kw: Decimal | None = None
    state_of_charge: Decimal | None = None
    measured_at: datetime | None = None
    profile: Mapping[str, Any] | None = None
    preferences: Mapping[str, Any] | None = None
    disputed: bool = False
    release_due: bool = False
    stop_due: bool = False
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What charges are looked up by, all that is given of it: whose, at which Location of a CPO
    (a Party.key), at which EVSE, on which receipt; ids ignore case."""

    driver_id: str | None = None
    party: str | None = None
    location_id: str | None = None
    evse_uid: str | None = None
    receipt: str | None = None


_NAMES = tuple(each.name for each in fields(Charge))
_COLUMNS = ", ".join(_NAMES)
_JSON = frozenset({"place", "profile", "preferences"})

_VALUES = ", ".join(f"%({name})s" for name in _NAMES)
_ADD = f"INSERT INTO charges ({_COLUMNS}) VALUES ({_VALUES})".encode()  # noqa: S608 - only columns
_SELECT = f"SELECT {_COLUMNS} FROM charges".encode()  # noqa: S608 - only columns
_FIND = _SELECT + b" WHERE id = %s"
_OF_DRIVER = _SELECT + b" WHERE id = %s AND driver_id = %s"
_BY_SESSION = _SELECT + b" WHERE party = %s AND lower(session_id) = lower(%s) FOR UPDATE"

# The start that a Session without our reference is the outcome of: the newest one there.
_AWAITING = (
    _SELECT
    + b"""
WHERE driver_id = %(driver)s AND party = %(party)s AND lower(location_id) = lower(%(location)s)
AND lower(evse_uid) = lower(%(evse)s) AND lower(token_uid) = lower(%(token)s)
AND session_id IS NULL AND state IN ('starting', 'failed')
AND requested_at BETWEEN %(from)s AND %(to)s
ORDER BY requested_at DESC LIMIT 1 FOR UPDATE
"""
)

# The charge that a CDR without a session_id and a reference of ours is about.
_SAME_TIME = (
    _SELECT
    + b"""
WHERE driver_id = %(driver)s AND party = %(party)s AND lower(location_id) = lower(%(location)s)
AND lower(evse_uid) = lower(%(evse)s) AND started_at < %(end)s
AND coalesce(ended_at, 'infinity') > %(start)s
ORDER BY started_at DESC LIMIT 1 FOR UPDATE
"""
)

_TO_STOP = _SELECT + b" WHERE stop_due AND state = 'charging' ORDER BY id LIMIT %s"

_PAGE = (
    _SELECT
    + b"""
WHERE driver_id = %(driver)s
AND (%(open)s::boolean IS NULL
    OR (state IN ('scheduled', 'starting', 'charging', 'stopping')) = %(open)s)
AND (%(before)s::timestamptz IS NULL OR (requested_at, id) < (%(before)s, %(id)s))
ORDER BY requested_at DESC, id DESC LIMIT %(limit)s
"""
)

# By what is sought; only what is given is a condition.
_SOUGHT = {
    "driver_id": b"driver_id = %(driver_id)s",
    "party": b"party = %(party)s",
    "location_id": b"lower(location_id) = lower(%(location_id)s)",
    "evse_uid": b"lower(evse_uid) = lower(%(evse_uid)s)",
    "receipt": b"id = (SELECT charge_id FROM bills WHERE number = %(receipt)s)",
    "before": b"(requested_at, id) < (%(before)s, %(before_id)s)",
}
_NEWEST_FIRST = b" ORDER BY requested_at DESC, id DESC LIMIT %(limit)s"

# Two processes never claim the same one.
_DUE = (
    _SELECT
    + b"""
WHERE state = 'scheduled' AND start_at <= %s
ORDER BY start_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
)

_OVERDUE = (
    _SELECT
    + b"""
WHERE deadline < %s
ORDER BY deadline LIMIT %s FOR UPDATE SKIP LOCKED
"""
)


async def lock_driver(conn: Hot, driver_id: str) -> None:
    """Who asks for this driver at the same time waits: what is asked twice is done once."""
    await conn.execute("SELECT 1 FROM drivers WHERE id = %s FOR NO KEY UPDATE", (driver_id,))


async def add(conn: Hot, charge: Charge) -> None:
    """Keep a new one."""
    values = {name: getattr(charge, name) for name in _NAMES}
    await conn.execute(_ADD, _as_json(values))


async def find(conn: Hot, charge_id: str, *, lock: bool = False) -> Charge | None:
    """The charge."""
    return await _one(conn, _FIND + (b" FOR UPDATE" if lock else b""), (charge_id,))


async def of_driver(
    conn: Hot, driver_id: str, charge_id: str, *, lock: bool = False
) -> Charge | None:
    """The charge, if it is this driver's."""
    return await _one(conn, _OF_DRIVER + (b" FOR UPDATE" if lock else b""), (charge_id, driver_id))


async def by_session(conn: Hot, party: str, session_id: str) -> Charge | None:
    """The charge of a Session, locked."""
    return await _one(conn, _BY_SESSION, (party, session_id))


async def awaiting(
    conn: Hot,
    driver_id: str,
    *,
    party: str,
    location_id: str,
    evse_uid: str,
    token_uid: str,
    between: tuple[datetime, datetime],
) -> Charge | None:
    """The newest start of a driver there, at that time, that no Session has come of; locked."""
    values = {
        "driver": driver_id,
        "party": party,
        "location": location_id,
        "evse": evse_uid,
        "token": token_uid,
        "from": between[0],
        "to": between[1],
    }
    return await _one(conn, _AWAITING, values)


async def at_the_time(
    conn: Hot,
    driver_id: str,
    *,
    party: str,
    location_id: str,
    evse_uid: str,
    start: datetime,
    end: datetime,
) -> Charge | None:
    """What the driver charged there in a span of time, locked."""
    values = {
        "driver": driver_id,
        "party": party,
        "location": location_id,
        "evse": evse_uid,
        "start": start,
        "end": end,
    }
    return await _one(conn, _SAME_TIME, values)


async def has_any(conn: Hot, driver_id: str) -> bool:
    """Whether the driver has ever had a charge."""
    found = await conn.execute("SELECT 1 FROM charges WHERE driver_id = %s LIMIT 1", (driver_id,))
    return await found.fetchone() is not None


async def asked_for(conn: Hot, driver_id: str, *, since: datetime) -> int:
    """How many charges the driver's apps asked a CPO for since then."""
    found = await conn.execute(
        "SELECT count(*) FROM charges WHERE driver_id = %s AND source <> 'card'"
        " AND requested_at > %s AND token_uid IS NOT NULL",
        (driver_id, since),
    )
    row = await found.fetchone()
    return 0 if row is None else int(row[0])


async def page(
    conn: Hot,
    driver_id: str,
    *,
    open_: bool | None,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[Charge]:
    """A driver's charges, the newest first; `before` is where the page before ended."""
    at, id_ = before or (None, None)
    values = {"driver": driver_id, "open": open_, "before": at, "id": id_, "limit": limit}
    return await _all(conn, _PAGE, values)


async def listed(
    conn: Hot, sought: Sought, *, before: tuple[datetime, str] | None, limit: int
) -> list[Charge]:
    """Charges of any driver, the newest first."""
    at, id_ = before or (None, None)
    values = asdict(sought) | {"before": at, "before_id": id_, "limit": limit}
    conditions = [text for name, text in _SOUGHT.items() if values[name] is not None]
    return await _all(
        conn, _SELECT + b" WHERE " + b" AND ".join(conditions) + _NEWEST_FIRST, values
    )


async def change(conn: Hot, charge_id: str, **columns: object) -> Charge:
    """The charge with these columns changed."""
    values = {**_as_json(columns), "charge_id": charge_id}
    found = await _one(conn, _changing(tuple(columns)), values)
    if found is None:
        raise LookupError(f"there is no charge {charge_id}")
    return found


@cache
def _changing(names: tuple[str, ...]) -> bytes:
    sets = SQL(", ").join(SQL("{} = {}").format(Identifier(n), Placeholder(n)) for n in names)
    statement = SQL("UPDATE charges SET {} WHERE id = {}")
    changed = statement.format(sets, Placeholder("charge_id")).as_bytes(None)
    return changed + f" RETURNING {_COLUMNS}".encode()


async def due(conn: Hot, *, now: datetime, limit: int) -> list[Charge]:
    """Planned ones whose time has come, locked."""
    return await _all(conn, _DUE, (now, limit))


async def overdue(conn: Hot, *, now: datetime, limit: int) -> list[Charge]:
    """Those of which nothing came in time, locked."""
    return await _all(conn, _OVERDUE, (now, limit))


async def scheduled(conn: Hot, driver_id: str) -> list[Charge]:
    """What a driver has planned, locked."""
    statement = _SELECT + b" WHERE driver_id = %s AND state = 'scheduled' ORDER BY id FOR UPDATE"
    return await _all(conn, statement, (driver_id,))


async def have_stopped(conn: Hot, driver_id: str) -> None:
    """What a driver has asked for, or charges, is to be stopped."""
    await conn.execute(
        "UPDATE charges SET stop_due = true"
        " WHERE driver_id = %s AND state IN ('starting', 'charging')",
        (driver_id,),
    )


async def to_stop(conn: Hot, *, limit: int) -> list[Charge]:
    """Charges that run and are to be stopped."""
    return await _all(conn, _TO_STOP, (limit,))


async def to_release(conn: Hot, *, limit: int) -> list[str]:
    """Charges whose reserved amount is to be let go."""
    found = await conn.execute(
        "SELECT id FROM charges WHERE release_due ORDER BY id LIMIT %s", (limit,)
    )
    return [row[0] for row in await found.fetchall()]


async def released(conn: Hot, charge_id: str) -> None:
    """It was let go."""
    await conn.execute("UPDATE charges SET release_due = false WHERE id = %s", (charge_id,))


def _as_json(values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: Jsonb(value) if name in _JSON and value is not None else value
        for name, value in values.items()
    }


async def _one(
    conn: Hot, statement: bytes, values: Sequence[object] | Mapping[str, object]
) -> Charge | None:
    async with conn.cursor(row_factory=class_row(Charge)) as cursor:
        return await (await cursor.execute(statement, values)).fetchone()


async def _all(
    conn: Hot, statement: bytes, values: Sequence[object] | Mapping[str, object]
) -> list[Charge]:
    async with conn.cursor(row_factory=class_row(Charge)) as cursor:
        return await (await cursor.execute(statement, values)).fetchall()
