"""How transactions begin: as what was asked for or reserved, or by a card held to a reader."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cpo_adapter import endings, places, sessions, suspicions
from cpo_adapter.authorization import Decision, decide
from cpo_adapter.measuring import Heard, phase_of, save, suspected, take_phase
from cpo_adapter.ocpp.answers import AuthorizationStatus
from cpo_adapter.ocpp.events import TransactionEvent, TransactionStarted
from cpo_adapter.ocpp.meter import readings
from cpo_adapter.ocpp.version import Version
from cpo_adapter.places import Place
from cpo_adapter.rules import Rules
from cpo_adapter.station_clock import Placed, is_live, placed
from cpo_adapter.store import readings as reading_store
from cpo_adapter.store import reservations
from cpo_adapter.store import transactions as store
from cpo_adapter.store.readings import Reading
from cpo_adapter.store.transactions import Transaction
from cpo_adapter.suspicions import Suspicion
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.v2_2_1.cdrs import AuthMethod

_BEGIN = "Transaction.Begin"
# What is forgotten once a token is known and let in.
UNSETTLED = frozenset({Suspicion.TOKEN_UNKNOWN, Suspicion.TOKEN_REFUSED})


@dataclass(frozen=True, slots=True)
class Begun:
    """A transaction that has begun, and what its station is told of the token."""

    transaction: Transaction
    decision: Decision
    live: bool


async def begin(conn: Hot, event: TransactionEvent, *, heard: Heard, rules: Rules) -> Begun:
    """A new transaction. What was expected or reserved becomes it; what ran there ends."""
    at = _started_at(event, heard)
    evse = event.evse_id or 0
    await _end_others(conn, event.station_id, evse, at=at.at, rules=rules, now=heard.received_at)
    foreseen = await _foreseen(conn, event, evse)
    decision = await _decision(conn, event, foreseen, at=at.at)
    made = _transaction(event, at=at, rules=rules)
    if foreseen is not None:
        made = _as_foreseen(made, foreseen)
    place = await places.place_of(
        conn, event.station_id, event.evse_id, event.connector_id, version=heard.version
    )
    made = authorized(_at_place(made, place, decision), decision)
    live = is_live(at.at, heard.received_at)
    made, decision = await _alone(conn, made, decision, live=live, rules=rules)
    made = _doubted(made, event, at)
    written = await _write(conn, made, foreseen, rules=rules, version=heard.version)
    if foreseen is not None and foreseen.state == "reserved":
        await reservations.use(conn, written.id, at=at.at)
    await _first_reading(conn, written, event, heard)
    phase = phase_of(event.charging_state)
    if phase is not None:
        written = await take_phase(conn, written, phase, at=at.at, received_at=heard.received_at)
    return Begun(written, decision, live)


async def belated(
    conn: Hot, found: Transaction, event: TransactionStarted, *, heard: Heard, rules: Rules
) -> Transaction:
    """The transaction with what its beginning says that comes after what it began."""
    if found.cdr_id is not None or found.billing in ("released", "written_off"):
        return found
    after = found
    at = _started_at(event, heard)
    if at.doubt is None and (found.started_at is None or at.at < found.started_at):
        after = replace(after, started_at=at.at)
    if found.id_tag is None and event.id_token is not None:
        decision = await decide(
            conn, event.id_token, station_id=event.station_id, at=at.at, ask_anybody=False
        )
        cleared = _without(after, UNSETTLED)
        after = authorized(replace(cleared, id_tag=event.id_token.value), decision)
    register = _first_register(event)
    if register is not None:
        after = _without(after, {Suspicion.METER_START_UNKNOWN})
        shown = after.meter_stop if after.meter_stop is not None else after.register
        energy = None if shown is None else max(shown - register, Decimal(0))
        after = replace(after, meter_start=register, energy=energy)
    if found.is_open:
        return await save(conn, found, after)
    return await endings.settle(conn, found, after, rules=rules, now=heard.received_at)


def repeated(transaction: Transaction) -> Decision:
    """The decision on a start that comes again: the one of the first time."""
    for each in transaction.suspicions:
        if "answer" in each:
            return Decision(status=AuthorizationStatus(each["answer"]), token=transaction.token)
    return Decision(status=AuthorizationStatus.ACCEPTED, token=transaction.token)


def authorized(transaction: Transaction, decision: Decision) -> Transaction:
    """The transaction with whose it is, and by what; a refused token is nobody's to pay."""
    found = replace(
        transaction,
        owner=decision.owner,
        token=None if decision.token is None else dict(decision.token),
        auth_method=decision.auth_method,
        authorization_reference=decision.authorization_reference,
    )
    if decision.accepted:
        return found
    known = decision.owner is not None or decision.ours
    kind = Suspicion.TOKEN_REFUSED if known else Suspicion.TOKEN_UNKNOWN
    message = "the token was refused" if known else "nobody knows the token"
    found = replace(found, billing="unbillable")
    return suspected(found, kind, message, answer=decision.status.value)


