"""SQL of transactions: found by what a station says of them, and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from psycopg.rows import class_row
from psycopg.sql import SQL, Composed, Identifier, Placeholder
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot

_DOCUMENTS = frozenset({"place", "token", "suspicions", "tariffs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A row of `transactions`: see there for what each column means."""

    id: str
    station_id: str
    ocpp_id: str | None = None
    evse: int = 0
    connector: int = 0
    location_id: str | None = None
    evse_uid: str | None = None
    connector_id: str | None = None
    place: dict[str, Any] | None = None
    id_tag: str | None = None
    owner: str | None = None
    token: dict[str, Any] | None = None
    auth_method: str | None = None
    authorization_reference: str | None = None
    state: str = "active"
    suspicions: Sequence[dict[str, str]] = ()
    billing: str = "ok"
    start_stamp: str | None = None
    started_at: datetime | None = None
    start_received_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_received_at: datetime | None = None
    stop_reason: str | None = None
    meter_start: Decimal | None = None
    meter_stop: Decimal | None = None
    energy: Decimal | None = None
    measured_at: datetime | None = None
    power_watts: Decimal | None = None
    state_of_charge: Decimal | None = None
    phase: str = "idle"
    seq_no: int | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    tariffs: Sequence[dict[str, Any]] = ()
    charging_preference: str | None = None
    bill_at: datetime | None = None
    cdr_id: str | None = None
    told_at: datetime | None = None
    last_updated: datetime

    @property
    def is_open(self) -> bool:
        """Whether it has begun and not ended."""
        return self.state == "active"

    @property
    def held(self) -> bool:
        """Whether a person's word is awaited before it is billed."""
        return self.billing in ("suspect", "unbillable")

    @property
    def register(self) -> Decimal | None:
        """What the meter showed last, in Wh."""
        if self.energy is None:
            return self.meter_start
        return (self.meter_start or Decimal(0)) + self.energy


@dataclass(frozen=True, slots=True)
class Station:
    """What charging asks of a station: how far its clock is off, and if it has one outlet."""

    skew: timedelta
    shared_outlet: bool


_NAMES = tuple(field.name for field in fields(Transaction))
_COLUMNS = SQL(", ").join(map(Identifier, _NAMES))
SELECT = SQL("SELECT {} FROM transactions ").format(_COLUMNS)
_RETURNING = SQL(" RETURNING {}").format(_COLUMNS).as_bytes(None)
# What every MeterValues asks is put together once.
_BY_OCPP_ID = (
    SELECT + SQL("WHERE station_id = %(station)s AND ocpp_id = %(ocpp_id)s FOR UPDATE")
).as_bytes(None)


async def lock_station(conn: Hot, station_id: str) -> Station:
    """The station; what else is done about its transactions waits until this is committed."""
    found = await conn.execute(
        "SELECT skew_ms, shared_outlet FROM stations WHERE id = %s FOR UPDATE", (station_id,)
    )
    row = await found.fetchone()
    return Station(timedelta(), False) if row is None else Station(_milliseconds(row[0]), row[1])


async def insert(conn: Hot, transaction: Transaction) -> bool:
    """Whether it was new: another one of the station may have the same OCPP id."""
    values = {name: _value(name, getattr(transaction, name)) for name in _NAMES}
    made = await conn.execute(
        SQL("INSERT INTO transactions ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
            _COLUMNS, SQL(", ").join(map(Placeholder, _NAMES))
        ),
        values,
    )
    return made.rowcount == 1


async def change(conn: Hot, transaction_id: str, /, **values: Any) -> Transaction:
    """The transaction with these values."""
    written = {name: _value(name, value) for name, value in values.items()}
    statement = _change(tuple(values)) + _RETURNING
    changed = await one(conn, statement, written | {"key": transaction_id})
    if changed is None:
        raise LookupError(f"there is no transaction {transaction_id}")
    return changed


async def write(conn: Hot, transaction_id: str, /, **values: Any) -> None:
    """The same for who knows the rest of the transaction already."""
    written = {name: _value(name, value) for name, value in values.items()}
    done = await conn.execute(_change(tuple(values)), written | {"key": transaction_id})
    if done.rowcount != 1:
        raise LookupError(f"there is no transaction {transaction_id}")


@cache
def _change(names: tuple[str, ...]) -> bytes:
    sets = SQL(", ").join(SQL("{} = {}").format(Identifier(n), Placeholder(n)) for n in names)
    statement = SQL("UPDATE transactions SET {} WHERE id = {}")
    return statement.format(sets, Placeholder("key")).as_bytes(None)


async def find(conn: Hot, transaction_id: str, *, lock: bool = False) -> Transaction | None:
    """The transaction of a Session's id."""
    statement = SELECT + SQL("WHERE id = %(id)s") + SQL(" FOR UPDATE" if lock else "")
    return await one(conn, statement, {"id": transaction_id})


async def by_ocpp_id(conn: Hot, station_id: str, ocpp_id: str) -> Transaction | None:
    """The transaction a station calls so; another station's is never found."""
    return await one(conn, _BY_OCPP_ID, {"station": station_id, "ocpp_id": ocpp_id})


