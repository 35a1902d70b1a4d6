"""Stations as operators keep them: added, approved, given keys, and mapped to EVSEs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cpo_adapter.evse_status import Lifecycle
from cpo_adapter.inventory import publish_of_evses
from cpo_adapter.ocpp.ports import SecurityProfile
from cpo_adapter.ocpp.security import key_hmac
from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import BadPlug, PlugSpec, numbered
from cpo_adapter.statuses import rederive
from cpo_adapter.store import evses, outages, plugs, sealed_keys, stations, transactions
from cpo_adapter.store.evses import Evse
from cpo_adapter.store.stations import Station
from cpo_adapter.uptime import ports_changed
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.secrets import Vault

_STATION_ID = re.compile(r"[A-Za-z0-9*_=:+|@. -]{1,48}", re.ASCII)
# 16 random bytes as text: the most of both versions is 40 characters.
_KEY_BYTES = 16
# What is shorter can be guessed: both versions of OCPP ask for 16.
_SHORTEST_KEY, _LONGEST_KEY = 16, 64
_KEY = re.compile(rf"[!-~]{{{_SHORTEST_KEY},{_LONGEST_KEY}}}", re.ASCII)
_SERVER_KEY = "station-keys"
_WITH_KEY = (SecurityProfile.BASIC, SecurityProfile.TLS_BASIC)


class BadStation(ValueError):
    """What was asked of a station cannot be, in one sentence."""


class StationState(StrEnum):
    """Whether a station is there."""

    NEVER = "never connected"
    ONLINE = "online"
    SILENT = "disconnected"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStation:
    """A station to be added; without a key a random one is made where its profile needs one."""

    id: str
    plugs: Sequence[PlugSpec] = ()
    key: str | None = None
    security_profile: SecurityProfile = SecurityProfile.BASIC
    certificate_subject: str | None = None
    subprotocol: Version | None = None
    shared_outlet: bool = False


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Whether a station is there, since when it is not, and when it was last heard."""

    state: StationState
    last_seen: datetime | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    offline_since: datetime | None


async def server_key(conn: Hot, vault: Vault) -> bytes:
    """The key that stations' keys are hashed with: made once, kept under SECRET_KEY."""
    made = secrets.token_hex(32)
    return bytes.fromhex(await sealed_keys.kept(conn, _SERVER_KEY, vault=vault, made=made))


async def add(conn: Hot, new: NewStation, *, server_key: bytes, now: datetime) -> str | None:
    """Makes a station known and maps its plugs; gives its key, to be shown this once."""
    if _STATION_ID.fullmatch(new.id) is None:
        raise BadStation(
            f"station id {new.id[:60]!r}: expected 1 to 48 letters, digits, spaces or *_=:+|@.-"
        )
    key = _key(new)
    added = await stations.add(
        conn,
        new.id,
        security_profile=new.security_profile,
        key_hmac=None if key is None else key_hmac(server_key, key),
        certificate_subject=new.certificate_subject,
        subprotocol=new.subprotocol,
        shared_outlet=new.shared_outlet,
    )
    if not added:
        raise BadStation(f"station {new.id!r} is there already")
    if new.plugs:
        await map_plugs(conn, new.id, new.plugs, now=now)
    return key


async def approve(conn: Hot, station_id: str) -> None:
    """Accepts a station that waits or was rejected; it hears so at its next boot."""
    await _set_status(conn, station_id, "accepted")


async def reject(conn: Hot, station_id: str) -> None:
    """Tells a station at its next boot that it is not served."""
    await _set_status(conn, station_id, "rejected")


async def remove(conn: Hot, station_id: str, *, now: datetime) -> None:
    """Forgets a station: its EVSEs are without one from now on, and it is a stranger when it comes
    back. What it charged stays. BadStation while it charges."""
    if await transactions.running(conn, station_id, None):
        raise BadStation(f"station {station_id!r} is charging: end its sessions first")
    await map_plugs(conn, station_id, (), now=now)
    await stations.remove(conn, station_id)