async def settle_question(
    conn: Hot, begun: Begun, answered: Decision, *, rules: Rules, now: datetime
) -> Transaction:
    """The transaction after its token's eMSP was asked, or did not answer."""
    transaction = await store.find(conn, begun.transaction.id, lock=True)
    if transaction is None or not transaction.is_open:
        return begun.transaction
    saved = await save(conn, transaction, authorized(_without(transaction, UNSETTLED), answered))
    return await sessions.tell(conn, saved, rules=rules, now=now)


def _without(transaction: Transaction, kinds: Collection[Suspicion]) -> Transaction:
    """The transaction without doubts that have been settled."""
    kept = [each for each in transaction.suspicions if each["code"] not in kinds]
    return replace(transaction, suspicions=kept, billing="suspect" if kept else "ok")


def _first_register(event: TransactionEvent) -> Decimal | None:
    """The register at the beginning, where an event of 2.0.1 carries it."""
    found = [each.energy for each in readings(event.samples) if each.context == _BEGIN]
    return next((each for each in found if each is not None), None)


def _started_at(event: TransactionEvent, heard: Heard) -> Placed:
    """When it began; an event in the middle may carry the reading of the beginning."""
    first = [sample.at for sample in event.samples if sample.context == _BEGIN and sample.at]
    stamp = event.timestamp
    if first and not isinstance(event, TransactionStarted):
        stamp = min(first) if stamp is None else min(*first, stamp)
    return placed(stamp, received_at=heard.received_at, skew=heard.skew)


async def _end_others(
    conn: Hot, station_id: str, evse: int, *, at: datetime, rules: Rules, now: datetime
) -> None:
    """One EVSE charges one vehicle. A replay of an older start ends nothing."""
    if not evse:
        return
    for each in await store.running(conn, station_id, evse):
        if each.started_at is None or each.started_at <= at:
            await endings.replaced(conn, each, by=at, rules=rules, now=now)


async def _foreseen(conn: Hot, event: TransactionEvent, evse: int) -> Transaction | None:
    """The session that was asked for, or reserved, and that this start is."""
    if event.reservation_id is not None:
        found = await store.reserved(conn, event.station_id, event.reservation_id)
        if found is not None:
            return found
    return await store.expected(
        conn,
        event.station_id,
        evse=evse,
        id_tag=None if event.id_token is None else event.id_token.value,
        remote_start_id=event.remote_start_id,
    )


async def _decision(
    conn: Hot, event: TransactionEvent, foreseen: Transaction | None, *, at: datetime
) -> Decision:
    if foreseen is None or foreseen.token is None:
        return await decide(
            conn, event.id_token, station_id=event.station_id, at=at, ask_anybody=False
        )
    return Decision(
        status=AuthorizationStatus.ACCEPTED,
        owner=foreseen.owner,
        token=foreseen.token,
        auth_method=AuthMethod(foreseen.auth_method or AuthMethod.COMMAND),
        authorization_reference=foreseen.authorization_reference,
    )


