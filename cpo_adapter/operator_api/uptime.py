"""Uptime and outages of stations' ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter

from cpo_adapter import uptime as work
from cpo_adapter.operator_api.office import At, OperatorRoute, Reader, Worker, known_station
from cpo_adapter.operator_api.shapes import Number, StationId, When
from cpo_adapter.store import outages
from cpo_adapter.uptime import PortUptime
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Given, Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["uptime"])

_YEAR = timedelta(days=365)


class GivenExclusion(Given):
    """Whether an outage is left out, as one that was not the operator's fault."""

    excluded: bool


@router.get("/stations/{station_id}/uptime")
async def show_uptime(
    station_id: StationId,
    office: At,
    operator: Reader,
    since: When = None,
    until: When = None,
) -> Json:
    """The uptime of each port of a station; of the last year unless a period is given."""
    begin, end = period(since, until, now=office.now())
    async with office.db.hot() as conn:
        await known_station(conn, station_id)
        found = await work.report(conn, since=begin, until=end, station_id=station_id)
    ports = [_shown(each) for each in found]
    return Json({"station_id": station_id, "since": begin, "until": end, "ports": ports})


@router.get("/stations/{station_id}/outages")
async def show_outages(
    station_id: StationId,
    office: At,
    operator: Reader,
    since: When = None,
    until: When = None,
) -> Json:
    """When ports of a station could not be used; port 0 is the whole station."""
    begin, end = period(since, until, now=office.now())
    async with office.db.hot() as conn:
        await known_station(conn, station_id)
        found: Sequence[outages.Interval] = await outages.within(
            conn, since=begin, until=end, station_id=station_id
        )
    return Json([asdict(each) for each in found])


@router.put("/outages/{outage_id}")
async def exclude(outage_id: Number, given: GivenExclusion, office: At, operator: Worker) -> Json:
    """Says whether an outage counts against the operator."""
    async with office.db.hot_transaction() as conn:
        if not await outages.exclude(conn, outage_id, excluded=given.excluded):
            raise Problem(404, f"there is no outage {outage_id}")
        await audit.record(
            conn,
            operator.name,
            action="outage exclude",
            subject=str(outage_id),
            detail={"excluded": given.excluded},
        )
    return Json({"id": outage_id, "excluded": given.excluded})


def period(
    since: datetime | None, until: datetime | None, *, now: datetime
) -> tuple[datetime, datetime]:
    """A period of the past: its end is now and its beginning a year before, unless given."""
    end = min(until or now, now)
    begin = since or end - _YEAR
    if begin >= end:
        raise Problem(422, "since: expected a moment before `until` and before now", field="since")
    return begin, end


def _shown(port: PortUptime) -> dict[str, Any]:
    return {
        "port": port.port,
        "evse_uid": port.evse_uid,
        "since": port.since,
        "until": port.until,
        "minutes": port.minutes,
        "outage_minutes": port.outage,
        "excluded_minutes": port.excluded,
        "uptime_percent": port.uptime,
    }
