"""Drivers' means of payment: added, chosen and taken away."""

from __future__ import annotations

import logging

from emsp_adapter.office import Office
from emsp_adapter.payments.port import Card, PaymentError, PaymentProvider, Refused, Setup
from emsp_adapter.payments.providers import provider_of
from emsp_adapter.store import payment_methods
from emsp_adapter.store.payment_methods import Method
from ocpi_hub.node.engine import Hot

log = logging.getLogger(__name__)

# Who has no account yet adds a card under this name; the page's id is known to nobody else.
GUEST = "guest"


def provider_for_cards(office: Office) -> PaymentProvider:
    """The provider; Refused where there are no payment methods."""
    provider = provider_of(office)
    if provider is None:
        raise Refused("There are no payment methods here; receipts are collected elsewhere.")
    return provider


async def open_setup(office: Office, payer: str = GUEST, *, path: str = "/") -> Setup:
    """Begin to add a card: where the driver gives it to the provider, and then comes back to a
    path of ours with `?setup=ID`."""
    provider = provider_for_cards(office)
    return await provider.open_setup(payer, return_url=f"{office.settings.public_url}{path}")


async def card_of_setup(office: Office, setup: str | None, payer: str = GUEST) -> Card:
    """The card that was given on a page; the demo's, which is none, without one.

    Refused says why there is none. The provider is asked, so this is in no transaction.
    """
    provider = provider_for_cards(office)
    if setup is None and provider.needs_card:
        raise Refused("The page where a card is given was not filled in.")
    return await provider.finish_setup("demo" if setup is None else setup, payer)


async def keep(conn: Hot, office: Office, driver_id: str, card: Card) -> Method:
    """A driver's card, used from now on; Refused when it was added before."""
    provider = provider_for_cards(office)
    method = Method(
        id=office.new_id(),
        driver_id=driver_id,
        provider=provider.name,
        customer=card.customer,
        reference=card.reference,
        label=card.label,
        is_default=True,
    )
    if not await payment_methods.add(conn, method):
        raise Refused("This card was added already.")
    return method


async def has(conn: Hot, office: Office, driver_id: str, method_id: str) -> bool:
    """Whether the driver can pay with the card of that id."""
    provider = provider_of(office)
    if provider is None:
        return False
    cards = await payment_methods.of_driver(conn, driver_id, provider=provider.name)
    return any(each.id == method_id for each in cards)


async def forget(office: Office, method: Method) -> None:
    """Have the provider let go of a card that was removed; what it keeps does no harm."""
    provider = provider_of(office)
    if provider is None or provider.name != method.provider:
        return
    try:
        await provider.forget(Card(method.customer, method.reference, method.label))
    except PaymentError as error:
        log.info("a card stays with its provider", extra={"reason": str(error)})
