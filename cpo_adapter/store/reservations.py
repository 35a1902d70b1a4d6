"""SQL of reservations: by the number a station knows, and by the name its eMSP gave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A row of `reservations`: see there for what each column means."""

    id: int
    owner: str | None
    reservation_id: str | None
    station_id: str
    evse: int
    connector: int
    location_id: str
    evse_uid: str | None
    id_tag: str
    token: Mapping[str, Any]
    authorization_reference: str | None
    started_at: datetime
    expires_at: datetime
    state: str
    ended_at: datetime | None
    transaction_id: str | None
    response_url: str | None
    peer_id: str | None

    @property
    def is_open(self) -> bool:
        """Whether it is asked for or in force."""
        return self.state in ("requested", "active")


_NAMES = tuple(field.name for field in fields(Reservation))
_COLUMNS = ", ".join(_NAMES)
_VALUES = ", ".join(f"%({name})s" for name in _NAMES)
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in _NAMES if name != "id")
_SELECT = f"SELECT {_COLUMNS} FROM reservations"  # noqa: S608 - only the column list
# One that has ended keeps its number and may be asked for anew under the same name.
_PUT = f"""
INSERT INTO reservations ({_COLUMNS}) VALUES ({_VALUES})
ON CONFLICT (id) DO UPDATE SET {_REPLACED}
"""  # noqa: S608 - only the column list


async def put(conn: Hot, reservation: Reservation) -> None:
    """Keep it, in place of the one with its number."""
    values = {name: getattr(reservation, name) for name in _NAMES}
    await conn.execute(_PUT, values | {"token": Jsonb(dict(reservation.token))})


async def exists(conn: Hot, number: int) -> bool:
    """Whether the number was ever given out."""
    found = await conn.execute("SELECT 1 FROM reservations WHERE id = %s", (number,))
    return await found.fetchone() is not None


async def find(conn: Hot, number: int) -> Reservation | None:
    """The reservation that stations call so, locked."""
    return await _one(conn, f"{_SELECT} WHERE id = %s FOR UPDATE", (number,))


async def theirs(
    conn: Hot, owner: str, *, reservation_id: str, location_id: str | None = None
) -> Reservation | None:
    """The newest that an eMSP calls so, at a Location or anywhere, locked."""
    return await _one(
        conn,
        f"""{_SELECT}
WHERE owner = %(owner)s AND lower(reservation_id) = lower(%(reservation)s)
    AND (%(location)s::text IS NULL OR location_id = %(location)s)
ORDER BY started_at DESC LIMIT 1 FOR UPDATE
""",
        {"owner": owner, "reservation": reservation_id, "location": location_id},
    )


async def end(conn: Hot, number: int, *, state: str, at: datetime) -> None:
    """It is over, and why."""
    await conn.execute(
        "UPDATE reservations SET state = %s, ended_at = %s WHERE id = %s", (state, at, number)
    )


async def activate(conn: Hot, number: int, *, transaction_id: str) -> None:
    """The station holds the EVSE; the transaction stands for it as a Session."""
    await conn.execute(
        "UPDATE reservations SET state = 'active', transaction_id = %s WHERE id = %s",
        (transaction_id, number),
    )


async def use(conn: Hot, transaction_id: str, *, at: datetime) -> None:
    """Whoever it was for has come; nothing happens where the transaction was not reserved."""
    await conn.execute(
        """
UPDATE reservations SET state = 'used', ended_at = %s
WHERE transaction_id = %s AND state IN ('requested', 'active')
""",
        (at, transaction_id),
    )


async def overdue(conn: Hot, *, now: datetime) -> list[Reservation]:
    """Open ones whose time is over, locked."""
    statement = f"""{_SELECT}
WHERE state IN ('requested', 'active') AND expires_at <= %s
ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
"""
    return await _all(conn, statement, (now,))


async def unanswered(conn: Hot) -> list[Reservation]:
    """Those whose RESERVE_NOW has been given up: nobody hears the station's answer any more."""
    statement = f"""{_SELECT} r
WHERE state = 'requested' AND NOT EXISTS (
    SELECT FROM commands c
    WHERE c.kind = 'RESERVE_NOW' AND c.state = 'waiting' AND c.owner = r.owner
        AND lower(c.request ->> 'reservation_id') = lower(r.reservation_id)
)
ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
"""
    return await _all(conn, statement, ())


async def broken(conn: Hot) -> list[Reservation]:
    """Those in force at an EVSE that can no longer charge, locked."""
    statement = f"""{_SELECT} r
WHERE state = 'active' AND EXISTS (
    SELECT FROM evses e
    WHERE e.uid = r.evse_uid AND e.status IN ('OUTOFORDER', 'INOPERATIVE', 'REMOVED')
)
ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
"""
    return await _all(conn, statement, ())


async def listed(
    conn: Hot, *, station_id: str | None = None, after: int | None = None, limit: int = 100
) -> list[Reservation]:
    """Reservations of a station or all, the newest first; those after the one of this number."""
    statement = f"""{_SELECT} r
WHERE (%(station)s::text IS NULL OR station_id = %(station)s)
    AND (%(after)s::int IS NULL OR EXISTS (
        SELECT FROM reservations a WHERE a.id = %(after)s AND (
            r.started_at < a.started_at OR r.started_at = a.started_at AND r.id > a.id
        )
    ))
ORDER BY started_at DESC, id LIMIT %(limit)s
"""
    return await _all(conn, statement, {"station": station_id, "after": after, "limit": limit})


async def _one(
    conn: Hot, statement: str, values: Sequence[Any] | Mapping[str, Any]
) -> Reservation | None:
    async with conn.cursor(row_factory=class_row(Reservation)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchone()


async def _all(
    conn: Hot, statement: str, values: Sequence[Any] | Mapping[str, Any]
) -> list[Reservation]:
    async with conn.cursor(row_factory=class_row(Reservation)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()
