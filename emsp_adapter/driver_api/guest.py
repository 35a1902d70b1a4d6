"""Charging without an account: the sticker's code names a plug, the start pays for one charge."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, Field

from emsp_adapter import payments
from emsp_adapter.charging import charge_views, guests, plug_codes
from emsp_adapter.driver_api import answers, money_answers
from emsp_adapter.driver_api.door import At, DriverRoute, Staff
from emsp_adapter.driver_api.idempotency import Once
from emsp_adapter.driver_api.language import Language
from emsp_adapter.driver_api.limits import limits_of
from emsp_adapter.driver_api.payment_methods import GivenMethod
from emsp_adapter.driver_api.prices import Energy, Minutes
from emsp_adapter.driver_api.refusing import refusals
from emsp_adapter.drivers.accounts import EMAIL_CHARACTERS, mailable
from emsp_adapter.money import prices
from emsp_adapter.network import details, place_cards
from emsp_adapter.network.audience import is_connected
from emsp_adapter.network.places import Plug
from emsp_adapter.network.summaries import age_s
from emsp_adapter.office import Office
from ocpi_hub.node.rest.bodies import Given, Json
from ocpi_hub.node.rest.description import example
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.node.rest.requests import address_of
from ocpi_hub.node.rest.routes import ExactRoute

_SHOWN_OF_CONNECTOR = ("standard", "format", "power_type", "max_kw")
# Who knows it is given the access token again.
_KEY_CHARACTERS = 20

Code = Annotated[str, Path(min_length=4, max_length=20, pattern="^[A-Za-z2-7]+$")]


class OpenRoute(ExactRoute):
    """A route for everybody, so often from one address."""

    most_bytes = 16_000

    async def admit(self, request: Request) -> None:
        """Everybody, so often."""
        limits_of(request).guests.admit(address_of(request))


class Svg(Response):
    """A drawing."""

    media_type = "image/svg+xml"


router = APIRouter(route_class=OpenRoute, tags=["guests"])
stickers = APIRouter(route_class=DriverRoute, tags=["support"])


class GivenGuestCharge(
    Given,
    json_schema_extra=example(
        {"email": "ada@drivers.example", "payment": {"setup": "cs_test_a1b2c3"}}
    ),
):
    """Where the receipt goes, and who pays."""

    email: Annotated[str, Field(max_length=EMAIL_CHARACTERS), AfterValidator(mailable)]
    payment: GivenMethod


@router.get("/guest/{code}", response_model=answers.GuestPlug)
async def get_plug_of_sticker(
    code: Code,
    office: At,
    language: Language,
    energy_kwh: Energy = Decimal(20),
    minutes: Minutes = None,
) -> Json:
    """The plug of a sticker, and what a charge that begins there now costs."""
    async with office.db.hot() as conn:
        plug = await plug_codes.plug_of(conn, code)
        price = await prices.preview(
            conn, office, plug, None, energy_kwh, minutes, language=language
        )
    # Who has no account has chosen no plan.
    shown = replace(price, plan=None).document()
    return Json({**_described(plug), **_status(office, plug, language), "price": shown})


@router.post(
    "/guest/{code}/payment-setups", status_code=201, response_model=money_answers.PaymentSetup
)
async def open_guest_payment_setup(code: Code, office: At) -> Json:
    """Begins to add a card: the provider's page at `url` takes it, and comes back to the page of
    the sticker with the setup's id."""
    async with office.db.hot() as conn:
        await plug_codes.plug_of(conn, code)
    with refusals():
        setup = await payments.open_setup(office, path=f"/g/{code}")
    return Json({"setup": setup.id, "url": setup.url}, status_code=201)


@router.post("/guest/{code}/charges", status_code=201, response_model=answers.GuestCharge)
async def start_guest_charge(
    request: Request,
    code: Code,
    given: GivenGuestCharge,
    office: At,
    once: Once,
    language: Language,
) -> Response:
    """Starts a charge without an account. `access_token` is good for this charge: to follow it,
    to stop it, to read its receipt. An `Idempotency-Key` is a secret of at least 20 characters."""
    if once.key is not None and len(once.key) < _KEY_CHARACTERS:
        raise Problem(
            422,
            f"Idempotency-Key: expected at least {_KEY_CHARACTERS} characters nobody can guess",
            field="Idempotency-Key",
        )

    async def work() -> Response:
        with refusals():
            charge, token = await guests.start(
                office,
                guests.Wish(
                    code=code, email=given.email, setup=given.payment.setup, locale=language
                ),
                limits_of(request).mails,
            )
        async with office.db.hot() as conn:
            document = await charge_views.document(conn, office, charge, language=language)
        return Json({"charge": document, "access_token": token}, status_code=201)

    return await once.answer(f"guest:{given.email}", work)


@stickers.get("/guest/{code}/qr.svg", response_class=Svg)
async def get_sticker(code: Code, office: At, staff: Staff) -> Svg:
    """The QR code for a sticker."""
    async with office.db.hot() as conn:
        await plug_codes.plug_of(conn, code)
    url = plug_codes.url_of(office.settings.public_url, code.lower())
    return Svg(plug_codes.svg(url))


def _described(plug: Plug) -> dict[str, Any]:
    """The plug as whoever stands before it recognises it."""
    connector = details.connector(plug.connector)
    return {
        **place_cards.card_of(plug),
        "evse_uid": plug.evse_uid,
        "evse_id": plug.evse.get("evse_id"),
        "floor_level": plug.evse.get("floor_level"),
        "connector_id": plug.connector_id,
        **{name: connector[name] for name in _SHOWN_OF_CONNECTOR},
    }


def _status(office: Office, plug: Plug, language: str) -> dict[str, Any]:
    """The plug's status, and how far it can be relied on."""
    age = age_s(plug.status_at, office.now())
    connected = is_connected(office.side.peers, plug.party)
    return {
        "status": plug.status,
        "status_age_s": age,
        "status_note": details.status_note(
            plug.status, timedelta(seconds=age), connected=connected, language=language
        ),
    }
