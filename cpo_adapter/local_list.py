"""Stations' local lists: the cards that may charge while a station is offline.

The version of a list is the second of the newest change in it, counted from 2020: what a station
has acknowledged says what it is still missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cpo_adapter import aliases
from cpo_adapter.ocpp.answers import Authorization, AuthorizationStatus
from cpo_adapter.ocpp.calls import LocalListEntry, SendLocalList
from cpo_adapter.ocpp.version import Version
from cpo_adapter.store import tokens as store
from cpo_adapter.store.stations import Station
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.v2_2_1.tokens import WhitelistType

# Versions are int32: seconds since then fit for 68 years.
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
# What is younger may still get company in the same second, by a transaction that goes on.
_SETTLED = timedelta(seconds=10)
# How many cards a station takes at once, and in all, where it has not said so.
_MESSAGE, _LIST = 100, 10_000
_IN_ONE_MESSAGE = ("SendLocalListMaxLength", "LocalAuthListCtrlr.ItemsPerMessage")
_IN_ALL = ("LocalAuthListMaxLength", "LocalAuthListCtrlr.Entries")
_LONGEST = {Version.V16: 20, Version.V201: 36}
_OFFLINE = frozenset({WhitelistType.ALWAYS, WhitelistType.ALLOWED, WhitelistType.ALLOWED_OFFLINE})


@dataclass(frozen=True, slots=True)
class Sync:
    """What a station's list needs: calls in their order, and the version it has after all of them.

    After a call that is refused the list has to be sent whole: its version is 0 then.
    """

    calls: tuple[SendLocalList, ...]
    version: int


async def sync(conn: Hot, station: Station, *, now: datetime) -> Sync | None:
    """What the station is missing; None where its list is as it should be."""
    version = await current_version(conn, now=now)
    if version is None or version <= station.local_list_version:
        return None
    full = station.local_list_version == 0
    return await _sync(conn, station, version=version, full=full, now=now)


async def _sync(conn: Hot, station: Station, *, version: int, full: bool, now: datetime) -> Sync:
    since = _EPOCH + timedelta(seconds=station.local_list_version)
    if full:
        since = datetime.min.replace(tzinfo=UTC)
    spoken = Version.V16 if station.protocol == Version.V16 else Version.V201
    most = _limit(station, _IN_ALL, _LIST)
    changed = await store.changed(conn, since=since, until=_settled(now), limit=most)
    entries = [_entry(*each, version=spoken) for each in changed if _fits(each[0], spoken)]
    if full:
        entries = [each for each in entries if each.authorization is not None]
    calls = _calls(entries, station, version=version, full=full)
    if not full and len(calls) > version - station.local_list_version:
        return await _sync(conn, station, version=version, full=True, now=now)
    return Sync(calls, version)


async def current_version(conn: Hot, *, now: datetime) -> int | None:
    """The version of a list that has everything; None where there are no cards."""
    newest = await store.newest_change(conn, until=_settled(now))
    return None if newest is None else (newest - _EPOCH) // timedelta(seconds=1) + 1


async def acknowledged(conn: Hot, station_id: str, *, version: int) -> None:
    """The station has the list of that version; 0: nobody knows what it has."""
    await store.set_list_version(conn, station_id, version=version)


def _settled(now: datetime) -> datetime:
    """The last second that is over for certain."""
    return (now - _SETTLED).replace(microsecond=0)


def _calls(
    entries: Sequence[LocalListEntry], station: Station, *, version: int, full: bool
) -> tuple[SendLocalList, ...]:
    """As many messages as the station needs. Versions rise, and the last is the one meant."""
    size = _limit(station, _IN_ONE_MESSAGE, _MESSAGE)
    parts = [tuple(entries[at : at + size]) for at in range(0, len(entries), size)] or [()]
    first = version - len(parts) + 1
    return tuple(
        SendLocalList(first + place, part, full and place == 0) for place, part in enumerate(parts)
    )


def _limit(station: Station, names: Sequence[str], otherwise: int) -> int:
    """A number out of the station's configuration."""
    for name in names:
        text = str((station.configuration.get(name) or {}).get("value", ""))
        if text.isdecimal() and int(text):
            return min(int(text), otherwise)
    return otherwise


def _fits(uid: str, version: Version) -> bool:
    return len(uid) <= _LONGEST[version]


def _entry(
    uid: str, status: str | None, token: Mapping[str, Any] | None, *, version: Version
) -> LocalListEntry:
    """A card of ours with its status, one of an eMSP if it may charge unasked, else its removal."""
    id_token = aliases.id_token(uid, version=version, card=True)
    if status is not None:
        return LocalListEntry(id_token, Authorization(AuthorizationStatus(status)))
    known = token or {}
    if not known.get("valid") or known.get("whitelist") not in _OFFLINE:
        return LocalListEntry(id_token, None)
    return LocalListEntry(id_token, Authorization(AuthorizationStatus.ACCEPTED))
