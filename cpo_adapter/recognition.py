"""Which transaction a station's message is about. One of another station is never meant (T29)."""

from __future__ import annotations

from datetime import datetime

from cpo_adapter.measuring import Heard, suspected
from cpo_adapter.ocpp.events import (
    Event,
    MeterValuesReceived,
    TransactionEnded,
    TransactionEvent,
    TransactionStarted,
)
from cpo_adapter.ocpp.version import Version
from cpo_adapter.rules import Rules
from cpo_adapter.station_clock import placed
from cpo_adapter.store import transactions as store
from cpo_adapter.store.transactions import Transaction
from cpo_adapter.suspicions import Suspicion
from ocpi_hub.node.engine import Hot

# What stations send that never heard the answer to their StartTransaction.
_NO_ID = frozenset({"0", "-1", ""})


async def begun_before(conn: Hot, event: TransactionStarted) -> Transaction | None:
    """The same start when it came before."""
    if event.version is not Version.V16:
        return await named(conn, event)
    return await store.same_start(
        conn,
        event.station_id,
        evse=event.evse_id or 0,
        stamp=event.timestamp_text or "",
        id_tag=None if event.id_token is None else event.id_token.value,
        meter=event.meter_start,
    )


async def named(conn: Hot, event: TransactionEvent) -> Transaction | None:
    """The transaction that an event of 2.0.1 names; the id is the station's own."""
    if event.transaction_id is None:
        running = await store.running(conn, event.station_id, event.evse_id)
        return running[0] if len(running) == 1 else None
    return await store.by_ocpp_id(conn, event.station_id, event.transaction_id)


async def to_be_ended(
    conn: Hot, event: TransactionEnded, *, heard: Heard, rules: Rules
) -> Transaction | None:
    """The transaction of a StopTransaction; None where it has been ended so before.

    Without an id it is what that card began; one that nobody saw begin is kept as an orphan.
    """
    ocpp_id = event.transaction_id or ""
    if ocpp_id not in _NO_ID:
        found = await store.by_ocpp_id(conn, event.station_id, ocpp_id)
        return found or await _orphan(conn, event, ocpp_id=ocpp_id, heard=heard, rules=rules)
    at = placed(event.timestamp, received_at=heard.received_at, skew=heard.skew).at
    tag = None if event.id_token is None else event.id_token.value.upper()
    for each in await store.running(conn, event.station_id, None):
        same = tag is None or (each.id_tag or "").upper() == tag
        if same and _could_end(each, event, at):
            return each
    if await store.ended_so(
        conn, event.station_id, stopped_at=at, meter_stop=event.meter_stop, id_tag=tag
    ):
        return None
    return await _orphan(conn, event, ocpp_id=None, heard=heard, rules=rules)


async def measured(
    conn: Hot, event: MeterValuesReceived, *, heard: Heard, rules: Rules
) -> Transaction | None:
    """The transaction of MeterValues: the one they name, else the one that runs there."""
    ocpp_id = event.transaction_id or ""
    if ocpp_id not in _NO_ID:
        found = await store.by_ocpp_id(conn, event.station_id, ocpp_id)
        return found or await _orphan(
            conn, event, ocpp_id=ocpp_id, evse=event.evse_id or 0, heard=heard, rules=rules
        )
    running = await store.running(conn, event.station_id, event.evse_id or None)
    certain = len(running) == 1 or (running and event.evse_id)
    return running[0] if certain else None


async def _orphan(
    conn: Hot,
    event: Event,
    *,
    ocpp_id: str | None,
    evse: int = 0,
    heard: Heard,
    rules: Rules,
) -> Transaction:
    """A transaction that nobody saw begin, for a person to look at."""
    stamp = f"{event.action} {event.timestamp_text}"
    if ocpp_id is None:
        known = await store.same_start(
            conn, event.station_id, evse=evse, stamp=stamp, id_tag=None, meter=None
        )
        if known is not None:
            return known
    alone = evse > 0 and not await store.running(conn, event.station_id, evse)
    at = placed(event.timestamp, received_at=heard.received_at, skew=heard.skew).at
    made = Transaction(
        id=rules.new_id(),
        station_id=event.station_id,
        ocpp_id=ocpp_id,
        evse=evse,
        state="active" if alone or isinstance(event, TransactionEnded) else "completed",
        start_stamp=stamp,
        started_at=at,
        start_received_at=heard.received_at,
        last_updated=heard.received_at,
    )
    orphan = suspected(made, Suspicion.ORPHAN, "nobody saw this transaction begin here")
    await store.insert(conn, orphan)
    return orphan


def _could_end(transaction: Transaction, event: TransactionEnded, at: datetime) -> bool:
    """Whether this may be how it ended, by its time and its register."""
    if transaction.started_at is not None and at < transaction.started_at:
        return False
    start, stop = transaction.meter_start, event.meter_stop
    return start is None or stop is None or start <= stop
