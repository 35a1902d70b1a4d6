"""Taking down what a station measures: each reading is kept, and counts if it can be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cpo_adapter import suspicions
from cpo_adapter.course import Phase
from cpo_adapter.metering import Anomaly, Meter, judge, judge_stop
from cpo_adapter.ocpp import meter
from cpo_adapter.ocpp.version import Version
from cpo_adapter.rules import Rules
from cpo_adapter.station_clock import Doubt, placed
from cpo_adapter.store import readings as store
from cpo_adapter.store import transactions as transaction_store
from cpo_adapter.store.readings import Reading
from cpo_adapter.store.transactions import Transaction
from cpo_adapter.suspicions import Suspicion
from ocpi_hub.node.engine import Hot

_BEGIN, _END = "Transaction.Begin", "Transaction.End"
_PHASES = {
    "charging": Phase.CHARGING,
    "suspendedev": Phase.SUSPENDED_EV,
    "suspendedevse": Phase.SUSPENDED_EVSE,
    "preparing": Phase.IDLE,
    "finishing": Phase.IDLE,
    "evconnected": Phase.IDLE,
    "idle": Phase.IDLE,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """When a message came, how far the station's clock was off, and what version it speaks."""

    received_at: datetime
    skew: timedelta
    version: Version


def phase_of(word: str | None) -> Phase | None:
    """The phase in a station's word for it; what is no phase, such as Available, is None."""
    return _PHASES.get((word or "").strip().lower())


def suspected(transaction: Transaction, kind: Suspicion, message: str, **more: str) -> Transaction:
    """The transaction with one more doubt; it is not billed before a person has looked."""
    found = suspicions.added(transaction.suspicions, kind, message)
    if more and len(found) > len(transaction.suspicions):
        found[-1] |= more
    billing = "suspect" if transaction.billing == "ok" else transaction.billing
    return replace(transaction, suspicions=found, billing=billing)


async def take_down(
    conn: Hot,
    transaction: Transaction,
    found: Iterable[meter.Reading],
    *,
    heard: Heard,
    rules: Rules,
) -> Transaction:
    """The transaction after these readings; one that has ended only keeps them for its CDR."""
    after = transaction
    for each in found:
        if after.meter_start is None and each.energy is None and each.energy_interval is not None:
            after = await _from_zero(conn, after, heard)
        after, reading = _counted(after, each, heard, rules.meter_slack)
        await store.add(conn, transaction.id, reading, raw=_raw(each))
    if not transaction.is_open:
        return transaction
    return await save(conn, transaction, after)


async def take_phase(
    conn: Hot, transaction: Transaction, phase: Phase, *, at: datetime, received_at: datetime
) -> Transaction:
    """The transaction in another phase."""
    reading = Reading(at=at, received_at=received_at, kind="phase", phase=phase.value)
    await store.add(conn, transaction.id, reading)
    if not transaction.is_open or transaction.phase == phase:
        return transaction
    return await save(conn, transaction, replace(transaction, phase=phase.value))


async def save(conn: Hot, before: Transaction, after: Transaction) -> Transaction:
    """Write what differs."""
    changes = {
        field.name: getattr(after, field.name)
        for field in fields(Transaction)
        if getattr(after, field.name) != getattr(before, field.name)
    }
    if not changes:
        return before
    await transaction_store.write(conn, before.id, **changes)
    return after


def meter_of(transaction: Transaction, slack: timedelta) -> Meter:
    """What the transaction's meter has shown so far."""
    rated = (transaction.place or {}).get("rated_watts")
    codes = {each["code"] for each in transaction.suspicions}
    return Meter(
        # The first register that was told is not the one at the start while that is missing.
        start=None if Suspicion.METER_START_UNKNOWN in codes else transaction.meter_start,
        last=transaction.register,
        last_at=transaction.measured_at or transaction.started_at,
        rated_watts=None if rated is None else Decimal(rated),
        slack=slack,
    )


