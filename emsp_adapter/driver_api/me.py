"""The driver's own account: seen, changed, taken along, closed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field

from emsp_adapter.driver_api import examples
from emsp_adapter.driver_api.answers import Me
from emsp_adapter.driver_api.door import Account, At, DriverRoute
from emsp_adapter.driver_api.limits import limits_of
from emsp_adapter.drivers import accounts
from emsp_adapter.drivers.accounts import EMAIL_CHARACTERS, UnderWay, mailable
from emsp_adapter.identity import addresses
from emsp_adapter.identity.limits import NAME_CHARACTERS
from emsp_adapter.identity.words import LOCALES
from emsp_adapter.money import credit
from emsp_adapter.office import Office
from emsp_adapter.store import drivers, mail_tokens, plans
from emsp_adapter.store.drivers import Driver
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json
from ocpi_hub.node.rest.description import example
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.protocol.types import format_datetime

router = APIRouter(route_class=DriverRoute, tags=["account"])


_EXPORT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"example": examples.EXPORT}}}
}


def _locale(text: str) -> str:
    if text not in LOCALES:
        raise ValueError(f"expected one of {', '.join(LOCALES)}")
    return text


class GivenProfile(Given, json_schema_extra=example({"name": "Ada", "locale": "de"})):
    """What the driver says of itself; what is left out stays, a name that is null goes. Another
    e-mail address has to be confirmed by the link that is mailed to it."""

    email: Annotated[str, Field(max_length=EMAIL_CHARACTERS), AfterValidator(mailable)] = ""
    name: Annotated[str, Field(max_length=NAME_CHARACTERS), PLAIN] | None = None
    locale: Annotated[str, AfterValidator(_locale)] = "en"


@router.get("/me", response_model=Me)
async def get_account(office: At, driver_id: Account) -> Response:
    """The driver's profile."""
    async with office.db.hot() as conn:
        return Json(await _shown(conn, office, await _found(conn, driver_id)))


@router.patch("/me", response_model=Me)
async def change_account(
    given: GivenProfile, request: Request, office: At, driver_id: Account
) -> Response:
    """Changes name or language, and asks for another e-mail address."""
    said = given.model_fields_set
    async with office.db.hot_transaction() as conn:
        before = await _found(conn, driver_id, lock=True)
        if "email" in said:
            _admit(request, driver_id, given.email)
            await addresses.ask(conn, office, before, given.email)
        await drivers.set_profile(
            conn,
            driver_id,
            name=given.name if "name" in said else before.name,
            locale=given.locale if "locale" in said else before.locale,
        )
        return Json(await _shown(conn, office, await _found(conn, driver_id)))


@router.delete("/me", status_code=204)
async def close_account(office: At, driver_id: Account) -> Response:
    """Closes the account for good; receipts are kept as the law wants, without the account."""
    try:
        async with office.db.hot_transaction() as conn:
            await accounts.delete(conn, office, driver_id)
    except UnderWay as error:
        raise Problem(
            409, "a charge or a reservation is under way or planned: end or cancel it first"
        ) from error
    office.poke()
    return Response(status_code=204)


@router.get("/me/export", responses=_EXPORT)
async def export_account(office: At, driver_id: Account) -> Response:
    """Everything that is known of the driver, as one document."""
    async with office.db.hot_transaction() as conn:
        document = await accounts.export(conn, office, driver_id)
    return Json(document, headers={"Content-Disposition": 'attachment; filename="my-data.json"'})


def _admit(request: Request, driver_id: str, email: str) -> None:
    """So often by a driver, and so often for an address, which is mailed each time."""
    limits = limits_of(request)
    limits.addresses.admit(driver_id)
    limits.addresses.admit(email)


async def _found(conn: Hot, driver_id: str, *, lock: bool = False) -> Driver:
    found = await drivers.find(conn, driver_id, lock=lock)
    if found is None or found.status == drivers.DELETED:
        raise Problem(
            401,
            "the account was closed",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return found


async def _shown(conn: Hot, office: Office, driver: Driver) -> dict[str, Any]:
    plan = await plans.of_driver(conn, driver.id, at=office.now())
    return {
        "id": driver.id,
        "email": driver.email,
        "pending_email": await mail_tokens.pending_email(conn, driver.id, now=office.now()),
        "name": driver.name,
        "locale": driver.locale,
        "plan": plan.id,
        "payment_ready": await credit.payment_ready(conn, office, driver.id),
        "created_at": format_datetime(driver.created_at),
    }