_SAME_START = SQL(
    """
WHERE station_id = %(station)s AND evse = %(evse)s AND start_stamp = %(stamp)s
    AND id_tag IS NOT DISTINCT FROM %(id_tag)s AND meter_start IS NOT DISTINCT FROM %(meter)s
ORDER BY last_updated LIMIT 1 FOR UPDATE
"""
)


async def same_start(
    conn: Hot, station_id: str, *, evse: int, stamp: str, id_tag: str | None, meter: Decimal | None
) -> Transaction | None:
    """The transaction that the same StartTransaction began when it came before."""
    values = {
        "station": station_id,
        "evse": evse,
        "stamp": stamp,
        "id_tag": id_tag,
        "meter": meter,
    }
    return await one(conn, SELECT + _SAME_START, values)


async def running(conn: Hot, station_id: str, evse: int | None) -> list[Transaction]:
    """The running transactions at an EVSE, or at all of the station, the newest first."""
    where = SQL(
        """
WHERE station_id = %(station)s AND state = 'active'
    AND (%(evse)s::int IS NULL OR evse = %(evse)s)
ORDER BY started_at DESC NULLS LAST FOR UPDATE
"""
    )
    return await several(conn, SELECT + where, {"station": station_id, "evse": evse})


_EXPECTED = SQL(
    """
WHERE station_id = %(station)s AND state IN ('pending', 'reserved') AND (
    remote_start_id = %(remote_start_id)s
    OR (evse IN (0, %(evse)s) AND upper(id_tag) = upper(%(id_tag)s)
        AND (%(remote_start_id)s::int IS NULL OR remote_start_id IS NULL))
)
ORDER BY remote_start_id IS NOT DISTINCT FROM %(remote_start_id)s DESC, evse = %(evse)s DESC,
    last_updated
LIMIT 1 FOR UPDATE
"""
)


async def expected(
    conn: Hot, station_id: str, *, evse: int, id_tag: str | None, remote_start_id: int | None
) -> Transaction | None:
    """The session that an eMSP asked for or reserved and that this start is: by number, else by
    token."""
    values = {
        "station": station_id,
        "evse": evse,
        "id_tag": id_tag,
        "remote_start_id": remote_start_id,
    }
    return await one(conn, SELECT + _EXPECTED, values)


async def awaited(
    conn: Hot, evse_uids: Sequence[str], *, owner: str, token: Mapping[str, Any]
) -> Transaction | None:
    """The session that a token has asked for or reserved at one of these EVSEs."""
    where = SQL(
        """
WHERE evse_uid = ANY(%(evses)s) AND state IN ('pending', 'reserved') AND owner = %(owner)s
    AND lower(token ->> 'uid') = lower(%(uid)s) AND token ->> 'type' = %(type)s
ORDER BY state DESC, last_updated DESC LIMIT 1 FOR UPDATE
"""
    )
    named = {"evses": list(evse_uids), "owner": owner, "uid": token["uid"], "type": token["type"]}
    return await one(conn, SELECT + where, named)


async def reserved(conn: Hot, station_id: str, reservation_id: int) -> Transaction | None:
    """The session that a reservation stands for, while nobody has come."""
    where = SQL(
        "WHERE station_id = %(station)s AND reservation_id = %(reservation)s"
        " AND state = 'reserved' FOR UPDATE"
    )
    return await one(conn, SELECT + where, {"station": station_id, "reservation": reservation_id})


async def concurrent(
    conn: Hot, owner: str, *, uid: str, beside: str, alive_since: datetime
) -> bool:
    """Whether the token charges elsewhere; a transaction without a sign of life does not count."""
    found = await conn.execute(
        """
SELECT 1 FROM transactions
WHERE state = 'active' AND owner = %s AND upper(token ->> 'uid') = upper(%s) AND id <> %s
    AND greatest(started_at, measured_at) > %s
LIMIT 1
""",
        (owner, uid, beside, alive_since),
    )
    return await found.fetchone() is not None


def _milliseconds(skew_ms: int) -> timedelta:
    return timedelta(milliseconds=skew_ms)


def _value(name: str, value: Any) -> Any:
    if name not in _DOCUMENTS or value is None:
        return value
    return Jsonb(list(value) if name in ("suspicions", "tariffs") else value)


async def one(conn: Hot, statement: Composed | bytes, values: dict[str, Any]) -> Transaction | None:
    """The transaction of a statement that begins with SELECT, if there is one."""
    async with conn.cursor(row_factory=class_row(Transaction)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchone()


async def several(conn: Hot, statement: Composed, values: dict[str, Any]) -> list[Transaction]:
    """The transactions of a statement that begins with SELECT."""
    async with conn.cursor(row_factory=class_row(Transaction)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


async def ended_so(
    conn: Hot,
    station_id: str,
    *,
    stopped_at: datetime,
    meter_stop: Decimal | None,
    id_tag: str | None,
) -> bool:
    """Whether a transaction of the station has ended just so before."""
    found = await conn.execute(
        """
SELECT 1 FROM transactions
WHERE station_id = %s AND stopped_at = %s AND meter_stop IS NOT DISTINCT FROM %s
    AND (%s::text IS NULL OR upper(id_tag) = %s)
LIMIT 1
""",
        (station_id, stopped_at, meter_stop, id_tag, id_tag),
    )
    return await found.fetchone() is not None
