"""Reserving an amount on a driver's card while a charge goes on, and giving it back.

The row is committed before the provider is asked, and its key is the charge: a process that dies in
between leaves a hold that the next one finds and gives back.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from emsp_adapter.money.amounts import written
from emsp_adapter.office import Office
from emsp_adapter.payments.port import (
    LONG_AGO,
    NO_CARD,
    Card,
    Order,
    PaymentError,
    PaymentProvider,
    Refused,
)
from emsp_adapter.payments.providers import provider_of
from emsp_adapter.store import holds, payment_methods
from emsp_adapter.store.holds import HoldRow
from emsp_adapter.store.payment_methods import Method
from ocpi_hub.node.engine import Hot

log = logging.getLogger(__name__)

NO_METHOD = "Add a payment method before you charge."
_NO_AMOUNT = "Payments in {currency} are not possible here yet."
_UNANSWERED = "The payment provider gives no clear answer; try again in a minute."
# A hold takes seconds; one that is still asked for after this was left by a process that died.
_LEFT_AFTER = timedelta(minutes=5)
# Card networks keep a hold for about a week: no bill came of it.
_HELD_FOR = timedelta(days=7)
_AGAIN_AFTER = timedelta(minutes=1)
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Hold:
    """What came of asking for a hold: none (not needed) | held | refused, and then `reason`."""

    state: str
    amount: str | None = None
    currency: str | None = None
    reason: str | None = None
    note: str | None = None


def unpayable(office: Office, currency: str) -> str | None:
    """Why nothing can be held in a currency; None: it can, or need not be."""
    if provider_of(office) is None or currency.upper() in office.settings.hold_amounts:
        return None
    log.warning("a start in a currency without a hold amount", extra={"currency": currency})
    return _NO_AMOUNT.format(currency=currency)


async def hold(
    office: Office,
    driver_id: str,
    charge_id: str,
    currency: str,
    *,
    method_id: str | None = None,
) -> Hold:
    """Reserve what the settings name for the currency on the driver's card; once per charge,
    however often it is asked for. A refusal is an answer, not an exception."""
    provider = provider_of(office)
    if provider is None:
        return Hold("none")
    reason = unpayable(office, currency)
    if reason is not None:
        return Hold("refused", reason=reason)
    async with office.db.hot_transaction() as conn:
        method = await chosen(conn, driver_id, provider, method_id)
        if method is None and (provider.needs_card or method_id is not None):
            return Hold("refused", reason=NO_METHOD)
        row = await holds.ask(
            conn,
            charge_id,
            driver_id=driver_id,
            method_id=None if method is None else method.id,
            currency=currency,
            amount=office.settings.hold_amounts[currency.upper()],
            now=office.now(),
        )
    if row.state == "asked":
        row = await _asked(office, provider, row)
    return _said(row, provider)


async def release(office: Office, charge_id: str) -> None:
    """Give back what is held for a charge that comes to nothing; nothing held is fine."""
    async with office.db.hot_transaction() as conn:
        left = await holds.become(
            conn, charge_id, state="releasing", after=("asked", "held"), now=office.now()
        )
        row = await holds.find(conn, charge_id)
    if left and row is not None:
        await _released(office, row)


async def sweep(office: Office) -> None:
    """Give back the holds that a process left behind, and those no bill came for."""
    now = office.now()
    async with office.db.hot() as conn:
        rows = await holds.left_over(
            conn,
            asked_before=now - _LEFT_AFTER,
            held_before=now - _HELD_FOR,
            released_before=now - _AGAIN_AFTER,
            limit=_AT_ONCE,
        )
    for row in rows:
        if row.state == "releasing":
            await _released(office, row)
        else:
            await release(office, row.charge_id)


async def chosen(
    conn: Hot, driver_id: str, provider: PaymentProvider, method_id: str | None = None
) -> Method | None:
    """The card a driver pays with: the one named, else the default."""
    methods = await payment_methods.of_driver(conn, driver_id, provider=provider.name)
    if method_id is not None:
        return next((each for each in methods if each.id == method_id), None)
    return methods[0] if methods else None


async def card_of(office: Office, method_id: str | None) -> Card:
    """The card of a method, as the provider knows it."""
    if method_id is None:
        return NO_CARD
    async with office.db.hot() as conn:
        method = await payment_methods.find(conn, method_id)
    return NO_CARD if method is None else Card(method.customer, method.reference, method.label)


async def _asked(office: Office, provider: PaymentProvider, row: HoldRow) -> HoldRow:
    state, reference, reason = "held", None, None
    try:
        reference = await provider.hold(await _order(office, row))
    except Refused as refused:
        state, reason = "refused", str(refused)
    except PaymentError:
        # It may be there: what is asked for again under the same key can then be given back.
        state, reason = "releasing", _UNANSWERED
    async with office.db.hot_transaction() as conn:
        await holds.become(
            conn,
            row.charge_id,
            state=state,
            after=("asked",),
            now=office.now(),
            reference=reference,
            reason=reason,
        )
        return await holds.find(conn, row.charge_id) or row


async def _released(office: Office, row: HoldRow) -> None:
    """Ask for what is not known, so that it can be given back; what stays unclear is for later."""
    provider = provider_of(office)
    if provider is None:
        return
    state, reference = "released", row.reference
    try:
        if reference is None:
            reference = await provider.hold(await _order(office, row))
        await provider.release(reference)
    except Refused as refused:
        log.info("nothing is held", extra={"charge": row.charge_id, "reason": str(refused)})
    except PaymentError as error:
        log.warning("a hold stays", extra={"charge": row.charge_id, "reason": str(error)})
        # Others are tried before it is tried again.
        state = "releasing"
    async with office.db.hot_transaction() as conn:
        await holds.become(
            conn,
            row.charge_id,
            state=state,
            after=("releasing",),
            now=office.now(),
            reference=reference,
        )


async def _order(office: Office, row: HoldRow) -> Order:
    return Order(
        key=f"hold-{row.charge_id}",
        subject=row.charge_id,
        amount=row.amount,
        currency=row.currency,
        card=await card_of(office, row.method_id),
        text=f"{office.settings.name}: hold for charging",
        repeated=office.now() - row.created_at > LONG_AGO,
    )


def _said(row: HoldRow, provider: PaymentProvider) -> Hold:
    if row.state in ("held", "captured"):
        return Hold("held", written(row.amount, row.currency), row.currency, note=provider.note)
    return Hold("refused", reason=row.reason or _UNANSWERED, note=provider.note)
