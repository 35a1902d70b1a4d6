"""Unlocking a connector, by support staff."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from emsp_adapter.charging import unlocking
from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.charges import LocationKey, Name
from emsp_adapter.driver_api.door import NAMES_A_PLACE, At, DriverRoute, Staff
from emsp_adapter.driver_api.language import Language
from emsp_adapter.driver_api.refusing import refusals
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json
from ocpi_hub.node.rest.description import example

router = APIRouter(route_class=DriverRoute, tags=["support"])

_Id = Annotated[str, Path(max_length=36), PLAIN]


class GivenUnlock(
    Given,
    json_schema_extra=example(
        {
            "location": "NL*CPO*LOC1",
            "evse_uid": "EVSE1",
            "connector_id": "1",
            "why": "The cable is stuck.",
        }
    ),
):
    """Which connector, for whom, and why: this is kept."""

    location: LocationKey
    evse_uid: Name
    connector_id: Name
    driver_id: Name | None = None
    why: Annotated[str, Field(min_length=3, max_length=500), PLAIN]


@router.post(
    "/support/unlock", status_code=201, response_model=answers.Unlock, responses=NAMES_A_PLACE
)
async def unlock_connector(
    given: GivenUnlock, office: At, staff: Staff, language: Language
) -> Json:
    """Asks the operator to unlock a connector; the station's answer comes later."""
    with refusals():
        asked = await unlocking.unlock(
            office,
            unlocking.Wish(
                by=staff.name,
                location=given.location,
                evse_uid=given.evse_uid,
                connector_id=given.connector_id,
                driver_id=given.driver_id,
                why=given.why,
            ),
        )
    return Json(unlocking.document(asked, language=language), 201)


@router.get("/support/unlock/{unlock_id}", response_model=answers.Unlock)
async def get_unlock(unlock_id: _Id, office: At, staff: Staff, language: Language) -> Json:
    """What became of it."""
    found = await unlocking.find(office, unlock_id)
    return Json(unlocking.document(found, language=language))
