"""How transactions end: by the station's word, by a person's, or because another one began."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from cpo_adapter import sessions, suspicions
from cpo_adapter.measuring import doubted, meter_of, save, suspected
from cpo_adapter.metering import judge_stop
from cpo_adapter.ocpp.version import Version
from cpo_adapter.rules import Rules
from cpo_adapter.station_clock import Placed
from cpo_adapter.store import readings as reading_store
from cpo_adapter.store.readings import Reading
from cpo_adapter.store.transactions import Transaction
from cpo_adapter.suspicions import Suspicion
from ocpi_hub.node.engine import Hot

# A first sample so soon after the start stands for the register at the start.
_SOON = timedelta(minutes=1)
# With one of these nobody can say that a session without energy had none.
_OF_THE_METER = frozenset(
    {
        Suspicion.METER_NEGATIVE,
        Suspicion.METER_FALLING,
        Suspicion.METER_JUMP,
        Suspicion.METER_START_UNKNOWN,
        Suspicion.ORPHAN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """When and why a transaction ended, and the register then, in Wh, if it was told."""

    at: Placed
    received_at: datetime
    reason: str | None
    meter_stop: Decimal | None = None


async def finish(
    conn: Hot, transaction: Transaction, ending: Ending, *, rules: Rules, version: Version
) -> Transaction:
    """The transaction ended, told, and due for its CDR unless something is odd about it."""
    ended = replace(
        transaction,
        stopped_at=ending.at.at,
        stop_received_at=ending.received_at,
        stop_reason=ending.reason,
    )
    ended = _doubted_clock(ended, ending)
    ended = _metered(ended, ending, rules)
    ended = await _started_somewhere(conn, ended, version)
    return await settle(conn, transaction, ended, rules=rules, now=ending.received_at)


async def replaced(
    conn: Hot, transaction: Transaction, *, by: datetime, rules: Rules, now: datetime
) -> Transaction:
    """A transaction that never ended, where another has begun: it ends with its last reading."""
    ended = replace(
        transaction,
        stopped_at=transaction.measured_at or by,
        stop_received_at=now,
        stop_reason="Other",
        meter_stop=transaction.register,
    )
    message = "another transaction began here before this one had ended"
    ended = suspected(ended, Suspicion.REPLACED, message)
    return await settle(conn, transaction, ended, rules=rules, now=now)


async def closed_by_hand(
    conn: Hot,
    transaction: Transaction,
    *,
    meter_stop: Decimal | None,
    rules: Rules,
    now: datetime,
) -> Transaction:
    """A transaction that a person ended; without a register it ends with its last reading."""
    register = transaction.register if meter_stop is None else meter_stop
    ended = replace(
        transaction,
        stopped_at=now if meter_stop is not None else transaction.measured_at or now,
        stop_received_at=now,
        stop_reason="Other",
        meter_stop=register,
    )
    if register is not None and ended.meter_start is not None:
        ended = replace(ended, energy=max(register - ended.meter_start, Decimal(0)))
    ended = suspected(ended, Suspicion.CLOSED_BY_HAND, "it was ended by hand")
    return await settle(conn, transaction, ended, rules=rules, now=now)


async def settle(
    conn: Hot, before: Transaction, ended: Transaction, *, rules: Rules, now: datetime
) -> Transaction:
    """Write an ended transaction: invalid, due for its CDR, or waiting for a person's word."""
    nothing = not ended.energy and ended.reservation_id is None
    if nothing and not any(each["code"] in _OF_THE_METER for each in ended.suspicions):
        ended = replace(ended, state="invalid", bill_at=None)
    else:
        ended = replace(ended, state="completed", bill_at=_bill_at(ended, rules, now))
        if ended.owner is not None and ended.place is None and ended.billing == "ok":
            message = "the connector was not mapped to one of a Location"
            ended = suspected(ended, Suspicion.NOT_MAPPED, message)
    saved = await save(conn, before, replace(ended, phase="idle"))
    return await sessions.tell(conn, saved, rules=rules, now=now)


def _bill_at(ended: Transaction, rules: Rules, now: datetime) -> datetime | None:
    """Late frames may still come for a while."""
    due = ended.billing == "ok" and ended.owner is not None and ended.place is not None
    return now + rules.billing_grace if due else None


def _doubted_clock(ended: Transaction, ending: Ending) -> Transaction:
    if ending.at.doubt is not None:
        message = "the station's time of the end cannot be right; the time of receipt is used"
        ended = suspected(ended, suspicions.of_doubt(ending.at.doubt), message)
    if ended.started_at is not None and ending.at.at < ended.started_at:
        return suspected(ended, Suspicion.STOP_BEFORE_START, "it ended before it began")
    return ended


def _metered(ended: Transaction, ending: Ending, rules: Rules) -> Transaction:
    """The energy in all: from the registers at both ends, never from samples where those exist."""
    register = ending.meter_stop if ending.meter_stop is not None else ended.meter_stop
    if register is None:
        return replace(ended, meter_stop=ended.register)
    if ending.meter_stop is not None:
        anomaly = judge_stop(meter_of(ended, rules.meter_slack), register, ending.at.at)
        if anomaly is not None:
            return doubted(replace(ended, meter_stop=register), anomaly, register)
    if ended.meter_start is None:
        return replace(ended, meter_stop=register)
    return replace(ended, meter_stop=register, energy=register - ended.meter_start)


async def _started_somewhere(conn: Hot, ended: Transaction, version: Version) -> Transaction:
    """Whether the register at the start is known, or a sample just after it."""
    if ended.meter_stop is None and ended.meter_start is None:
        return ended
    if version is Version.V16 and ended.meter_start is not None:
        return ended
    readings = await reading_store.of(conn, ended.id)
    if any(_is_start(each, ended) for each in readings):
        return ended
    message = "the register at the start is not known"
    return suspected(ended, Suspicion.METER_START_UNKNOWN, message)


def _is_start(reading: Reading, ended: Transaction) -> bool:
    if reading.register is None or reading.anomaly is not None:
        return False
    soon = ended.started_at is not None and reading.at <= ended.started_at + _SOON
    return reading.kind == "start" or soon