def _counted(
    transaction: Transaction, found: meter.Reading, heard: Heard, slack: timedelta
) -> tuple[Transaction, Reading]:
    """The transaction after a reading, and the reading as it is kept."""
    place = placed(found.at, received_at=heard.received_at, skew=heard.skew)
    reading = Reading(
        at=place.at,
        received_at=heard.received_at,
        kind={_BEGIN: "start", _END: "stop"}.get(found.context, "sample"),
        register=found.energy,
        power_watts=found.power,
        current_amps=found.current,
        state_of_charge=found.state_of_charge,
        signed=[each._asdict() for each in found.signed] or None,
    )
    if place.doubt is Doubt.FUTURE:
        message = f"a reading is stamped {found.at_text}, which has not come yet"
        after = suspected(transaction, Suspicion.CLOCK_AHEAD, message)
        return after, replace(reading, anomaly=Doubt.FUTURE.value)
    if found.energy is None and found.energy_interval is not None:
        reading = _accumulated(transaction, reading, found.energy_interval)
    if reading.register is None:
        return _shown(transaction, reading), reading
    if reading.kind == "start":
        return _started(transaction, reading, heard.version), reading
    return _judged(transaction, reading, slack)


async def _from_zero(conn: Hot, transaction: Transaction, heard: Heard) -> Transaction:
    """The transaction of a station that tells intervals only: its register began at 0."""
    zero = Decimal(0)
    at = transaction.started_at or heard.received_at
    reading = Reading(at=at, received_at=heard.received_at, kind="start", register=zero)
    await store.add(conn, transaction.id, reading)
    return replace(transaction, meter_start=zero)


def _accumulated(transaction: Transaction, reading: Reading, interval: Decimal) -> Reading:
    """A register made of intervals; one that comes again is not added again."""
    if transaction.measured_at is not None and reading.at <= transaction.measured_at:
        return reading
    return replace(reading, register=(transaction.register or Decimal(0)) + interval)


def _started(transaction: Transaction, reading: Reading, version: Version) -> Transaction:
    """The register at the start; 1.6 has told it in StartTransaction."""
    if reading.register is None or (version is Version.V16 and transaction.meter_start is not None):
        return transaction
    shown = transaction.register
    energy = None if shown is None else max(shown - reading.register, Decimal(0))
    return replace(transaction, meter_start=reading.register, energy=energy)


def _judged(
    transaction: Transaction, reading: Reading, slack: timedelta
) -> tuple[Transaction, Reading]:
    register = reading.register
    if register is None:
        return transaction, reading
    known = meter_of(transaction, slack)
    if reading.kind == "stop":
        anomaly = judge_stop(known, register, reading.at)
    else:
        register, anomaly = judge(known, register, reading.at)
    kept = replace(reading, register=register, anomaly=anomaly)
    if anomaly is not None:
        return doubted(transaction, anomaly, register), kept
    start = register if transaction.meter_start is None else transaction.meter_start
    counted = replace(transaction, meter_start=start)
    if reading.kind == "stop":
        counted = replace(counted, meter_stop=register)
    if known.last_at is not None and reading.at < known.last_at:
        return counted, kept
    counted = replace(counted, energy=register - start, measured_at=reading.at)
    return _shown(counted, kept), kept


def doubted(transaction: Transaction, anomaly: Anomaly, register: Decimal) -> Transaction:
    """The transaction after a register that cannot be right."""
    if not anomaly.suspicious:
        return transaction
    shown = transaction.register
    message = f"the register shows {register.normalize():f} Wh"
    if shown is not None:
        message += f" after {shown.normalize():f} Wh"
    return suspected(transaction, suspicions.of_anomaly(anomaly), message)


def _shown(transaction: Transaction, reading: Reading) -> Transaction:
    """The transaction with what its driver is shown."""
    return replace(
        transaction,
        power_watts=_newer(reading.power_watts, transaction.power_watts),
        state_of_charge=_newer(reading.state_of_charge, transaction.state_of_charge),
    )


def _newer(found: Decimal | None, known: Decimal | None) -> Decimal | None:
    return known if found is None else found


def _raw(found: meter.Reading) -> dict[str, Any]:
    """What came, where it is more than what was made of it."""
    return {
        "at": found.at_text,
        "context": found.context,
        "register": found.energy,
        "interval": found.energy_interval,
    }
