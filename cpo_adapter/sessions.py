"""Sessions: what a transaction costs so far, and what its eMSP is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cpo_adapter.billing import Bill, bill
from cpo_adapter.course import Course, Measured, Phase, course_of, reservation_course
from cpo_adapter.periods import Terms
from cpo_adapter.rules import Rules
from cpo_adapter.session_documents import session_document
from cpo_adapter.store import readings as reading_store
from cpo_adapter.store import sessions as store
from cpo_adapter.store import transaction_lists
from cpo_adapter.store import transactions as transaction_store
from cpo_adapter.store.readings import Reading
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.peering.store import published
from ocpi_hub.pricing import ReservationOutcome, compile_tariff
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.sessions import SessionStatus

_FINAL = frozenset({SessionStatus.COMPLETED, SessionStatus.INVALID})
_OUTCOMES = {
    "expired": ReservationOutcome.EXPIRED,
    "cancelled": ReservationOutcome.CANCELLED,
    "faulted": ReservationOutcome.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Account:
    """A transaction's course, its bill, and the readings that both come from."""

    course: Course
    bill: Bill
    readings: list[Reading]
    used: bool


async def account(conn: Hot, transaction: Transaction, *, rules: Rules, now: datetime) -> Account:
    """What a transaction costs, as far as it has come."""
    readings = await reading_store.of(conn, transaction.id)
    reserved = await store.reservation_of(conn, transaction)
    outcome = ReservationOutcome.USED
    if transaction.started_at is None:
        begin = transaction.last_updated if reserved is None else reserved.started_at
        until = reserved.ended_at if reserved is not None else None
        course = reservation_course(begin, until or transaction.stopped_at or now)
        outcome = _OUTCOMES.get("" if reserved is None else reserved.state, outcome)
    else:
        course = course_of(
            _measured(transaction, readings),
            [(each.at, Phase(each.phase)) for each in readings if each.phase is not None],
            span=(transaction.started_at, _until(transaction)),
            total=max(transaction.energy or Decimal(0), Decimal(0)),
            reserved_from=None if reserved is None else reserved.started_at,
        )
    priced = bill(course, terms(transaction), currency=rules.currency, outcome=outcome)
    return Account(course, priced, readings, transaction.started_at is not None)


def terms(transaction: Transaction) -> Terms:
    """What a transaction is billed by, as it was when it began."""
    place = transaction.place or {}
    tariff = next((compile_tariff(each) for each in transaction.tariffs), None)
    volts = place.get("volts")
    return Terms(tariff, place.get("time_zone"), None if volts is None else Decimal(volts))


def is_told(transaction: Transaction) -> bool:
    """Whether an eMSP hears of it: it is theirs, was let in, and is at a place of ours."""
    return (
        transaction.owner is not None
        and transaction.token is not None
        and transaction.place is not None
        and transaction.billing != "unbillable"
    )


async def tell(
    conn: Hot, transaction: Transaction, *, rules: Rules, now: datetime, energy_only: bool = False
) -> Transaction:
    """Publish the Session, unless it is nobody's, or final, or just its energy and told lately."""
    if not is_told(transaction) or transaction.owner is None:
        return transaction
    if energy_only and _told_lately(transaction, rules, now):
        return transaction
    if await store.told_status(conn, transaction.id) in _FINAL:
        return transaction
    stamped = await transaction_store.change(
        conn, transaction.id, told_at=now, last_updated=later(transaction.last_updated, now)
    )
    found = await account(conn, stamped, rules=rules, now=now)
    document = session_document(stamped, found.bill, party=rules.party)
    await publish(conn, "sessions", document, receiver=transaction.owner, at=stamped.last_updated)
    return stamped


async def tell_waiting(db: Database, *, rules: Rules, now: datetime) -> int:
    """Tell the energy that came too soon after the last time and was not followed by more."""
    async with db.hot_transaction() as conn:
        waiting = await transaction_lists.untold(conn, now - rules.session_interval)
        for each in waiting:
            await tell(conn, each, rules=rules, now=now)
    return len(waiting)


async def publish(
    conn: Hot, module: str, document: dict[str, Any], *, receiver: str, at: datetime
) -> None:
    """Offer a document to the one eMSP that it is about."""
    await published.publish(
        conn,
        module,
        id=document["id"],
        document=document,
        receiver=Party.of_key(receiver),
        last_updated=at,
    )


def later(before: datetime, now: datetime) -> datetime:
    """Now, or just after what was before: stamps of one object rise."""
    return max(now, before + datetime.resolution * 1000)


def _told_lately(transaction: Transaction, rules: Rules, now: datetime) -> bool:
    return transaction.told_at is not None and now - transaction.told_at < rules.session_interval


def _until(transaction: Transaction) -> datetime:
    """The end so far: a running transaction is known up to its last reading."""
    found = transaction.stopped_at or transaction.measured_at or transaction.started_at
    return found or transaction.last_updated


def _measured(transaction: Transaction, readings: list[Reading]) -> list[Measured]:
    start = transaction.meter_start or Decimal(0)
    return [
        Measured(each.at, each.register - start)
        for each in readings
        if each.register is not None and each.anomaly is None
    ]
