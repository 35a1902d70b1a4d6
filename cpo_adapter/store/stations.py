"""Rows of stations: who may connect, what each is, and when it was last heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot

# More stations that nobody knows are not taken in: anybody may call from outside.
MOST_PENDING = 1000


@dataclass(frozen=True, slots=True)
class Station:
    """A charging station. `status` is accepted, pending or rejected."""

    id: str
    status: str
    security_profile: int
    key_hmac: bytes | None
    certificate_subject: str | None
    subprotocol: str | None
    protocol: str | None
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    connected: bool
    connected_at: datetime | None
    disconnected_at: datetime | None
    last_seen: datetime | None
    booted_at: datetime | None
    skew_ms: int
    call_timeout: int | None
    shared_outlet: bool
    configuration: Mapping[str, Any]
    local_list_version: int
    created_at: datetime

    @property
    def skew(self) -> timedelta:
        """Receive time minus the station's clock."""
        return timedelta(milliseconds=self.skew_ms)


@dataclass(frozen=True, slots=True)
class Nameplate:
    """What a station says of itself when it boots."""

    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None


_COLUMNS = ", ".join(field.name for field in fields(Station))
_SELECT = f"SELECT {_COLUMNS} FROM stations"  # noqa: S608 - only the column list

_ADD = """
INSERT INTO stations (
    id, status, security_profile, key_hmac, certificate_subject, subprotocol, shared_outlet
)
VALUES (
    %(id)s, 'accepted', %(security_profile)s, %(key_hmac)s, %(certificate_subject)s,
    %(subprotocol)s, %(shared_outlet)s
)
ON CONFLICT (id) DO NOTHING
"""

_BOOTED = """
UPDATE stations
SET vendor = %(vendor)s, model = %(model)s, serial_number = %(serial_number)s,
    firmware_version = %(firmware_version)s, protocol = %(protocol)s, booted_at = %(at)s,
    last_seen = greatest(last_seen, %(at)s)
WHERE id = %(id)s
RETURNING status
"""

_TAKE_IN = """
INSERT INTO stations (id, status, security_profile, connected)
SELECT %(id)s, %(status)s, 0, true
WHERE (SELECT count(*) FROM stations WHERE status = 'pending') < %(most)s
ON CONFLICT (id) DO NOTHING
"""

_CONNECTED = """
UPDATE stations
SET connected = true, connected_at = %(at)s, protocol = %(protocol)s,
    last_seen = greatest(last_seen, %(at)s)
WHERE id = %(id)s
"""

# A connection that was replaced does not end the one that took its place.
_DISCONNECTED = """
UPDATE stations
SET connected = false, disconnected_at = %(at)s, last_seen = greatest(last_seen, %(at)s)
WHERE id = %(id)s AND (connected_at IS NULL OR connected_at <= %(connected_at)s)
"""

_SEEN = """
UPDATE stations AS s SET last_seen = heard.at
FROM unnest(%(ids)s::text[], %(moments)s::timestamptz[]) AS heard (id, at)
WHERE s.id = heard.id AND (s.last_seen IS NULL OR s.last_seen < heard.at)
"""

_SILENT = """
SELECT s.id, s.last_seen FROM stations s
WHERE NOT s.connected AND s.status = 'accepted' AND s.last_seen < %(before)s
    AND NOT EXISTS (
        SELECT FROM outages o
        WHERE o.station_id = s.id AND o.evse = 0 AND o.reason = 'offline' AND o.until IS NULL
    )
ORDER BY s.id LIMIT %(limit)s
"""


async def find(conn: Hot, station_id: str) -> Station | None:
    """A station by its id, whose case matters."""
    return await _one(conn, f"{_SELECT} WHERE id = %s", station_id)


async def lock(conn: Hot, station_id: str) -> Station | None:
    """The same, locked for this transaction."""
    return await _one(conn, f"{_SELECT} WHERE id = %s FOR UPDATE", station_id)


async def listed(
    conn: Hot, *, status: str | None = None, after: str = "", limit: int = 1000
) -> list[Station]:
    """Stations in the order of their ids, those of one status where it is given."""
    async with conn.cursor(row_factory=class_row(Station)) as cursor:
        await cursor.execute(
            f"{_SELECT} WHERE id > %(after)s"
            " AND (%(status)s::text IS NULL OR status = %(status)s) ORDER BY id LIMIT %(limit)s",
            {"after": after, "status": status, "limit": limit},
        )
        return await cursor.fetchall()


async def several(conn: Hot, station_ids: Sequence[str]) -> list[Station]:
    """Stations by their ids; those that are not known are left out."""
    async with conn.cursor(row_factory=class_row(Station)) as cursor:
        await cursor.execute(f"{_SELECT} WHERE id = ANY(%s) ORDER BY id", (list(station_ids),))
        return await cursor.fetchall()


