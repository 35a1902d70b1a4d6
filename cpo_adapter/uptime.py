"""Uptime: when each port could not be used, and what share of a period that leaves.

A port is what charges one car: an EVSE. Its number is the least OCPP EVSE number of its plugs.
Offline is an outage of the whole station (EVSE 0) and so of each of its ports.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeVar

from cpo_adapter.evse_status import Outage, outage
from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import on_the_wire, version_of
from cpo_adapter.store import outages, stations, statuses
from cpo_adapter.store import plugs as plug_rows
from cpo_adapter.store.outages import Interval
from cpo_adapter.store.plugs import Plug
from cpo_adapter.store.stations import Station
from cpo_adapter.store.statuses import Reported
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.spreadsheet import Cell, csv_text

_MINUTE = timedelta(minutes=1)
_THOUSANDTH = Decimal("0.001")
_EVERY_STATION = 1_000_000
_HEADINGS = (
    "station",
    "port",
    "evse_uid",
    "since",
    "until",
    "minutes",
    "outage_minutes",
    "excluded_minutes",
    "uptime_percent",
)

Span = tuple[datetime, datetime]
RowT = TypeVar("RowT", Plug, Reported, Interval)


@dataclass(slots=True)
class Port:
    """A port of a station: its EVSE, None when it is not mapped, and its OCPP connectors."""

    number: int
    evse_uid: str | None
    connectors: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PortUptime:
    """How a port did in a period, in minutes; `excluded` is of the outage and does not count."""

    station_id: str
    port: int
    evse_uid: str | None
    since: datetime
    until: datetime
    minutes: Decimal
    outage: Decimal
    excluded: Decimal

    @property
    def uptime(self) -> Decimal:
        """100 x (minutes - (outage - excluded)) / minutes, to three decimals."""
        counted = self.outage - self.excluded
        share = 100 * (self.minutes - counted) / self.minutes
        return share.quantize(_THOUSANDTH, ROUND_HALF_EVEN)


async def went_offline(conn: Hot, station_id: str, *, since: datetime) -> bool:
    """The station has been silent since then; False when that is known."""
    reason = Outage.OFFLINE.value
    return await outages.opened(conn, station_id, evse=0, reason=reason, since=since)


async def came_back(conn: Hot, station_id: str, *, at: datetime) -> bool:
    """The station is heard again; False when it was not offline."""
    reason = Outage.OFFLINE.value
    return await outages.closed(conn, station_id, evse=0, reason=reason, until=at)


async def ports_changed(
    conn: Hot, station: Station, *, plugs: Sequence[Plug], at: datetime
) -> None:
    """Opens and closes the outages of a station's ports by what its connectors say now."""
    reported = await statuses.of_stations(conn, [station.id])
    words = {(each.evse, each.connector): each.status for each in reported}
    out: dict[int, str] = {}
    for port in ports(plugs, reported, version=version_of(station.protocol)):
        reason = _reason(port, words)
        if reason is not None:
            out[port.number] = reason.value
    await outages.settle(conn, station.id, out=out, at=at)


def ports(plugs: Sequence[Plug], reported: Iterable[Reported], *, version: Version) -> list[Port]:
    """The ports of a station: its mapped EVSEs, and beside them what reports without being."""
    found: dict[object, Port] = {}
    for plug in plugs:
        wire = on_the_wire(plug, plugs, version=version)
        port = found.setdefault(plug.evse_uid, Port(wire[0], plug.evse_uid))
        port.number = min(port.number, wire[0])
        port.connectors.append(wire)
    mapped = {evse for port in found.values() for evse, _ in port.connectors}
    for each in reported:
        if each.evse and each.connector and each.evse not in mapped:
            port = found.setdefault(each.evse, Port(each.evse, None))
            port.connectors.append((each.evse, each.connector))
    return sorted(found.values(), key=lambda port: port.number)


async def report(
    conn: Hot, *, since: datetime, until: datetime, station_id: str | None = None
) -> list[PortUptime]:
    """The uptime of every port of a period, as far as its station was known by then."""
    one = None if station_id is None else await stations.find(conn, station_id)
    given = await stations.listed(conn, limit=_EVERY_STATION) if station_id is None else [one]
    known = {each.id: each for each in given if each is not None and each.created_at < until}
    plugs = _by_station(await plug_rows.of_stations(conn, list(known)))
    reported = _by_station(await statuses.of_stations(conn, list(known)))
    intervals = _by_station(
        await outages.within(conn, since=since, until=until, station_id=station_id)
    )
    return [
        port_uptime(station, port, intervals[station.id], since=since, until=until)
        for station in known.values()
        for port in ports(
            plugs[station.id], reported[station.id], version=version_of(station.protocol)
        )
    ]


def port_uptime(
    station: Station,
    port: Port,
    intervals: Sequence[Interval],
    *,
    since: datetime,
    until: datetime,
) -> PortUptime:
    """How one port did, out of the intervals of its station."""
    begin = max(since, station.created_at)
    mine = [each for each in intervals if each.evse in (0, port.number)]
    down = _total(_spans(mine, begin, until))
    counted = _total(_spans([each for each in mine if not each.excluded], begin, until))
    return PortUptime(
        station_id=station.id,
        port=port.number,
        evse_uid=port.evse_uid,
        since=begin,
        until=until,
        minutes=_minutes(until - begin),
        outage=_minutes(down),
        excluded=_minutes(down - counted),
    )


def to_csv(rows: Iterable[PortUptime]) -> str:
    """The report for a spreadsheet: one line for each port."""
    return csv_text([_HEADINGS, *map(_line, rows)])


def _line(row: PortUptime) -> tuple[Cell, ...]:
    period = (row.since.isoformat(), row.until.isoformat())
    figures = (_rounded(row.minutes), _rounded(row.outage), _rounded(row.excluded), row.uptime)
    return (row.station_id, row.port, row.evse_uid, *period, *figures)


def _reason(port: Port, words: Mapping[tuple[int, int], str]) -> Outage | None:
    whole = [(0, 0), *sorted({(evse, 0) for evse, _ in port.connectors})]
    return outage(
        tuple(words[number] for number in whole if number in words),
        tuple(words.get(number) for number in port.connectors),
    )


def _spans(intervals: Sequence[Interval], begin: datetime, end: datetime) -> list[Span]:
    """The intervals within a period, joined where they overlap."""
    joined: list[Span] = []
    cut = ((max(each.since, begin), min(each.until or end, end)) for each in intervals)
    for since, until in sorted(span for span in cut if span[0] < span[1]):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined


def _total(spans: Iterable[Span]) -> timedelta:
    return sum((until - since for since, until in spans), timedelta())


def _minutes(length: timedelta) -> Decimal:
    microsecond = timedelta(microseconds=1)
    return Decimal(length // microsecond) / Decimal(_MINUTE // microsecond)


def _rounded(minutes: Decimal) -> Decimal:
    return minutes.quantize(_THOUSANDTH, ROUND_HALF_EVEN)


def _by_station(rows: Iterable[RowT]) -> Mapping[str, Sequence[RowT]]:
    found: defaultdict[str, list[RowT]] = defaultdict(list)
    for row in rows:
        found[row.station_id].append(row)
    return found
