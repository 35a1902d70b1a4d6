"""Bills: one for each accepted CDR and each month of a plan with a fee, once.

A bill, its number and the payments it asks for are one transaction with the mark on the CDR: there
is no payment without a bill, no bill of a charge without a CDR, and none of the same CDR twice.
What then moves money is in settling.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from emsp_adapter.contracts import tokens
from emsp_adapter.money import plans, receipts
from emsp_adapter.money.driver_price import DriverPrice, of_charges, of_claim
from emsp_adapter.money.price_texts import language_of, text
from emsp_adapter.money.prices import driver_price
from emsp_adapter.money.settling import Settling
from emsp_adapter.money.terms import Terms
from emsp_adapter.office import Office
from emsp_adapter.payments import holding, owing
from emsp_adapter.store import bills, cdrs, charges, drivers, notices, payments
from emsp_adapter.store import plans as plan_store
from emsp_adapter.store.bills import Bill
from emsp_adapter.store.cdrs import CdrRow
from emsp_adapter.store.plans import Plan
from ocpi_hub.node.engine import UNAVAILABLE, Hot
from ocpi_hub.node.steady import steadily
from ocpi_hub.pricing import Circumstances, Verdict, reservation_outcome
from ocpi_hub.protocol.errors import InvalidParameters

log = logging.getLogger(__name__)

_PAUSE = 1.0
_AT_ONCE = 50
_NOW_AND_THEN = timedelta(minutes=1)
# What waits for something is soon looked at again; what failed, later, and not for ever.
_WAITS_FOR = timedelta(seconds=10)
_FAILED_FOR = timedelta(minutes=5)
_TRIED_FOR = timedelta(days=1)
_NOT_BILLED = "it could not be billed; the log says why"
# Any other claim may be less than the exact price.
_RIGHT = frozenset({Verdict.MATCH, Verdict.ROUNDING})


class NotNow(Exception):
    """It has a bill already, or has to wait for what is under way; the transaction is undone."""


@dataclass(slots=True)
class Billing:
    """Makes bills of what came, and sees to their payment."""

    office: Office
    settling: Settling = field(init=False)
    _looked: datetime | None = None

    def __post_init__(self) -> None:
        self.settling = Settling(self.office)

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("billing", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """Bill what is not billed, ask for what is due, and now and then look after the rest."""
        await bill_cdrs(self.office)
        await self.settling.step()
        now = self.office.now()
        if self._looked is None or now - self._looked >= _NOW_AND_THEN:
            self._looked = now
            await bill_fees(self.office)
            await holding.sweep(self.office)


async def bill_cdrs(office: Office) -> None:
    """A bill for every accepted CDR that has none; one that cannot be billed holds up no other."""
    async with office.db.hot_transaction() as conn:
        waiting = await cdrs.unbilled(conn, _AT_ONCE, now=office.now())
        for row in waiting:
            try:
                async with conn.transaction():
                    await _bill(conn, office, row)
            except NotNow as reason:
                log.info("a CDR waits", extra={"cdr": row.id, "reason": str(reason)})
                await cdrs.bill_later(conn, row.id, due_at=office.now() + _WAITS_FOR)
            except UNAVAILABLE:
                raise
            except Exception:
                log.exception("a CDR could not be billed", extra={"cdr": row.id})
                await _failed(conn, office, row)
    if waiting:
        office.poke()


async def bill_fees(office: Office) -> None:
    """A bill for every plan's fee of this month, in full, of drivers who have none of it yet."""
    now = office.now()
    month = f"{now:%Y-%m}"
    while True:
        async with office.db.hot() as conn:
            due = await plan_store.fees_due(conn, at=now, month=month, limit=_AT_ONCE)
        billed = [await _fee_or_not(office, driver_id, plan, month) for driver_id, plan in due]
        if len(due) < _AT_ONCE or not any(billed):
            return


async def _fee_or_not(office: Office, driver_id: str, plan: Plan, month: str) -> bool:
    """Whether it was billed; a fee that cannot be holds up no other driver's."""
    about = {"driver": driver_id, "month": month}
    try:
        async with office.db.hot_transaction() as conn:
            await _fee(conn, office, driver_id, plan, month)
    except NotNow:
        log.info("a month is billed already", extra=about)
        return False
    except UNAVAILABLE:
        raise
    except Exception:
        log.exception("a month could not be billed", extra=about)
        return False
    return True


def priced(row: CdrRow, terms: Terms, *, language: str) -> DriverPrice:
    """What the driver pays for a CDR: its exact price by the tariffs it was cleared with.

    What it states instead, where that is less, or where the price cannot be read and staff accepted
    the CDR nevertheless.
    """
    explanation: Mapping[str, Any] = (row.clearing or {}).get("explanation") or {}
    zone = (explanation.get("time_zone") or {}).get("name")
    outcome = (explanation.get("price") or {}).get("reservation_outcome")
    known = Circumstances(
        time_zone=zone,
        reservation_outcome=None if outcome is None else reservation_outcome(outcome),
    )
    try:
        price = driver_price(
            row.document,
            row.tariffs,
            time_zone=zone,
            terms=terms,
            circumstances=known,
            language=language,
        )
    except InvalidParameters:
        return _claimed(row, terms, language)
    if row.verdict in _RIGHT or price.total is None:
        return price
    claimed = _claimed(row, terms, language, instead_of=price)
    less = claimed.total is not None and claimed.total.gross < price.total.gross
    return claimed if less else price


