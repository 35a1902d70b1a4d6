"""Firmware campaigns in waves."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, model_validator

from cpo_adapter import campaigns as work
from cpo_adapter.operator_api.office import Admin, At, OperatorRoute, Reader
from cpo_adapter.operator_api.shapes import Id, Limit, Text
from cpo_adapter.store import campaigns as rows
from cpo_adapter.store import stations
from cpo_adapter.store.campaigns import Campaign
from ocpi_hub.node import audit
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import Given, Json, Moment
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.node.secrets import new_reference

router = APIRouter(route_class=OperatorRoute, tags=["firmware"])

_URL = r"^(https?|ftps?|sftp)://[^\s/?#]+\S*$"
Stations = Annotated[list[Text], Field(min_length=1, max_length=5000)]


class GivenCampaign(Given):
    """Firmware for stations, in the order in which they are updated."""

    firmware_url: Annotated[str, Field(max_length=512, pattern=_URL)]
    stations: Stations
    version: Text | None = None
    wave_size: Annotated[int, Field(ge=1, le=1000)] = 1
    stop_after_failures: Annotated[int, Field(ge=1, le=5000)] = 1
    patience_hours: Annotated[int, Field(ge=1, le=24 * 30)] = 24
    retrieve_at: Moment | None = None
    install_at: Moment | None = None
    signing_certificate: Annotated[str, Field(max_length=5500)] | None = None
    signature: Annotated[str, Field(max_length=800)] | None = None
    retries: Annotated[int, Field(ge=0, le=100)] | None = None
    retry_interval: Annotated[int, Field(ge=0, le=86_400)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> GivenCampaign:
        if len(set(self.stations)) < len(self.stations):
            raise ValueError("stations: expected each station once")
        if (self.signature is None) != (self.signing_certificate is None):
            raise ValueError("signature and signing_certificate: expected both or neither")
        return self

    @property
    def options(self) -> dict[str, Any]:
        """What each station is told."""
        named = (
            "patience_hours",
            "retrieve_at",
            "install_at",
            "signing_certificate",
            "signature",
            "retries",
            "retry_interval",
        )
        given = {name: getattr(self, name) for name in named}
        return {name: value for name, value in given.items() if value is not None}


@router.post("/campaigns", status_code=201)
async def begin(given: GivenCampaign, office: At, operator: Admin) -> Json:
    """Begins a campaign: the first wave is asked at once, the next when it is done."""
    campaign = Campaign(
        id=new_reference(),
        firmware_url=given.firmware_url,
        version=given.version,
        options=given.options,
        state=work.RUNNING,
        wave_size=given.wave_size,
        stop_after_failures=given.stop_after_failures,
        created_at=office.now(),
    )
    async with office.db.hot_transaction() as conn:
        await _check_stations(conn, given.stations)
        await work.begin(conn, campaign, given.stations)
        await audit.record(
            conn,
            operator.name,
            action="campaign begin",
            subject=campaign.id,
            detail={"firmware_url": given.firmware_url, "stations": len(given.stations)},
        )
        shown = await _shown(conn, campaign)
    return Json(shown, status_code=201)


@router.get("/campaigns")
async def list_campaigns(office: At, operator: Reader, limit: Limit = 100) -> Json:
    """Campaigns, the newest first, with how many stations have come how far."""
    async with office.db.hot() as conn:
        found = await rows.listed(conn, limit=limit)
        shown = [await _shown(conn, each) for each in found]
    for each in shown:
        each["stations"] = dict(Counter(station["state"] for station in each["stations"]))
    return Json(shown)


@router.get("/campaigns/{campaign_id}")
async def show_campaign(campaign_id: Id, office: At, operator: Reader) -> Json:
    """One campaign, and how far each of its stations has come."""
    async with office.db.hot() as conn:
        found = await rows.find(conn, campaign_id)
        if found is None:
            raise Problem(404, f"there is no campaign {campaign_id!r}")
        return Json(await _shown(conn, found))


@router.post("/campaigns/{campaign_id}/stop")
async def stop(campaign_id: Id, office: At, operator: Admin) -> Json:
    """Asks no more stations; those that were asked go on."""
    async with office.db.hot_transaction() as conn:
        found = await rows.find(conn, campaign_id)
        if found is None:
            raise Problem(404, f"there is no campaign {campaign_id!r}")
        if not await work.stop(conn, campaign_id):
            raise Problem(409, f"campaign {campaign_id} is {found.state}, expected a running one")
        await audit.record(conn, operator.name, action="campaign stop", subject=campaign_id)
    return Json({"id": campaign_id, "state": work.STOPPED})


async def _check_stations(conn: Hot, named: list[str]) -> None:
    known = {each.id for each in await stations.several(conn, named)}
    unknown = next((each for each in named if each not in known), None)
    if unknown is not None:
        raise Problem(422, f"stations: station {unknown!r} is not known", field="stations")
    busy = await rows.busy(conn, named)
    if busy is not None:
        raise Problem(409, f"station {busy} is in a campaign that runs")


async def _shown(conn: Hot, campaign: Campaign) -> dict[str, Any]:
    members = await rows.members(conn, campaign.id)
    hidden = ("signing_certificate", "signature")
    shown = asdict(campaign)
    options = {name: value for name, value in campaign.options.items() if name not in hidden}
    return shown | {"options": options, "stations": [asdict(each) for each in members]}