async def set_key(
    conn: Hot,
    station_id: str,
    *,
    key: str | None,
    security_profile: SecurityProfile,
    server_key: bytes,
) -> str | None:
    """Replaces a station's key, a random one if none is given; gives it, to be shown this once."""
    new = NewStation(id=station_id, key=key, security_profile=security_profile)
    made = _key(new)
    kept = None if made is None else key_hmac(server_key, made)
    if not await stations.set_key(
        conn, station_id, key_hmac=kept, security_profile=security_profile
    ):
        raise _unknown(station_id)
    return made


async def map_plugs(
    conn: Hot, station_id: str, specs: Sequence[PlugSpec], *, now: datetime
) -> None:
    """Says which plug is which connector, in place of what was said before; partners are told."""
    station = await stations.lock(conn, station_id)
    if station is None:
        raise _unknown(station_id)
    before = await evses.of_station(conn, station_id)
    known = await _mappable(conn, station_id, [spec.evse_uid for spec in specs])
    spelled = [_spelled(spec, known) for spec in specs]
    connectors = {
        row.uid: [each["id"] for each in row.document["connectors"]] for row in known.values()
    }
    made = numbered(station_id, spelled, connector_ids=connectors)
    await plugs.replace(conn, station_id, made)
    touched = {*before, *(plug.evse_uid for plug in made)}
    await ports_changed(conn, station, plugs=made, at=now)
    await rederive(conn, touched, now=now, settle=timedelta())
    await publish_of_evses(conn, touched, now=now)


async def connectivity(conn: Hot, station: Station) -> Connectivity:
    """Whether a station is there."""
    offline_since = await outages.offline_since(conn, station.id)
    match station:
        case Station(connected=True):
            state = StationState.ONLINE
        case Station(last_seen=None):
            state = StationState.NEVER
        case _:
            state = StationState.SILENT if offline_since is None else StationState.OFFLINE
    return Connectivity(
        state,
        last_seen=station.last_seen,
        connected_at=station.connected_at,
        disconnected_at=station.disconnected_at,
        offline_since=offline_since,
    )


def _key(new: NewStation) -> str | None:
    if new.key is not None and _KEY.fullmatch(new.key) is None:
        raise BadStation(
            f"key: expected {_SHORTEST_KEY} to {_LONGEST_KEY} printable characters without spaces"
        )
    if new.key is None and new.security_profile in _WITH_KEY:
        return secrets.token_hex(_KEY_BYTES)
    return new.key


async def _mappable(conn: Hot, station_id: str, uids: Sequence[str]) -> dict[str, Evse]:
    """The EVSEs by folded uid; BadPlug names one that another station has or that is gone."""
    rows = {row.uid.lower(): row for row in await evses.named(conn, uids)}
    for row in rows.values():
        if row.lifecycle == Lifecycle.REMOVED.value:
            raise BadPlug(f"EVSE {row.uid!r} is REMOVED, which is for ever")
    taken = await plugs.of_evses(conn, [row.uid for row in rows.values()])
    for plug in taken:
        if plug.station_id != station_id:
            raise BadPlug(f"EVSE {plug.evse_uid!r} belongs to station {plug.station_id!r}")
    return rows


def _spelled(spec: PlugSpec, known: dict[str, Evse]) -> PlugSpec:
    """The same with the uid as the inventory spells it."""
    row = known.get(spec.evse_uid.lower())
    return spec if row is None else PlugSpec(row.uid, spec.evse, spec.connector, spec.connector_id)


async def _set_status(conn: Hot, station_id: str, status: str) -> None:
    if not await stations.set_status(conn, station_id, status=status):
        raise _unknown(station_id)


def _unknown(station_id: str) -> BadStation:
    return BadStation(f"station {station_id!r} is not known")