def _claimed(
    row: CdrRow, terms: Terms, language: str, *, instead_of: DriverPrice | None = None
) -> DriverPrice:
    energy = Decimal(row.document.get("total_energy") or 0)
    cost, currency = row.document["total_cost"], row.document["currency"]
    return of_claim(cost, currency, terms, energy=energy, language=language, instead_of=instead_of)


async def _failed(conn: Hot, office: Office, row: CdrRow) -> None:
    """It is tried again later; what cannot be billed for long is for staff."""
    now = office.now()
    since = row.decided_at or row.cleared_at or row.received_at
    if row.bill_due_at is None or now - since < _TRIED_FOR:
        await cdrs.bill_later(conn, row.id, due_at=now + _FAILED_FOR)
        return
    await cdrs.dispute(conn, row.id, reason=_NOT_BILLED)
    if row.charge_id is not None:
        await charges.change(conn, row.charge_id, disputed=True)
    await notices.tell(conn, row.driver_id)


async def _bill(conn: Hot, office: Office, row: CdrRow) -> None:
    if row.is_credit:
        await _credit(conn, office, row)
    else:
        await _charge(conn, office, row)


async def _charge(conn: Hot, office: Office, row: CdrRow) -> None:
    language = await _language(conn, row.driver_id)
    begun = row.started_at or row.received_at
    terms = await plans.holding(conn, office, row.driver_id, begun)
    # A long CDR takes a while, and nobody else waits for it.
    price = await asyncio.to_thread(priced, row, terms, language=language)
    charge = None if row.charge_id is None else await charges.find(conn, row.charge_id)
    bill = await _issue(
        conn,
        office,
        row.driver_id,
        kind="charge",
        price=price,
        language=language,
        about=receipts.about_cdr(row, charge),
        cdr_row=row.id,
        charge_id=row.charge_id,
    )
    await cdrs.mark_billed(conn, row.id, bill.id)


async def _fee(conn: Hot, office: Office, driver_id: str, plan: Plan, month: str) -> None:
    language = await _language(conn, driver_id)
    terms = plans.terms_of(plan, office.settings.vat_rate)
    said = text("plan", language, plan=plan.name, month=month)
    charge = plans.month_charge(plan, terms.vat_rate, said=said)
    price = of_charges(plan.currency, [charge], terms, language=language)
    about = {"month": month}
    await _issue(
        conn,
        office,
        driver_id,
        kind="plan",
        price=price,
        language=language,
        about=about,
        month=month,
    )


async def _issue(
    conn: Hot,
    office: Office,
    driver_id: str,
    *,
    kind: str,
    price: DriverPrice,
    language: str,
    about: Mapping[str, Any],
    cdr_row: str | None = None,
    charge_id: str | None = None,
    month: str | None = None,
) -> Bill:
    """A bill with the next number, and the payments it asks for."""
    if price.total is None:
        raise NotNow("there is no price")
    now = office.now()
    number = await bills.next_number(conn, now.year)
    bill = Bill(
        id=office.new_id(),
        number=receipts.number(now.year, number),
        kind=kind,
        driver_id=driver_id,
        currency=price.currency,
        net=price.total.net,
        vat=price.total.vat,
        gross=price.total.gross,
        document=receipts.document(office, price, about, language=language),
        state=_first_state(office, price.total.gross),
        issued_at=now,
        cdr_row=cdr_row,
        charge_id=charge_id,
        month=month,
    )
    if not await bills.add(conn, bill):
        raise NotNow("it has a bill")
    await owing.ask_for(conn, office, bill)
    if bill.state != "open":
        await receipts.announce(conn, office, bill)
    await notices.tell(conn, driver_id)
    return bill


def _first_state(office: Office, gross: Decimal) -> str:
    if gross <= 0:
        return "paid"
    return "elsewhere" if office.settings.payment == "none" else "open"


async def _credit(conn: Hot, office: Office, row: CdrRow) -> None:
    """A credit of the whole bill that the CDR takes back, and a refund of what was paid of it."""
    reference = str(row.document["credit_reference_id"])
    taken_back = await cdrs.find(conn, row.party, reference)
    if taken_back is None or taken_back.bill_id is None:
        raise NotNow("the CDR it takes back has no bill")
    original = await bills.find(conn, taken_back.bill_id, locked=True)
    if original is None:
        raise NotNow("the CDR it takes back has no bill")
    paid = await payments.of_bill(conn, original.id, locked=True)
    if any(each.in_flight for each in paid):
        raise NotNow("the payment of what it takes back is under way")
    now = office.now()
    number = await bills.next_number(conn, now.year)
    credit = Bill(
        id=office.new_id(),
        number=receipts.number(now.year, number),
        kind="credit",
        driver_id=original.driver_id,
        currency=original.currency,
        net=-original.net,
        vat=-original.vat,
        gross=-original.gross,
        document=receipts.reversed_(original),
        state="open",
        issued_at=now,
        cdr_row=row.id,
        charge_id=original.charge_id,
        corrects=original.id,
    )
    if not await bills.add(conn, credit):
        raise NotNow("it has a bill")
    if not await owing.give_back(conn, office, credit, paid):
        await bills.become(conn, credit.id, "refunded")
        await bills.become(conn, original.id, "refunded")
    if original.state == "failed":
        await tokens.refresh(conn, office, original.driver_id)
    await receipts.announce(conn, office, credit)
    await cdrs.mark_billed(conn, row.id, credit.id)
    await notices.tell(conn, original.driver_id)


async def _language(conn: Hot, driver_id: str) -> str:
    driver = await drivers.find(conn, driver_id)
    return language_of(None if driver is None else driver.locale)
