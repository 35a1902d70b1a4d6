"""What drivers are told of what happened: noted in the transaction in which it happens, and turned
into an e-mail and a call of the driver's webhook as the driver wants it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from emsp_adapter.drivers import mail
from emsp_adapter.drivers.mail import BadAddress, Enclosure
from emsp_adapter.drivers.notification_texts import language_of, written
from emsp_adapter.drivers.sentences import said
from emsp_adapter.office import Office
from emsp_adapter.store import notifications as rows
from emsp_adapter.store import outbox
from emsp_adapter.store.notifications import Untold
from emsp_adapter.store.outbox import Channel
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.steady import steadily

log = logging.getLogger(__name__)

_AT_ONCE = 100
_PAUSE = 0.5


class Notification(StrEnum):
    """What a driver can be told."""

    CHARGE_STARTED = "charge_started"
    CHARGE_FINISHED = "charge_finished"
    CHARGE_FAILED = "charge_failed"
    RECEIPT_READY = "receipt_ready"
    SCHEDULED_START_MISSED = "scheduled_start_missed"
    RESERVATION_EXPIRED = "reservation_expired"
    PAYMENT_FAILED = "payment_failed"
    PROBLEM_ANSWERED = "problem_answered"
    BILL_DISPUTED = "bill_disputed"
    CARD_SUSPECTED = "card_suspected"


# Who stands at the station sees that charging has begun.
_NOT_BY_EMAIL = frozenset({Notification.CHARGE_STARTED})


def by_email(kind: Notification, wishes: Mapping[str, bool]) -> bool:
    """Whether a driver with these wishes hears of it by e-mail."""
    return wishes.get(kind.value, kind not in _NOT_BY_EMAIL)


async def note(
    conn: Hot,
    driver_id: str,
    kind: str,
    *,
    subject_id: str,
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    """Has a driver told that something happened, once for each subject.

    `facts` are what `notification_texts` has a line for; money and numbers are texts. The webhook
    gets all of them.
    """
    await rows.add(conn, driver_id, Notification(kind), subject_id=subject_id, facts=facts, now=now)


@dataclass(frozen=True, slots=True)
class Notifier:
    """Puts into the outbox what drivers are to be told; `receipt` is what a mail about one
    encloses, by the bill's id."""

    office: Office
    receipt: Callable[[Hot, str], Awaitable[Enclosure | None]]

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("notifications", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """All that waits."""
        while await self._some() == _AT_ONCE:
            pass

    async def _some(self) -> int:
        async with self.office.db.hot_transaction() as conn:
            found = await rows.untold(conn, limit=_AT_ONCE)
            for each in found:
                await self._tell(conn, each)
                await rows.told(conn, each.id, now=self.office.now())
        return len(found)

    async def _tell(self, conn: Hot, each: Untold) -> None:
        if each.email is not None and by_email(Notification(each.kind), each.wishes):
            await self._by_email(conn, each, each.email)
        if each.webhook_url is not None and each.webhook_secret is not None:
            await outbox.add(
                conn,
                Channel.WEBHOOK,
                address=each.webhook_url,
                document=_event(each),
                secret=each.webhook_secret,
                driver_id=each.driver_id,
                now=self.office.now(),
            )

    async def _by_email(self, conn: Hot, each: Untold, address: str) -> None:
        settings = self.office.settings
        subject, text = written(
            each.kind,
            each.facts,
            locale=each.locale,
            name=settings.name,
            url=None if each.guest else f"{settings.public_url}/",
        )
        about_receipt = each.kind == Notification.RECEIPT_READY
        enclosure = await self.receipt(conn, each.subject_id) if about_receipt else None
        now = self.office.now()
        try:
            await mail.queue(
                conn, to=address, subject=subject, text=text, now=now, enclosure=enclosure
            )
        except BadAddress:
            log.warning("a driver's address takes no mail", extra={"driver": each.driver_id})


def _event(each: Untold) -> dict[str, Any]:
    reason = each.facts.get("reason")
    said_so = {} if reason is None else {"reason": said(reason, language_of(each.locale))}
    return {
        "type": each.kind,
        "timestamp": each.at.isoformat().replace("+00:00", "Z"),
        "data": {"subject_id": each.subject_id, **each.facts, **said_so},
    }
