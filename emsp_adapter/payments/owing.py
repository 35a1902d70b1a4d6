"""Which payments a bill asks for, written in the transaction that makes the bill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from emsp_adapter.office import Office
from emsp_adapter.payments.holding import chosen
from emsp_adapter.payments.providers import provider_of
from emsp_adapter.store import holds, payments
from emsp_adapter.store.bills import Bill
from emsp_adapter.store.holds import HoldRow
from emsp_adapter.store.payments import Payment
from ocpi_hub.node.engine import Hot

_CREDITED = "the bill was taken back"


async def ask_for(conn: Hot, office: Office, bill: Bill) -> None:
    """What is held is captured up to the bill; what the bill is over that is charged beside it."""
    hold = await _hold_for(conn, office, bill)
    if bill.state != "open":
        return
    method_id = None if hold is None else hold.method_id
    if hold is None:
        method_id = await default_of(conn, office, bill.driver_id)
    for payment in _split(office, bill, hold, method_id):
        await payments.add(conn, payment)


async def give_back(conn: Hot, office: Office, credit: Bill, paid: Sequence[Payment]) -> bool:
    """A refund for each payment that was made, an end to each that was not; whether there is one.

    None of them is in flight: the caller has looked, and holds the locks.
    """
    now = office.now()
    refunded = False
    for each in paid:
        if each.state == "done":
            refund = replace(
                _due(office, credit, "refund", each.amount, each.method_id),
                subject=each.reference,
            )
            await payments.add(conn, refund)
            refunded = True
        elif await payments.drop(conn, each, reason=_CREDITED, now=now) and each.kind == "capture":
            # The hold was set aside for the capture that is not wanted any more.
            await _let_go(conn, office, str(credit.charge_id))
    return refunded


async def instead(conn: Hot, office: Office, bill: Bill, capture: Payment) -> None:
    """A charge in place of a capture whose hold is gone."""
    await payments.add(conn, _due(office, bill, "charge", capture.amount, capture.method_id))


async def _hold_for(conn: Hot, office: Office, bill: Bill) -> HoldRow | None:
    """The hold of the bill's charge, set aside for it; given back when nothing is due."""
    if bill.charge_id is None:
        return None
    hold = await holds.find(conn, bill.charge_id)
    if hold is None:
        return None
    wanted = bill.state == "open" and hold.currency == bill.currency
    state = "captured" if wanted else "releasing"
    taken = await holds.become(conn, bill.charge_id, state=state, after=("held",), now=office.now())
    return hold if taken and wanted else None


async def _let_go(conn: Hot, office: Office, charge_id: str) -> None:
    await holds.become(conn, charge_id, state="releasing", after=("captured",), now=office.now())


async def default_of(conn: Hot, office: Office, driver_id: str) -> str | None:
    """The card a driver pays with now."""
    provider = provider_of(office)
    method = None if provider is None else await chosen(conn, driver_id, provider)
    return None if method is None else method.id


def _split(
    office: Office, bill: Bill, hold: HoldRow | None, method_id: str | None
) -> Iterator[Payment]:
    left = bill.gross
    if hold is not None:
        captured = min(hold.amount, left)
        left -= captured
        capture = _due(office, bill, "capture", captured, method_id)
        yield replace(capture, subject=hold.reference)
    if left:
        yield _due(office, bill, "charge", left, method_id)


def _due(office: Office, bill: Bill, kind: str, amount: Decimal, method_id: str | None) -> Payment:
    return Payment(
        id=office.new_id(),
        bill_id=bill.id,
        kind=kind,
        currency=bill.currency,
        amount=amount,
        due_at=office.now(),
        method_id=method_id,
    )
