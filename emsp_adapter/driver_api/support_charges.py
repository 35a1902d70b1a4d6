"""Charges of any driver, as support staff look them up. Each look is audited."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from emsp_adapter.charging import charge_views
from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.charges import ChargeId
from emsp_adapter.driver_api.door import At, DriverRoute, Staff
from emsp_adapter.driver_api.language import Language
from emsp_adapter.driver_api.paging import Pages
from emsp_adapter.network.places import UnknownPlace, parse_key
from emsp_adapter.store import charges as store
from emsp_adapter.store.charges import Charge, Sought
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import PLAIN, Json
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.protocol.errors import ObjectNotFound

router = APIRouter(route_class=DriverRoute, tags=["support"])

_ACTION = "charge look-up"
_DriverId = Annotated[str | None, Query(max_length=36, description="Whose."), PLAIN]
_Location = Annotated[
    str | None, Query(max_length=50, description="Where.", examples=["NL*CPO*LOC1"]), PLAIN
]
_EvseUid = Annotated[str | None, Query(max_length=36, description="At which point."), PLAIN]
_Receipt = Annotated[
    str | None,
    Query(max_length=20, description="On the receipt of this number.", examples=["2026-000012"]),
    PLAIN,
]


@router.get("/support/charges", response_model=answers.SupportChargePage)
async def list_charges_of_drivers(
    office: At,
    staff: Staff,
    language: Language,
    pages: Pages,
    driver_id: _DriverId = None,
    location: _Location = None,
    evse_uid: _EvseUid = None,
    receipt: _Receipt = None,
) -> Json:
    """Charges of a driver, at a place, on a receipt, the newest first."""
    sought = _sought(driver_id, location, evse_uid, receipt)
    before = pages.after(datetime, str)
    given = {"driver": driver_id, "at": location, "evse": evse_uid, "receipt": receipt}
    subject = " ".join(f"{name} {each}" for name, each in given.items() if each is not None)
    async with office.db.hot_transaction() as conn:
        await audit.record(conn, staff.name, action=_ACTION, subject=subject)
        found = await store.listed(conn, sought, before=before, limit=pages.limit)
        documents = await charge_views.documents(conn, office, found, language=language)
    shown = dict(zip((each.id for each in found), documents, strict=True))
    return pages.page(
        "charges",
        found,
        key=lambda each: (each.requested_at, each.id),
        shown=lambda each: shown[each.id] | _for_staff(each),
    )


@router.get("/support/charges/{charge_id}", response_model=answers.SupportCharge)
async def get_charge_of_driver(
    charge_id: ChargeId, office: At, staff: Staff, language: Language
) -> Json:
    """A charge as its driver sees it, with whose it is and which Session of the operator."""
    async with office.db.hot_transaction() as conn:
        found = await store.find(conn, charge_id)
        if found is None:
            raise ObjectNotFound(f"there is no charge {charge_id!r}")
        await audit.record(conn, staff.name, action=_ACTION, subject=found.id)
        document = await charge_views.document(conn, office, found, language=language)
    return Json(document | _for_staff(found))


def _sought(
    driver_id: str | None, location: str | None, evse_uid: str | None, receipt: str | None
) -> Sought:
    """What is asked for; 422 for a question about everybody everywhere."""
    if location is None and evse_uid is not None:
        raise Problem(422, "evse_uid: expected with a location only", field="evse_uid")
    if driver_id is None and location is None and receipt is None:
        raise Problem(422, "driver_id: expected it, a location or a receipt", field="driver_id")
    if location is None:
        return Sought(driver_id=driver_id, receipt=receipt)
    try:
        party, location_id = parse_key(location)
    except UnknownPlace as error:
        raise Problem(422, error.message, field="location") from error
    return Sought(
        driver_id=driver_id,
        party=party.key,
        location_id=location_id,
        evse_uid=evse_uid,
        receipt=receipt,
    )


def _for_staff(charge: Charge) -> dict[str, str | None]:
    return {"driver_id": charge.driver_id, "session_id": charge.session_id}
