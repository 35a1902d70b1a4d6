"""What is done about the transactions of stations: committed before they are answered.

Everything is found again by what the station says of itself, never by its connection; what comes
twice changes nothing and is answered as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from cpo_adapter import authorization, beginnings, endings, recognition, sessions
from cpo_adapter.authorization import AskOwner, Decision
from cpo_adapter.beginnings import Begun
from cpo_adapter.endings import Ending
from cpo_adapter.measuring import Heard, phase_of, save, take_down, take_phase
from cpo_adapter.ocpp import meter
from cpo_adapter.ocpp.answers import AuthorizeAnswer, StartAnswer, TransactionAnswer
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    Event,
    MeterValuesReceived,
    StatusNotified,
    TransactionEnded,
    TransactionEvent,
    TransactionStarted,
    TransactionUpdated,
)
from cpo_adapter.ocpp.version import Version
from cpo_adapter.rules import Rules
from cpo_adapter.station_clock import placed
from cpo_adapter.statuses import rederive
from cpo_adapter.store import transactions as store
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Database, Hot


@dataclass(frozen=True, slots=True)
class Charging:
    """Handles the events of transactions; `ask` reaches eMSPs for real-time authorization."""

    db: Database
    rules: Rules
    now: Callable[[], datetime]
    ask: AskOwner

    async def authorized(self, event: AuthorizeRequested) -> AuthorizeAnswer:
        """To Authorize."""
        decision = await authorization.authorize(
            self.db,
            event.id_token,
            station_id=event.station_id,
            now=self.now(),
            ask=self.ask,
            timeout=self.rules.authorize_timeout,
            window=self.rules.start_window,
        )
        return AuthorizeAnswer(decision.told(event.version))

    async def started(self, event: TransactionStarted) -> StartAnswer:
        """To StartTransaction, or to a TransactionEvent that begins one."""
        async with self.db.hot_transaction() as conn:
            heard = await _heard(conn, event)
            known = await recognition.begun_before(conn, event)
            if known is None:
                begun = await self._begin(conn, event, heard)
            else:
                await self._update(conn, known, event, heard)
        if known is not None:
            decision = beginnings.repeated(known)
            return _start_answer(event, known, decision)
        decision = await self._asked(begun)
        return _start_answer(event, begun.transaction, decision)

    async def updated(self, event: TransactionUpdated) -> TransactionAnswer:
        """To a TransactionEvent in between; one whose beginning was lost begins here."""
        return await self._in_between(event)

    async def ended(self, event: TransactionEnded) -> TransactionAnswer:
        """To StopTransaction, or to a TransactionEvent that ends one: always answered."""
        if event.version is not Version.V16:
            return await self._in_between(event)
        async with self.db.hot_transaction() as conn:
            heard = await _heard(conn, event)
            found = await recognition.to_be_ended(conn, event, heard=heard, rules=self.rules)
            if found is not None:
                await self._end(conn, found, event, heard)
        return TransactionAnswer()

    async def measured(self, event: MeterValuesReceived) -> None:
        """MeterValues: of the transaction they name, else of the one that runs there."""
        async with self.db.hot_transaction() as conn:
            heard = await _heard(conn, event)
            found = await recognition.measured(conn, event, heard=heard, rules=self.rules)
            if found is None:
                return
            readings = meter.readings(event.samples)
            after = await take_down(conn, found, readings, heard=heard, rules=self.rules)
            if after.is_open:
                await self._tell_progress(conn, found, after)

    async def phase_reported(self, event: StatusNotified) -> None:
        """A status of 1.6, which says there whether the vehicle charges."""
        phase = phase_of(event.status)
        if event.version is not Version.V16 or phase is None or not event.evse_id:
            return
        async with self.db.hot_transaction() as conn:
            heard = await _heard(conn, event)
            at = placed(event.timestamp, received_at=heard.received_at, skew=heard.skew).at
            for found in await store.running(conn, event.station_id, event.evse_id):
                if found.started_at is not None and found.started_at <= at:
                    after = await take_phase(
                        conn, found, phase, at=at, received_at=heard.received_at
                    )
                    await self._tell_progress(conn, found, after)

    async def _begin(self, conn: Hot, event: TransactionEvent, heard: Heard) -> Begun:
        begun = await beginnings.begin(conn, event, heard=heard, rules=self.rules)
        after = await take_down(
            conn, begun.transaction, meter.readings(event.samples), heard=heard, rules=self.rules
        )
        told = await sessions.tell(conn, after, rules=self.rules, now=heard.received_at)
        await self._rederive(conn, told, heard)
        return replace(begun, transaction=told)

    async def _asked(self, begun: Begun) -> Decision:
        """The decision on a start; a replay is too old to ask anybody."""
        if begun.decision.question is None or not begun.live:
            return begun.decision
        answered = await authorization.asked(
            begun.decision, ask=self.ask, timeout=self.rules.authorize_timeout
        )
        if answered != begun.decision:
            async with self.db.hot_transaction() as conn:
                await beginnings.settle_question(
                    conn, begun, answered, rules=self.rules, now=self.now()
                )
        return answered

    async def _in_between(self, event: TransactionUpdated | TransactionEnded) -> TransactionAnswer:
        """A TransactionEvent after the first, whether or not the first came."""
        begun = None
        async with self.db.hot_transaction() as conn:
            heard = await _heard(conn, event)
            found = await recognition.named(conn, event)
            if found is None:
                if event.transaction_id is None:
                    return TransactionAnswer()
                begun = await self._begin(conn, event, heard)
                found = begun.transaction
            else:
                found = await self._update(conn, found, event, heard)
            if isinstance(event, TransactionEnded) and found.is_open:
                await self._end(conn, found, event, heard, taken_down=True)
        if event.id_token is None:
            return TransactionAnswer()
        decision = beginnings.repeated(found) if begun is None else await self._asked(begun)
        return TransactionAnswer(decision.told(event.version))

    async def _update(
        self, conn: Hot, found: Transaction, event: TransactionEvent, heard: Heard
    ) -> Transaction:
        """The transaction after an event of it; an older one than the last adds readings only."""
        readings = meter.readings(event.samples)
        after = await take_down(conn, found, readings, heard=heard, rules=self.rules)
        late = (
            event.seq_no is not None and found.seq_no is not None and event.seq_no <= found.seq_no
        )
        if late and isinstance(event, TransactionStarted):
            after = await beginnings.belated(conn, after, event, heard=heard, rules=self.rules)
        if not after.is_open:
            return after
        phase = phase_of(event.charging_state)
        if phase is not None and (not late) and phase != after.phase:
            at = placed(event.timestamp, received_at=heard.received_at, skew=heard.skew).at
            after = await take_phase(conn, after, phase, at=at, received_at=heard.received_at)
        if not late and event.seq_no is not None:
            after = await save(conn, after, replace(after, seq_no=event.seq_no))
        if not isinstance(event, TransactionEnded):
            return await self._tell_progress(conn, found, after)
        return after

    async def _end(
        self,
        conn: Hot,
        found: Transaction,
        event: TransactionEnded,
        heard: Heard,
        *,
        taken_down: bool = False,
    ) -> None:
        after = found
        if not taken_down:
            readings = meter.readings(event.samples)
            after = await take_down(conn, found, readings, heard=heard, rules=self.rules)
        if not after.is_open:
            return
        ending = Ending(
            at=placed(event.timestamp, received_at=heard.received_at, skew=heard.skew),
            received_at=heard.received_at,
            reason=event.reason,
            meter_stop=event.meter_stop,
        )
        ended = await endings.finish(conn, after, ending, rules=self.rules, version=heard.version)
        await self._rederive(conn, ended, heard)

    async def _tell_progress(
        self, conn: Hot, before: Transaction, after: Transaction
    ) -> Transaction:
        """Tell at once what drivers wait for, and energy now and then."""
        if after == before:
            return after
        energy_only = after.phase == before.phase and after.billing == before.billing
        return await sessions.tell(
            conn, after, rules=self.rules, now=self.now(), energy_only=energy_only
        )

    async def _rederive(self, conn: Hot, transaction: Transaction, heard: Heard) -> None:
        if transaction.evse_uid is not None:
            await rederive(
                conn,
                [transaction.evse_uid],
                now=heard.received_at,
                settle=self.rules.status_settle,
            )


async def _heard(conn: Hot, event: Event) -> Heard:
    """Locks the station: what else it says waits, also on another connection of it."""
    station = await store.lock_station(conn, event.station_id)
    return Heard(event.received_at, station.skew, event.version)


def _start_answer(
    event: TransactionStarted, transaction: Transaction, decision: Decision
) -> StartAnswer:
    if event.version is not Version.V16:
        told = None if event.id_token is None else decision.told(event.version)
        return StartAnswer(None, told)
    return StartAnswer(int(transaction.ocpp_id or 0), decision.told(event.version))