def _transaction(event: TransactionEvent, *, at: Placed, rules: Rules) -> Transaction:
    meter = event.meter_start if isinstance(event, TransactionStarted) else None
    return Transaction(
        id=rules.new_id(),
        station_id=event.station_id,
        ocpp_id=event.transaction_id,
        evse=event.evse_id or 0,
        connector=event.connector_id or 0,
        id_tag=None if event.id_token is None else event.id_token.value,
        start_stamp=event.timestamp_text or "",
        started_at=at.at,
        start_received_at=event.received_at,
        meter_start=meter,
        seq_no=event.seq_no,
        remote_start_id=event.remote_start_id,
        reservation_id=event.reservation_id,
        last_updated=event.received_at,
    )


def _as_foreseen(made: Transaction, foreseen: Transaction) -> Transaction:
    """The same session goes on: its id, and what was agreed for it."""
    return replace(
        made,
        id=foreseen.id,
        reservation_id=foreseen.reservation_id or made.reservation_id,
        remote_start_id=made.remote_start_id or foreseen.remote_start_id,
        charging_preference=foreseen.charging_preference,
        told_at=foreseen.told_at,
        last_updated=foreseen.last_updated,
    )


def _at_place(made: Transaction, place: Place | None, decision: Decision) -> Transaction:
    if place is None or made.started_at is None:
        return made
    tariff = place.tariff(made.started_at, token=decision.token)
    return replace(
        made,
        location_id=place.location_id,
        evse_uid=place.evse_uid,
        connector_id=place.connector_id,
        place=place.snapshot,
        tariffs=[] if tariff is None else [tariff],
    )


def _doubted(made: Transaction, event: TransactionEvent, at: Placed) -> Transaction:
    """The transaction with what is odd about its beginning."""
    if at.doubt is not None:
        message = "the station's time of the start cannot be right; the time of receipt is used"
        made = suspected(made, suspicions.of_doubt(at.doubt), message)
    if not isinstance(event, TransactionStarted) and _first_register(event) is None:
        message = "the beginning was not told, nor the register then"
        made = suspected(made, Suspicion.METER_START_UNKNOWN, message)
    return made


async def _alone(
    conn: Hot, made: Transaction, decision: Decision, *, live: bool, rules: Rules
) -> tuple[Transaction, Decision]:
    """A token charges one vehicle at a time, unless its eMSP asked for another session."""
    commanded = decision.auth_method is AuthMethod.COMMAND
    if not live or commanded or not decision.accepted or decision.owner is None:
        return made, decision
    uid = _uid(decision.token)
    since = made.last_updated - rules.stuck_after
    if not await store.concurrent(conn, decision.owner, uid=uid, beside=made.id, alive_since=since):
        return made, decision
    refused = replace(decision, status=AuthorizationStatus.CONCURRENT_TX, question=None)
    return authorized(made, refused), refused


def _uid(token: Mapping[str, Any] | None) -> str:
    return str((token or {}).get("uid", ""))


async def _write(
    conn: Hot,
    made: Transaction,
    foreseen: Transaction | None,
    *,
    rules: Rules,
    version: Version,
) -> Transaction:
    """Issue the id of 1.6, and write."""
    if foreseen is not None:
        if version is Version.V16:
            made = replace(made, ocpp_id=await _unused(conn, made.station_id, rules))
        return await save(conn, foreseen, made)
    if version is Version.V16:
        made = replace(made, ocpp_id=str(rules.new_number()))
    while not await store.insert(conn, made):
        made = replace(made, ocpp_id=str(rules.new_number()))
    return made


async def _unused(conn: Hot, station_id: str, rules: Rules) -> str:
    while True:
        number = str(rules.new_number())
        if await store.by_ocpp_id(conn, station_id, number) is None:
            return number


async def _first_reading(
    conn: Hot, transaction: Transaction, event: TransactionEvent, heard: Heard
) -> None:
    """The register of StartTransaction, as a reading like any other."""
    if transaction.meter_start is None or transaction.started_at is None:
        return
    reading = Reading(
        at=transaction.started_at,
        received_at=heard.received_at,
        kind="start",
        register=transaction.meter_start,
    )
    await reading_store.add(conn, transaction.id, reading)
