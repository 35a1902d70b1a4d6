"""Stations: added, let in, mapped to EVSEs, and looked at."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from cpo_adapter import stations as work
from cpo_adapter.descriptions import described_plug, described_station, whole_station
from cpo_adapter.ocpp.ports import SecurityProfile
from cpo_adapter.ocpp.version import Version
from cpo_adapter.operator_api.office import (
    Admin,
    At,
    Office,
    OperatorRoute,
    Reader,
    Worker,
    known_station,
)
from cpo_adapter.operator_api.shapes import After, Before, Filter, Limit, StationId, Text, page
from cpo_adapter.plugs import PlugSpec
from cpo_adapter.store import happenings, plugs
from cpo_adapter.store import stations as rows
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Given, Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["stations"])

# 1008 of websockets: the station may not stay as it is.
_POLICY_VIOLATION = 1008

Status = Annotated[Literal["accepted", "pending", "rejected"] | None, Query()]
Profile = Annotated[int, Field(ge=0, le=3, description="How it proves who it is, 0 to 3.")]
PlugNumber = Annotated[int | None, Field(ge=1, le=999)]


class GivenPlug(Given):
    """A connector of an EVSE, with the numbers that OCPP has for it; the rest is worked out."""

    evse_uid: Text
    evse: PlugNumber = None
    connector: PlugNumber = None
    connector_id: Text | None = None

    @property
    def spec(self) -> PlugSpec:
        """The same for the mapping."""
        return PlugSpec(self.evse_uid, self.evse, self.connector, self.connector_id)


class GivenKey(Given):
    """How a station proves who it is; without a key a random one is made where it needs one.

    Without a profile it keeps the one it has.
    """

    key: str | None = None
    security_profile: Profile | None = None


class GivenStation(Given):
    """A station to be added."""

    id: str
    key: str | None = None
    security_profile: Profile = 1
    plugs: tuple[GivenPlug, ...] = ()
    certificate_subject: Text | None = None
    subprotocol: Version | None = None
    shared_outlet: bool = False


@router.get("/stations")
async def list_stations(
    request: Request,
    office: At,
    operator: Reader,
    status: Status = None,
    after: After = None,
    limit: Limit = 100,
) -> Json:
    """Stations in the order of their ids, and whether each is there."""
    async with office.db.hot() as conn:
        found = await rows.listed(conn, status=status, after=after or "", limit=limit)
        shown = [await described_station(conn, each) for each in found]
    return page(
        request,
        shown,
        limit=limit,
        cursor="after",
        key=lambda each: each["id"],
        shown=lambda each: each,
    )


@router.post("/stations", status_code=201)
async def add_station(given: GivenStation, office: At, operator: Admin) -> Json:
    """Makes a station known; its key is in this answer and in no other."""
    new = work.NewStation(
        id=given.id,
        plugs=[each.spec for each in given.plugs],
        key=given.key,
        security_profile=SecurityProfile(given.security_profile),
        certificate_subject=given.certificate_subject,
        subprotocol=given.subprotocol,
        shared_outlet=given.shared_outlet,
    )
    async with office.db.hot_transaction() as conn:
        if "\0" not in given.id and await rows.find(conn, given.id) is not None:
            raise Problem(409, f"station {given.id!r} is there already")
        key = await work.add(conn, new, server_key=office.server_key, now=office.now())
        await audit.record(conn, operator.name, action="station add", subject=given.id)
    office.poke()
    return Json(
        {"id": given.id, "security_profile": given.security_profile, "key": key}, status_code=201
    )


@router.get("/stations/{station_id}")
async def show_station(station_id: StationId, office: At, operator: Reader) -> Json:
    """Everything about one station, except its key."""
    async with office.db.hot() as conn:
        station = await known_station(conn, station_id)
        return Json(await whole_station(conn, station))


@router.post("/stations/{station_id}/approve")
async def approve(station_id: StationId, office: At, operator: Worker) -> Json:
    """Accepts a station that waits or was rejected."""
    async with office.db.hot_transaction() as conn:
        await known_station(conn, station_id)
        await work.approve(conn, station_id)
        await audit.record(conn, operator.name, action="station approve", subject=station_id)
    office.errands.approved(station_id)
    return Json({"id": station_id, "status": "accepted"})


@router.post("/stations/{station_id}/reject")
async def reject(station_id: StationId, office: At, operator: Worker) -> Json:
    """Refuses a station, which hears so at its next boot."""
    async with office.db.hot_transaction() as conn:
        await known_station(conn, station_id)
        await work.reject(conn, station_id)
        await audit.record(conn, operator.name, action="station reject", subject=station_id)
    return Json({"id": station_id, "status": "rejected"})


@router.delete("/stations/{station_id}")
async def remove_station(station_id: StationId, office: At, operator: Admin) -> Json:
    """Forgets a station that does not charge, and ends its connection; its EVSEs have none."""
    async with office.db.hot_transaction() as conn:
        await known_station(conn, station_id)
        await work.remove(conn, station_id, now=office.now())
        await audit.record(conn, operator.name, action="station remove", subject=station_id)
    await _end_connection(office, station_id, "the station was removed")
    office.poke()
    return Json({"id": station_id, "status": "removed"})


@router.put("/stations/{station_id}/key")
async def set_key(
    station_id: StationId, office: At, operator: Admin, given: GivenKey | None = None
) -> Json:
    """Replaces how a station proves who it is, and ends the connection made with the old key."""
    wanted = given or GivenKey()
    async with office.db.hot_transaction() as conn:
        station = await known_station(conn, station_id)
        asked = wanted.security_profile
        profile = SecurityProfile(station.security_profile if asked is None else asked)
        key = await work.set_key(
            conn,
            station_id,
            key=wanted.key,
            security_profile=profile,
            server_key=office.server_key,
        )
        detail = {"security_profile": profile.value}
        await audit.record(
            conn, operator.name, action="station key", subject=station_id, detail=detail
        )
    await _end_connection(office, station_id, "the station has a new key")
    return Json({"id": station_id, "security_profile": profile.value, "key": key})


@router.get("/stations/{station_id}/connectivity")
async def connectivity(station_id: StationId, office: At, operator: Reader) -> Json:
    """Whether a station is there, since when, and when it was last heard."""
    async with office.db.hot() as conn:
        station = await known_station(conn, station_id)
        found = await work.connectivity(conn, station)
    return Json({"id": station_id, "connected": station.connected, **_plain(asdict(found))})


@router.get("/stations/{station_id}/plugs")
async def show_plugs(station_id: StationId, office: At, operator: Reader) -> Json:
    """Which plug of a station is which connector."""
    async with office.db.hot() as conn:
        await known_station(conn, station_id)
        found = await plugs.of_station(conn, station_id)
    return Json([described_plug(each) for each in found])


@router.put("/stations/{station_id}/plugs")
async def map_plugs(
    station_id: StationId, given: list[GivenPlug], office: At, operator: Worker
) -> Json:
    """Says anew which plug is which connector; partners are told."""
    async with office.db.hot_transaction() as conn:
        await known_station(conn, station_id)
        await work.map_plugs(conn, station_id, [each.spec for each in given], now=office.now())
        await audit.record(conn, operator.name, action="station map", subject=station_id)
        found = await plugs.of_station(conn, station_id)
    office.poke()
    return Json([described_plug(each) for each in found])


@router.get("/stations/{station_id}/timeline")
async def timeline(
    request: Request,
    station_id: StationId,
    office: At,
    operator: Reader,
    kind: Filter = None,
    before: Before = None,
    limit: Limit = 100,
) -> Json:
    """What a station reported beside charging, the newest first."""
    async with office.db.hot() as conn:
        await known_station(conn, station_id)
        found = await happenings.of_station(conn, station_id, kind=kind, before=before, limit=limit)
    return page(
        request, found, limit=limit, cursor="before", key=lambda each: each.id, shown=asdict
    )


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    return found | {"state": found["state"].value}


async def _end_connection(office: Office, station_id: str, why: str) -> None:
    connection = office.registry.get(station_id)
    if connection is not None:
        await connection.close(_POLICY_VIOLATION, why)
