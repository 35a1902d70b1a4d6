"""CDRs: one for each session that is billed, made once and never changed (CDR-01)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cpo_adapter import sessions
from cpo_adapter.cdr_documents import cdr_document, credit_document, signed_data
from cpo_adapter.measuring import save, suspected
from cpo_adapter.rules import Rules
from cpo_adapter.sessions import Account
from cpo_adapter.store import cdrs as store
from cpo_adapter.store import transaction_lists
from cpo_adapter.store import transactions as transaction_store
from cpo_adapter.store.sessions import reservation_of
from cpo_adapter.store.transactions import Transaction
from cpo_adapter.suspicions import Suspicion
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.pricing.segments import Bucket
from ocpi_hub.protocol.errors import InvalidParameters, NotFound

log = logging.getLogger(__name__)

_NATURES = {"start": "Start", "stop": "End"}


async def make_due(db: Database, *, rules: Rules, now: datetime) -> int:
    """Make the CDRs that are due by now, each in a transaction of its own; how many were due."""
    done = 0
    while True:
        async with db.hot_transaction() as conn:
            due = await transaction_lists.due(conn, now)
            if due is None:
                return done
            await _make_or_hold(conn, due, rules=rules, now=now)
        done += 1


async def make(
    conn: Hot, transaction: Transaction, *, rules: Rules, now: datetime, about: str | None = None
) -> dict[str, Any] | None:
    """The CDR of an ended transaction, published; None where a reservation cost nothing."""
    found = await sessions.account(conn, transaction, rules=rules, now=now)
    if not found.used and Bucket.RESERVATION not in found.bill.partial_costs:
        await transaction_store.change(conn, transaction.id, bill_at=None)
        return None
    document = cdr_document(
        transaction,
        found.course,
        found.bill,
        cdr_id=rules.new_id(),
        party=rules.party,
        now=now,
        with_session=found.used or not await _expired(conn, transaction),
        signed=_signed(found),
    )
    await _hand_over(conn, transaction, document, now=now, about=about)
    await transaction_store.change(conn, transaction.id, bill_at=None, cdr_id=document["id"])
    return document


async def credit(
    conn: Hot, transaction: Transaction, *, rules: Rules, now: datetime
) -> dict[str, Any]:
    """The Credit CDR of what was billed for a transaction, published; NotFound: nothing was."""
    billed = await store.in_force(conn, transaction.id)
    if billed is None:
        raise NotFound(f"session {transaction.id} has no CDR that is in force")
    document = credit_document(billed, cdr_id=rules.new_id(), now=now)
    await _hand_over(conn, transaction, document, now=now, about=billed["id"])
    return document


async def correct(
    conn: Hot, session_id: str, *, kwh: Decimal, rules: Rules, now: datetime
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The Credit CDR of a session and the CDR in its place, with another energy (CDR-06)."""
    transaction = await transaction_store.find(conn, session_id, lock=True)
    if transaction is None:
        raise NotFound(f"there is no session {session_id}")
    if kwh < 0:
        raise InvalidParameters(f"kwh: expected 0 or more, got {kwh}")
    credited = await credit(conn, transaction, rules=rules, now=now)
    energy = kwh * 1000
    corrected = await transaction_store.change(conn, transaction.id, energy=energy)
    later = sessions.later(now, now)
    made = await make(
        conn, corrected, rules=rules, now=later, about=credited["credit_reference_id"]
    )
    if made is None:
        raise NotFound(f"session {session_id} costs nothing")
    return credited, made


async def _make_or_hold(conn: Hot, due: Transaction, *, rules: Rules, now: datetime) -> None:
    """A CDR that cannot be made is for a person to look at; the others are not held up."""
    try:
        await make(conn, due, rules=rules, now=now)
    except InvalidParameters as error:
        log.warning("a CDR cannot be made", extra={"session": due.id, "reason": error.message})
        held = suspected(replace(due, bill_at=None), Suspicion.NOT_BILLABLE, error.message)
        await save(conn, due, held)


async def _hand_over(
    conn: Hot,
    transaction: Transaction,
    document: dict[str, Any],
    *,
    now: datetime,
    about: str | None,
) -> None:
    if transaction.owner is None:
        raise InvalidParameters(f"session {transaction.id} is nobody's to pay")
    await store.add(conn, document, transaction_id=transaction.id, now=now, about=about)
    await sessions.publish(conn, "cdrs", document, receiver=transaction.owner, at=now)


async def _expired(conn: Hot, transaction: Transaction) -> bool:
    reserved = await reservation_of(conn, transaction)
    return reserved is not None and reserved.state == "expired"


def _signed(found: Account) -> dict[str, Any] | None:
    return signed_data(
        (_NATURES.get(each.kind, "Intermediate"), value)
        for each in found.readings
        for value in each.signed or ()
    )
