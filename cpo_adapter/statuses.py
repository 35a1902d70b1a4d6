"""EVSE statuses: derived from what is known, let stand still for a moment, then told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cpo_adapter import uptime
from cpo_adapter.evse_status import Facts, Lifecycle, derive, in_use
from cpo_adapter.ocpp.events import StatusNotified
from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import evse_at, on_the_wire, plug_at, version_of
from cpo_adapter.skew import Skews
from cpo_adapter.station_clock import placed
from cpo_adapter.store import evses, plugs, stations, statuses
from cpo_adapter.store.evses import Standing, Surroundings
from cpo_adapter.store.plugs import Plug
from cpo_adapter.store.statuses import Reported
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.v2_2_1.locations import Status

_WORD = 50


async def rederive(
    conn: Hot, evse_uids: Iterable[str], *, now: datetime, settle: timedelta
) -> None:
    """Derives the status of EVSEs anew, in the transaction that changed what it depends on.

    To be called after the change of a transaction, a reservation, a report or the inventory.
    """
    standing = await evses.lock(conn, evse_uids)
    if not standing:
        return
    found = derived(standing, await evses.surroundings(conn, [each.uid for each in standing]))
    changes = {
        each.uid: found[each.uid].value for each in standing if found[each.uid] != each.status
    }
    if changes:
        await evses.change_statuses(conn, changes, now=now, tell_at=now + settle)


async def rederive_station(conn: Hot, station_id: str, *, now: datetime, settle: timedelta) -> None:
    """The same for every EVSE of a station."""
    await rederive(conn, await evses.of_station(conn, station_id), now=now, settle=settle)


async def notified(
    conn: Hot, event: StatusNotified, *, skews: Skews, now: datetime, settle: timedelta
) -> None:
    """Applies a StatusNotification, unless a newer one is known (bridge rules 4.2)."""
    station = await stations.find(conn, event.station_id)
    if station is None or event.status is None or event.evse_id is None:
        return
    known = await plugs.of_station(conn, station.id)
    skew = await skews.heard(conn, event, station=station)
    reported = _reported(event, known, skew=skew)
    if not await statuses.apply(conn, reported):
        return
    await uptime.ports_changed(conn, station, plugs=known, at=reported.at)
    if reported.evse == 0:
        await rederive_station(conn, station.id, now=now, settle=settle)
    elif (uid := evse_at(known, reported.evse, version=event.version)) is not None:
        await rederive(conn, [uid], now=now, settle=settle)


def derived(standing: Sequence[Standing], around: Surroundings) -> Mapping[str, Status]:
    """The status of each EVSE; one that shares its outlet looks at its siblings' first."""
    by_evse = _plugs_by_evse(around)
    facts = {each.uid: _facts(each, by_evse.get(each.uid, ()), around) for each in standing}
    alone = {uid: derive(found) for uid, found in facts.items()}
    busy = {uid for uid, status in alone.items() if in_use(status)}
    return {
        each.uid: derive(
            replace(
                facts[each.uid],
                sibling_in_use=bool(busy & _siblings(each.uid, by_evse, around)),
            )
        )
        for each in standing
    }


def _reported(event: StatusNotified, known: Sequence[Plug], *, skew: timedelta) -> Reported:
    evse, connector = event.evse_id or 0, event.connector_id
    if connector is None:
        plug = plug_at(known, evse, None, version=event.version)
        # Without its number it may be any: then it is about the whole EVSE.
        connector = on_the_wire(plug, known, version=event.version)[1] if plug else 0
    at = placed(event.timestamp, received_at=event.received_at, skew=skew).at
    return Reported(
        station_id=event.station_id,
        evse=evse,
        connector=connector,
        status=(event.status or "")[:_WORD],
        error_code=(event.error_code or "NoError")[:_WORD],
        info=event.info or event.vendor_error_code,
        at=min(at, event.received_at),
        received_at=event.received_at,
    )


def _plugs_by_evse(around: Surroundings) -> dict[str, list[Plug]]:
    by_evse: dict[str, list[Plug]] = {}
    for row in around.plugs:
        by_evse.setdefault(row["evse_uid"], []).append(Plug(**row))
    return by_evse


def _facts(standing: Standing, mine: Sequence[Plug], around: Surroundings) -> Facts:
    lifecycle = Lifecycle(standing.lifecycle)
    if not mine:
        return Facts(lifecycle=lifecycle)
    station_id = mine[0].station_id
    station = around.stations[station_id]
    reports = {
        (row["evse"], row["connector"]): row["status"]
        for row in around.statuses
        if row["station_id"] == station_id
    }
    numbers = _numbers(mine, around, version=version_of(station["protocol"]))
    whole = [(0, 0), *sorted({(evse, 0) for evse, _ in numbers})]
    return Facts(
        lifecycle=lifecycle,
        offline=station["offline"],
        whole=tuple(reports[number] for number in whole if number in reports),
        connectors=tuple(reports.get(number) for number in numbers),
        session=standing.uid in around.in_session,
        reservation=standing.uid in around.reserved,
    )


def _numbers(
    mine: Sequence[Plug], around: Surroundings, *, version: Version
) -> list[tuple[int, int]]:
    station_id = mine[0].station_id
    all_of_it = [Plug(**row) for row in around.plugs if row["station_id"] == station_id]
    return [on_the_wire(plug, all_of_it, version=version) for plug in mine]


def _siblings(
    uid: str, by_evse: Mapping[str, Sequence[Plug]], around: Surroundings
) -> frozenset[str]:
    mine = by_evse.get(uid, ())
    shared = {plug.station_id for plug in mine if around.stations[plug.station_id]["shared_outlet"]}
    return frozenset(
        other
        for other, theirs in by_evse.items()
        if other != uid and any(plug.station_id in shared for plug in theirs)
    )
