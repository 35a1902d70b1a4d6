"""Moving money for bills, exactly once.

A payment is claimed and committed, then the provider is asked under the attempt's key, then the
answer is written. Whoever dies in between leaves a payment that is sent again under the same key.
A clear refusal makes a new attempt with a key of its own, after a pause; no answer makes none.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from emsp_adapter.contracts import tokens
from emsp_adapter.drivers import notifications
from emsp_adapter.money import receipts
from emsp_adapter.money.amounts import written
from emsp_adapter.office import Office
from emsp_adapter.payments import owing
from emsp_adapter.payments.holding import NO_METHOD, card_of
from emsp_adapter.payments.port import (
    LONG_AGO,
    Order,
    PaymentError,
    PaymentProvider,
    Refused,
    TooSmall,
)
from emsp_adapter.payments.providers import provider_of
from emsp_adapter.store import bills, notices, payments
from emsp_adapter.store.bills import Bill
from emsp_adapter.store.payments import Payment
from ocpi_hub.node.engine import Hot

log = logging.getLogger(__name__)

_AT_ONCE = 8
# Longer than any answer may take: nobody else sends it meanwhile.
_CLAIMED_FOR = timedelta(seconds=90)
_AGAIN_AFTER = timedelta(seconds=10)
# How long a driver has between two attempts; after the last only the driver starts another.
_PAUSES = (timedelta(hours=1), timedelta(days=1), timedelta(days=3), timedelta(days=7))


@dataclass(frozen=True, slots=True)
class Settling:
    """Sends what is due."""

    office: Office

    async def step(self) -> None:
        """Send every payment that is due, some at a time."""
        provider = provider_of(self.office)
        if provider is None:
            return
        while due := await self._claimed():
            async with asyncio.TaskGroup() as group:
                for payment in due:
                    group.create_task(self._send(provider, payment))
            if len(due) < _AT_ONCE:
                return

    async def _claimed(self) -> list[Payment]:
        now = self.office.now()
        async with self.office.db.hot_transaction() as conn:
            return await payments.claim(conn, now=now, until=now + _CLAIMED_FOR, limit=_AT_ONCE)

    async def _send(self, provider: PaymentProvider, payment: Payment) -> None:
        try:
            reference = await self._carried_out(provider, payment)
        except TooSmall as small:
            await self._waived(payment, str(small))
        except Refused as refused:
            # What is not held any more can never be captured.
            refuse = self._replaced if payment.kind == "capture" else self._refused
            await refuse(payment, str(refused))
        except PaymentError as unclear:
            await self._unclear(payment, str(unclear))
        else:
            await self._done(payment, reference)

    async def _carried_out(self, provider: PaymentProvider, payment: Payment) -> str:
        if payment.kind == "charge" and payment.method_id is None and provider.needs_card:
            raise Refused(NO_METHOD)
        order = await self._order(payment)
        match payment.kind:
            case "capture":
                return await provider.capture(str(payment.subject), order)
            case "refund":
                return await provider.refund(str(payment.subject), order)
            case _:
                return await provider.charge(order)

    async def _order(self, payment: Payment) -> Order:
        async with self.office.db.hot() as conn:
            bill = await bills.find(conn, payment.bill_id)
        sent = payment.sent_at or self.office.now()
        return Order(
            key=payment.key,
            subject=payment.bill_id,
            amount=payment.amount,
            currency=payment.currency,
            card=await card_of(self.office, payment.method_id),
            text=f"{self.office.settings.name} {'' if bill is None else bill.number}".strip(),
            repeated=self.office.now() - sent > LONG_AGO,
        )

    async def _done(self, payment: Payment, reference: str) -> None:
        async with self.office.db.hot_transaction() as conn:
            bill = await _locked(conn, payment)
            now = self.office.now()
            if not await payments.succeed(conn, payment, reference=reference, now=now):
                return
            await self._settled(conn, bill)
        self.office.poke()

    async def _waived(self, payment: Payment, reason: str) -> None:
        """What the provider does not move is let go; asking again would change nothing."""
        log.warning("a payment is waived", extra={"bill": payment.bill_id, "reason": reason})
        async with self.office.db.hot_transaction() as conn:
            bill = await _locked(conn, payment)
            if await payments.drop(conn, payment, reason=reason, now=self.office.now()):
                await self._settled(conn, bill)
        self.office.poke()

    async def _settled(self, conn: Hot, bill: Bill) -> None:
        """What follows once everything of a bill is paid, or given back."""
        left = await payments.of_bill(conn, bill.id)
        if any(each.state in ("due", "refused") for each in left):
            return
        if bill.corrects is not None:
            await bills.become(conn, bill.id, "refunded")
            await bills.become(conn, bill.corrects, "refunded")
        else:
            await bills.become(conn, bill.id, "paid")
            await receipts.announce(conn, self.office, bill)
        if bill.state == "failed":
            await tokens.refresh(conn, self.office, bill.driver_id)
        await notices.tell(conn, bill.driver_id)

    async def _refused(self, payment: Payment, reason: str) -> None:
        """The driver hears of it, and has no credit until the bill is paid."""
        now = self.office.now()
        async with self.office.db.hot_transaction() as conn:
            bill = await _locked(conn, payment)
            again = _again(payment, now)
            if not await payments.fail(conn, payment, reason=reason, again=again, now=now):
                return
            if bill.kind == "credit":
                log.error("a refund was refused", extra={"bill": bill.number, "reason": reason})
                return
            await bills.become(conn, bill.id, "failed")
            await self._told(conn, bill, reason, attempt=payment.attempt)
            await tokens.refresh(conn, self.office, bill.driver_id)
            await notices.tell(conn, bill.driver_id)
        self.office.poke()

    async def _told(self, conn: Hot, bill: Bill, reason: str, *, attempt: int) -> None:
        await notifications.note(
            conn,
            bill.driver_id,
            "payment_failed",
            subject_id=f"{bill.id}-{attempt}",
            facts={
                "receipt_number": bill.number,
                "gross": written(bill.gross, bill.currency),
                "currency": bill.currency,
                "reason": reason,
            },
            now=self.office.now(),
        )

    async def _replaced(self, payment: Payment, reason: str) -> None:
        """A hold that expired, or cannot be captured: the same amount is charged instead."""
        async with self.office.db.hot_transaction() as conn:
            bill = await _locked(conn, payment)
            if await payments.drop(conn, payment, reason=reason, now=self.office.now()):
                await owing.instead(conn, self.office, bill, payment)

    async def _unclear(self, payment: Payment, reason: str) -> None:
        now = self.office.now()
        log.warning(
            "a payment waits for an answer", extra={"bill": payment.bill_id, "reason": reason}
        )
        async with self.office.db.hot() as conn:
            await payments.wait(conn, payment, reason=reason, again=now + _AGAIN_AFTER, now=now)


async def retry(conn: Hot, office: Office, driver_id: str, *, bill_id: str | None = None) -> int:
    """Ask again for what was refused, of one bill or all, with the card the driver has now."""
    provider = provider_of(office)
    if provider is None:
        return 0
    method = await owing.default_of(conn, office, driver_id)
    open_ones = await bills.failed(conn, driver_id)
    wanted = [each for each in open_ones if bill_id is None or each == bill_id]
    return await payments.again(conn, wanted, method_id=method, now=office.now())


async def _locked(conn: Hot, payment: Payment) -> Bill:
    """The bill of a payment; it is locked before the payment, everywhere."""
    bill = await bills.find(conn, payment.bill_id, locked=True)
    if bill is None:
        raise LookupError(f"the bill {payment.bill_id} is not there")
    return bill


def _again(payment: Payment, now: datetime) -> datetime | None:
    done = payment.attempt - 1
    return now + _PAUSES[done] if done < len(_PAUSES) else None
