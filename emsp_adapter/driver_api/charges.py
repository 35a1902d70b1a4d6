"""Charging: start it, now or later, stop it, say how, and look back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from emsp_adapter.charging import charge_views, preferences, starting, stopping
from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.door import (
    NAMES_A_PLACE,
    At,
    Charging,
    DriverRoute,
    Following,
    History,
)
from emsp_adapter.driver_api.idempotency import Once
from emsp_adapter.driver_api.language import Language
from emsp_adapter.driver_api.paging import Pages
from emsp_adapter.driver_api.refusing import refusals
from emsp_adapter.office import Office
from emsp_adapter.store import charges as store
from emsp_adapter.store.charges import Charge
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json, Moment, Number
from ocpi_hub.node.rest.description import example
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.types import ProfileType

router = APIRouter(route_class=DriverRoute, tags=["charging"])

ChargeId = Annotated[str, Path(max_length=36), PLAIN]
Name = Annotated[str, Field(min_length=1, max_length=36), PLAIN]
LocationKey = Annotated[str, Field(min_length=1, max_length=50, examples=["NL*CPO*LOC1"]), PLAIN]
_Energy = Annotated[Number, Field(gt=0, le=1000, max_digits=8, decimal_places=4)]


class ChargeFilter(StrEnum):
    """ChargeFilter charges."""

    OPEN = "open"
    PAST = "past"


class GivenCharge(
    Given, json_schema_extra=example({"location": "NL*CPO*LOC1", "evse_uid": "EVSE1"})
):
    """Where, and with `start_at` when; without a connector the station takes what is plugged in."""

    location: LocationKey
    evse_uid: Name
    connector_id: Name | None = None
    start_at: Moment | None = None
    payment_method: Name | None = None


class GivenPreferences(
    Given,
    json_schema_extra=example(
        {"profile_type": "GREEN", "departure_time": "2026-03-02T07:00:00Z", "energy_need_kwh": "20"}
    ),
):
    """How the charge is to go on."""

    profile_type: ProfileType
    departure_time: Moment | None = None
    energy_need_kwh: _Energy | None = None


@router.post("/charges", status_code=201, response_model=answers.Charge, responses=NAMES_A_PLACE)
async def start_charge(
    given: GivenCharge, office: At, driver_id: Charging, once: Once, language: Language
) -> Response:
    """Starts a charge, or plans one: what was asked of the station and has failed says why in
    `reason`. 409 says why nothing was asked."""

    async def work() -> Response:
        with refusals():
            charge = await starting.start(
                office,
                starting.Wish(
                    driver_id=driver_id,
                    source="app",
                    location=given.location,
                    evse_uid=given.evse_uid,
                    connector_id=given.connector_id,
                    start_at=given.start_at,
                    payment_method=given.payment_method,
                ),
            )
        return await shown(office, charge, language, status=201)

    return await once.answer(driver_id, work)


@router.get("/charges", response_model=answers.ChargePage)
async def list_charges(
    office: At,
    driver_id: History,
    language: Language,
    pages: Pages,
    state: Annotated[
        ChargeFilter | None, Query(description="Those that go on, or those over.")
    ] = None,
) -> Json:
    """The driver's charges, the newest first."""
    before = pages.after(datetime, str)
    open_ = None if state is None else state is ChargeFilter.OPEN
    async with office.db.hot() as conn:
        found = await store.page(
            conn,
            driver_id,
            open_=open_,
            before=None if before is None else (before[0], before[1]),
            limit=pages.limit,
        )
        documents = await charge_views.documents(conn, office, found, language=language)
    by_id = dict(zip((each.id for each in found), documents, strict=True))
    return pages.page(
        "charges",
        found,
        key=lambda each: (each.requested_at, each.id),
        shown=lambda each: by_id[each.id],
    )


@router.get("/charges/{charge_id}", response_model=answers.Charge)
async def get_charge(
    charge_id: ChargeId, office: At, driver_id: Following, language: Language
) -> Json:
    """A charge as it is now."""
    async with office.db.hot() as conn:
        found = await store.of_driver(conn, driver_id, charge_id)
    if found is None:
        raise ObjectNotFound(f"there is no charge {charge_id!r}")
    return await shown(office, found, language)


@router.post("/charges/{charge_id}/stop", response_model=answers.Charge)
async def stop_charge(
    charge_id: ChargeId, office: At, driver_id: Charging, language: Language
) -> Json:
    """Asks the station to end a charge; once more is no error."""
    with refusals():
        charge = await stopping.stop(office, driver_id, charge_id)
    return await shown(office, charge, language)


@router.delete("/charges/{charge_id}", response_model=answers.Charge)
async def cancel_charge(
    charge_id: ChargeId, office: At, driver_id: Charging, language: Language
) -> Json:
    """Takes a planned charge back."""
    with refusals():
        charge = await stopping.cancel(office, driver_id, charge_id)
    return await shown(office, charge, language)


@router.put("/charges/{charge_id}/preferences", response_model=answers.Charge)
async def set_charging_preferences(
    charge_id: ChargeId,
    given: GivenPreferences,
    office: At,
    driver_id: Charging,
    language: Language,
) -> Json:
    """Says how the car is to be charged: fast, cheap, green, and by when."""
    wanted: dict[str, object] = {"profile_type": given.profile_type.value}
    if given.departure_time is not None:
        wanted["departure_time"] = format_datetime(given.departure_time)
    if given.energy_need_kwh is not None:
        wanted["energy_need"] = given.energy_need_kwh
    with refusals():
        charge = await preferences.put(office, driver_id, charge_id, wanted)
    return await shown(office, charge, language)


@router.get("/charges/{charge_id}/profile", response_model=answers.ActiveProfile)
async def get_charging_profile(charge_id: ChargeId, office: At, driver_id: Following) -> Json:
    """What the driver wants of a charge, and what the station makes of it, as its operator told
    last; null where nothing was told."""
    async with office.db.hot() as conn:
        found = await store.of_driver(conn, driver_id, charge_id)
    if found is None:
        raise ObjectNotFound(f"there is no charge {charge_id!r}")
    return Json({"preferences": preferences.document(found), "profile": found.profile})


async def shown(office: Office, charge: Charge, language: str, *, status: int = 200) -> Json:
    """The answer with a charge."""
    async with office.db.hot() as conn:
        document = await charge_views.document(conn, office, charge, language=language)
    return Json(document, status)