async def add(
    conn: Hot,
    station_id: str,
    *,
    security_profile: int,
    key_hmac: bytes | None,
    certificate_subject: str | None,
    subprotocol: str | None,
    shared_outlet: bool,
) -> bool:
    """Makes a station known; False when it is already."""
    values = {
        "id": station_id,
        "security_profile": security_profile,
        "key_hmac": key_hmac,
        "certificate_subject": certificate_subject,
        "subprotocol": subprotocol,
        "shared_outlet": shared_outlet,
    }
    return (await conn.execute(_ADD, values)).rowcount == 1


async def take_in(conn: Hot, station_id: str, *, status: str) -> bool:
    """Registers a station that called by itself; False when too many wait already."""
    values = {"id": station_id, "status": status, "most": MOST_PENDING}
    return (await conn.execute(_TAKE_IN, values)).rowcount == 1


async def pending(conn: Hot) -> int:
    """How many stations wait for somebody to approve them."""
    cursor = await conn.execute("SELECT count(*) FROM stations WHERE status = 'pending'")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def remove(conn: Hot, station_id: str) -> None:
    """Forget it, and how its connectors were."""
    await conn.execute("DELETE FROM statuses WHERE station_id = %s", (station_id,))
    await conn.execute("DELETE FROM stations WHERE id = %s", (station_id,))


async def set_status(conn: Hot, station_id: str, *, status: str) -> bool:
    """Accepts or rejects a station; False when there is none."""
    statement = "UPDATE stations SET status = %s WHERE id = %s"
    return (await conn.execute(statement, (status, station_id))).rowcount == 1


async def set_key(
    conn: Hot, station_id: str, *, key_hmac: bytes | None, security_profile: int
) -> bool:
    """Replaces how a station proves who it is; False when there is none."""
    statement = "UPDATE stations SET key_hmac = %s, security_profile = %s WHERE id = %s"
    return (await conn.execute(statement, (key_hmac, security_profile, station_id))).rowcount == 1


async def booted(
    conn: Hot, station_id: str, *, plate: Nameplate, protocol: str, at: datetime
) -> str | None:
    """Keeps what a station said at its boot; gives its status, None when it is not known."""
    values = {
        "id": station_id,
        "vendor": plate.vendor,
        "model": plate.model,
        "serial_number": plate.serial_number,
        "firmware_version": plate.firmware_version,
        "protocol": protocol,
        "at": at,
    }
    row = await (await conn.execute(_BOOTED, values)).fetchone()
    return str(row[0]) if row else None


async def connected(conn: Hot, station_id: str, *, protocol: str, at: datetime) -> bool:
    """A socket is open; False when the station is not known yet."""
    values = {"id": station_id, "protocol": protocol, "at": at}
    return (await conn.execute(_CONNECTED, values)).rowcount == 1


async def disconnected(conn: Hot, station_id: str, *, connected_at: datetime, at: datetime) -> bool:
    """That socket is closed; False when another has taken its place."""
    values = {"id": station_id, "connected_at": connected_at, "at": at}
    return (await conn.execute(_DISCONNECTED, values)).rowcount == 1


async def nobody_is_connected(conn: Hot, *, at: datetime) -> None:
    """What a start finds: the sockets of the process before are gone."""
    await conn.execute(
        "UPDATE stations SET connected = false, disconnected_at = %s WHERE connected", (at,)
    )


async def seen(conn: Hot, heard: Mapping[str, datetime]) -> None:
    """When several stations were last heard."""
    values = {"ids": list(heard), "moments": list(heard.values())}
    await conn.execute(_SEEN, values)


async def silent(conn: Hot, *, before: datetime, limit: int = 200) -> list[tuple[str, datetime]]:
    """Stations that went silent before a moment and do not count as offline yet."""
    cursor = await conn.execute(_SILENT, {"before": before, "limit": limit})
    return [(station_id, last_seen) for station_id, last_seen in await cursor.fetchall()]


async def set_skew(conn: Hot, station_id: str, *, skew: timedelta) -> None:
    """How far a station's clock is behind."""
    await conn.execute(
        "UPDATE stations SET skew_ms = %s WHERE id = %s",
        (round(skew / timedelta(milliseconds=1)), station_id),
    )


async def set_configuration(
    conn: Hot, station_id: str, *, configuration: Mapping[str, Mapping[str, Any]]
) -> None:
    """Settings of the station as it told them, beside those it told before."""
    await conn.execute(
        "UPDATE stations SET configuration = configuration || %s::jsonb WHERE id = %s",
        (Jsonb(configuration), station_id),
    )


async def _one(conn: Hot, statement: str, station_id: str) -> Station | None:
    async with conn.cursor(row_factory=class_row(Station)) as cursor:
        await cursor.execute(statement, (station_id,))
        return await cursor.fetchone()
