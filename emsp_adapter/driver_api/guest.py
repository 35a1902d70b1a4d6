"""Charging without an account: the sticker's code names a plug, the start pays for one charge."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, Field, model_validator

from emsp_adapter import payments
from emsp_adapter.charging import charge_views, guests, plug_codes
from emsp_adapter.driver_api import answers
from emsp_adapter.driver_api.charges import Language
from emsp_adapter.driver_api.door import At, DriverRoute, Staff
from emsp_adapter.driver_api.idempotency import Once
from emsp_adapter.driver_api.limits import limits_of
from emsp_adapter.driver_api.refusing import refusals
from emsp_adapter.drivers.accounts import EMAIL_CHARACTERS, email_problem, fold_email
from emsp_adapter.money import prices
from emsp_adapter.money.price_texts import language_of
from emsp_adapter.network import place_cards
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json
from ocpi_hub.node.rest.problems import Problem
from ocpi_hub.node.rest.requests import address_of
from ocpi_hub.node.rest.routes import ExactRoute

_EXAMPLE_KWH = Decimal(20)
# Who knows it is given the access token again.
_KEY_CHARACTERS = 20

Code = Annotated[str, Path(min_length=4, max_length=20, pattern="^[A-Za-z2-7]+$")]


class OpenRoute(ExactRoute):
    """A route for everybody, so often from one address."""

    most_bytes = 16_000

    async def admit(self, request: Request) -> None:
        """Everybody, so often."""
        limits_of(request).guests.admit(address_of(request))


router = APIRouter(route_class=OpenRoute, tags=["guests"])
stickers = APIRouter(route_class=DriverRoute, tags=["support"])


class GivenPayment(Given):
    """The demo's card, or the id of a setup page where a card was given."""

    kind: Literal["demo"] | None = None
    setup: Annotated[str, Field(min_length=1, max_length=255), PLAIN] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> GivenPayment:
        if (self.kind is None) == (self.setup is None):
            raise ValueError('expected {"kind": "demo"} or {"setup": ID}')
        return self


def _mailable(given: str) -> str:
    email = fold_email(given)
    if email_problem(email) is not None:
        raise ValueError("expected an e-mail address, such as name@example.com")
    return email


class GivenStart(Given):
    """Where the receipt goes, and who pays."""

    email: Annotated[str, Field(max_length=EMAIL_CHARACTERS), AfterValidator(_mailable)]
    payment: GivenPayment


@router.get("/guest/{code}", response_model=answers.GuestPlug)
async def show_plug(code: Code, office: At, language: Language = None) -> Json:
    """The plug of a sticker, and what 20 kWh cost there now."""
    async with office.db.hot() as conn:
        plug = await plug_codes.plug_of(conn, code)
        price = await prices.preview(
            conn, office, plug, None, _EXAMPLE_KWH, None, language=language_of(language)
        )
    return Json(
        {
            "location": place_cards.card_of(plug)["location"],
            "evse_uid": plug.evse_uid,
            "connector_id": plug.connector_id,
            "status": plug.status,
            "price": price.document(),
        }
    )


@router.post("/guest/{code}/payment-setups", status_code=201, response_model=answers.PaymentSetup)
async def open_setup(code: Code, office: At, language: Language = None) -> Json:
    """Begins to add a card: the provider's page at `url` takes it, and comes back to the page of
    the sticker with the setup's id."""
    async with office.db.hot() as conn:
        await plug_codes.plug_of(conn, code)
    with refusals(language):
        setup = await payments.open_setup(office, path=f"/g/{code}")
    return Json({"setup": setup.id, "url": setup.url}, status_code=201)


@router.post("/guest/{code}/charges", status_code=201, response_model=answers.GuestCharge)
async def start(
    request: Request,
    code: Code,
    given: GivenStart,
    office: At,
    once: Once,
    language: Language = None,
) -> Response:
    """Starts a charge without an account. `access_token` is good for this charge: to follow it,
    to stop it, to read its receipt. An `Idempotency-Key` is a secret of at least 20 characters."""
    spoken = language_of(language)
    if once.key is not None and len(once.key) < _KEY_CHARACTERS:
        raise Problem(
            422,
            f"Idempotency-Key: expected at least {_KEY_CHARACTERS} characters nobody can guess",
            field="Idempotency-Key",
        )

    async def work() -> Response:
        with refusals(language):
            charge, token = await guests.start(
                office,
                guests.Wish(code=code, email=given.email, setup=given.payment.setup, locale=spoken),
                limits_of(request).mails,
            )
        async with office.db.hot() as conn:
            document = await charge_views.document(conn, office, charge, language=spoken)
        return Json({"charge": document, "access_token": token}, status_code=201)

    return await once.answer(f"guest:{given.email}", work)


@stickers.get("/guest/{code}/qr.svg", response_class=Response)
async def show_sticker(code: Code, office: At, staff: Staff) -> Response:
    """The QR code for a sticker."""
    async with office.db.hot() as conn:
        await plug_codes.plug_of(conn, code)
    url = plug_codes.url_of(office.settings.public_url, code.lower())
    return Response(plug_codes.svg(url), media_type="image/svg+xml")
