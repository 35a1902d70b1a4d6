"""How a driver pays."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import Field, model_validator

from emsp_adapter import payments
from emsp_adapter.contracts import tokens
from emsp_adapter.driver_api import money_answers
from emsp_adapter.driver_api.door import Account, At, DriverRoute
from emsp_adapter.driver_api.idempotency import Once
from emsp_adapter.driver_api.language import Language
from emsp_adapter.driver_api.refusing import refusals
from emsp_adapter.drivers.sentences import said
from emsp_adapter.money import settling
from emsp_adapter.office import Office
from emsp_adapter.payments import methods
from emsp_adapter.payments.providers import note, provider_of
from emsp_adapter.store import payment_methods
from emsp_adapter.store.payment_methods import Method
from ocpi_hub.node.rest.bodies import PLAIN, Given, Json
from ocpi_hub.node.rest.description import example
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=DriverRoute, tags=["payment"])

_Id = Annotated[str, Path(max_length=100), PLAIN]


class GivenMethod(Given, json_schema_extra=example({"setup": "cs_test_a1b2c3"})):
    """The demo's card, or the id of a setup page where a card was given."""

    kind: Literal["demo"] | None = None
    setup: Annotated[str, Field(min_length=1, max_length=255), PLAIN] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> GivenMethod:
        if (self.kind is None) == (self.setup is None):
            raise ValueError('expected {"kind": "demo"} or {"setup": ID}')
        return self


@router.get("/payment-methods", response_model=money_answers.PaymentMethods)
async def list_payment_methods(office: At, driver_id: Account, language: Language) -> Json:
    """The driver's payment methods, the one in use first."""
    provider = provider_of(office)
    found: list[Method] = []
    if provider is not None:
        async with office.db.hot() as conn:
            found = await payment_methods.of_driver(conn, driver_id, provider=provider.name)
    shown = [_shown(office, each, language) for each in found]
    return Json({"payment_methods": shown})


@router.post("/payment-setups", status_code=201, response_model=money_answers.PaymentSetup)
async def open_payment_setup(office: At, driver_id: Account) -> Json:
    """Begins to add a card: the provider's page at `url` takes it, and comes back to the web app
    with the setup's id."""
    with refusals(card="setup"):
        setup = await payments.open_setup(office, driver_id)
    return Json({"setup": setup.id, "url": setup.url}, status_code=201)


@router.post("/payment-methods", status_code=201, response_model=money_answers.PaymentMethod)
async def add_payment_method(
    given: GivenMethod, office: At, driver_id: Account, once: Once, language: Language
) -> Response:
    """Adds a payment method and uses it from now on; what could not be paid is tried again."""

    async def work() -> Response:
        with refusals(card="setup"):
            card = await payments.card_of_setup(office, given.setup, driver_id)
            async with office.db.hot_transaction() as conn:
                method = await payments.keep(conn, office, driver_id, card)
                await settling.retry(conn, office, driver_id)
                await tokens.refresh(conn, office, driver_id)
        office.poke()
        return Json(_shown(office, method, language), status_code=201)

    return await once.answer(driver_id, work)


@router.delete("/payment-methods/{method_id}", status_code=204)
async def remove_payment_method(method_id: _Id, office: At, driver_id: Account) -> Response:
    """Takes a payment method away; the newest of the others is used instead."""
    async with office.db.hot_transaction() as conn:
        removed = await payment_methods.remove(conn, driver_id, method_id, now=office.now())
        if removed is None:
            raise Problem(404, f"there is no payment method {method_id[:40]!r}")
        await tokens.refresh(conn, office, driver_id)
    office.poke()
    await methods.forget(office, removed)
    return Response(status_code=204)


def _shown(office: Office, method: Method, language: str) -> dict[str, Any]:
    return {
        "id": method.id,
        "provider": method.provider,
        "label": said(method.label, language),
        "default": method.is_default,
        "note": note(office, language),
    }
