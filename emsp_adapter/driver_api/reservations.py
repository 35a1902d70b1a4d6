"""Reservations: have a charging point kept, and let go of it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Response

from emsp_adapter.charging import reservations, reserving
from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.charges import LocationKey, Name
from emsp_adapter.driver_api.door import NAMES_A_PLACE, At, Charging, DriverRoute
from emsp_adapter.driver_api.idempotency import Once
from emsp_adapter.driver_api.language import Language
from emsp_adapter.driver_api.paging import Pages
from emsp_adapter.driver_api.refusing import refusals
from emsp_adapter.store import reservations as store
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json, Moment
from ocpi_hub.node.rest.description import example

router = APIRouter(route_class=DriverRoute, tags=["charging"])

_Id = Annotated[str, Path(max_length=36), PLAIN]


class GivenReservation(
    Given,
    json_schema_extra=example(
        {"location": "NL*CPO*LOC1", "evse_uid": "EVSE1", "until": "2026-03-01T18:30:00Z"}
    ),
):
    """Which charging point, and until when."""

    location: LocationKey
    evse_uid: Name
    until: Moment


@router.post(
    "/reservations", status_code=201, response_model=answers.Reservation, responses=NAMES_A_PLACE
)
async def reserve_charging_point(
    given: GivenReservation,
    office: At,
    driver_id: Charging,
    once: Once,
    language: Language,
) -> Response:
    """Asks the operator to keep a charging point; it may cost, see the price's lines."""

    async def work() -> Response:
        with refusals():
            made = await reserving.reserve(
                office,
                reserving.Wish(
                    driver_id=driver_id,
                    location=given.location,
                    evse_uid=given.evse_uid,
                    until=given.until,
                ),
            )
        return Json(reservations.document(made, language=language), 201)

    return await once.answer(driver_id, work)


@router.get("/reservations", response_model=answers.ReservationPage)
async def list_reservations(
    office: At,
    driver_id: Charging,
    language: Language,
    pages: Pages,
) -> Json:
    """The driver's reservations, the newest first."""
    before = pages.after(datetime, str)
    async with office.db.hot() as conn:
        found = await store.page(
            conn,
            driver_id,
            before=None if before is None else (before[0], before[1]),
            limit=pages.limit,
        )
    return pages.page(
        "reservations",
        found,
        key=lambda each: (each.created_at, each.id),
        shown=partial(reservations.document, language=language),
    )


@router.delete("/reservations/{reservation_id}", response_model=answers.Reservation)
async def cancel_reservation(
    reservation_id: _Id, office: At, driver_id: Charging, language: Language
) -> Json:
    """Asks the operator to let go of it; one that is over stays as it is."""
    left = await reserving.cancel(office, driver_id, reservation_id)
    return Json(reservations.document(left, language=language))
