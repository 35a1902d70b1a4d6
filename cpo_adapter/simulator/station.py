"""A simulated station: its connectors, its transactions, and when it says what.

What drivers do with it is in `driver`, what a central system asks of it in `remote`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

from cpo_adapter.simulator import configuration as settings
from cpo_adapter.simulator.clock import Clock
from cpo_adapter.simulator.configuration import Configuration
from cpo_adapter.simulator.connector import Connector, Outlet, Ready
from cpo_adapter.simulator.face import BootReason, Face
from cpo_adapter.simulator.happening import Happening, Tell
from cpo_adapter.simulator.outbox import Outbox
from cpo_adapter.simulator.profiles import Profiles, Purpose, Supply
from cpo_adapter.simulator.token import Authorization, LocalList, Token
from cpo_adapter.simulator.transaction import (
    TRIGGERS,
    ChargingState,
    Kind,
    Moment,
    Reason,
    Transaction,
    Trigger,
)
from ocpi_hub.service.transport import Transport

_LOG_LINES = 1000
# Seconds of the day, and at most so many real ones: who looks on sees that it charges.
_SAMPLED_EVERY, _SAMPLED_WITHIN = 60, 10
_TICK = 10.0
_SHORTEST_TICK, _LONGEST_TICK = 0.1, 1.0
_MOST_METERED_WH = 5_000_000
_FLOWS = {
    ChargingState.CHARGING: "charges",
    ChargingState.SUSPENDED_EV: "is full and stays parked",
    ChargingState.SUSPENDED_EVSE: "waits for power",
}


def sampled_every(speed: int) -> int:
    """The seconds from one meter value to the next, until somebody sets others."""
    return max(1, min(_SAMPLED_EVERY // speed, _SAMPLED_WITHIN))


@dataclass(frozen=True, slots=True)
class Spec:
    """What a station is."""

    name: str
    key: str
    outlets: tuple[Outlet, ...] = (Outlet(), Outlet())


class Station:
    """The state of a station. `spawn` starts what takes a while, in a task group of the owner's;
    `transport` carries what is uploaded."""

    def __init__(
        self,
        spec: Spec,
        face: Face,
        *,
        clock: Clock,
        rng: Random,
        tell: Tell,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        transport: Transport,
    ) -> None:
        self.name = spec.name
        self.face = face
        self.clock = clock
        self.spawn = spawn
        self.transport = transport
        self.connectors = {
            number: Connector(number, outlet, meter_wh=rng.randrange(_MOST_METERED_WH))
            for number, outlet in enumerate(spec.outlets, 1)
        }
        self.configuration = Configuration(
            key=spec.key,
            connectors=len(spec.outlets),
            sampling=sampled_every(clock.speed),
        )
        self.profiles = Profiles()
        self.local_list = LocalList()
        self.outbox = Outbox()
        # The last sentences about it, for who asks for its log.
        self.log: deque[str] = deque(maxlen=_LOG_LINES)
        # Why the next connection begins with a boot; None when it does not.
        self.boots: BootReason | None = BootReason.POWER_UP
        self.hangs_up = asyncio.Event()
        self._tell = tell
        self._changed = asyncio.Event()

    # --- what others wait for and hear ---

    def say(self, what: str, *, connector: Connector | None = None, note: str = "") -> None:
        """Tells who watches the simulation."""
        number = None if connector is None else connector.number
        happening = Happening(self.clock.now(), self.name, what, number, note)
        self.log.append(happening.sentence)
        self._tell(happening)

    async def until(self, fits: Callable[[], bool], *, within: float) -> bool:
        """Whether it comes to be so within so many seconds of the day."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within / self.clock.speed):
                while not fits():
                    await self._changed.wait()
        return fits()

    def changed(self, connector: Connector) -> None:
        """Tells the status of a connector if it is another one, and who waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()
        word = self.face.word(connector.status)
        if word != connector.word:
            connector.word, connector.changed_at = word, self.clock.now()
        if word != connector.told and self.outbox.is_open:
            self.tell_status(connector)

    def tell_status(self, connector: Connector) -> None:
        """Tells what a connector is, and since when."""
        connector.told = connector.word
        at = connector.changed_at or self.clock.now()
        call = self.face.status(connector, connector.status, at)

        def taken(answer: dict[str, Any] | None) -> None:
            if answer is None:
                connector.told = None

        self.outbox.post(lambda: call, taken)

    def came_online(self, *, booted: bool) -> None:
        """Tells what it is after a boot, and else what has changed meanwhile."""
        if booted:
            self.outbox.post(partial(self.face.station_status, self.clock.now()))
        for connector in self.connectors.values():
            connector.told = None if booted else connector.told
            self.changed(connector)

    # --- who may charge ---

    async def authorize(self, token: Token) -> Authorization:
        """Whether a token may charge: by the central system, or without it as far as allowed."""
        listed = self._listed(token)
        at_once = self.configuration.is_on(settings.PRE_AUTHORIZE)
        if at_once and listed is not None and listed.accepted:
            return listed
        answer = await self.outbox.ask(lambda: self.face.authorize(token))
        if answer is not None:
            return self.face.authorization(answer) or Authorization(accepted=False)
        return listed or Authorization(self.configuration.is_on(settings.OFFLINE_UNKNOWN))

    def _listed(self, token: Token) -> Authorization | None:
        enabled = self.configuration.is_on(settings.LIST_ENABLED)
        return self.local_list.find(token) if enabled else None

    def admit(
        self,
        connector: Connector,
        token: Token,
        authorization: Authorization,
        *,
        remote_start_id: int | None = None,
        is_remote: bool = False,
    ) -> None:
        """Lets a driver charge, once a vehicle is plugged in."""
        seconds = self.configuration.number(settings.PLUG_TIMEOUT)
        until = self.clock.now() + timedelta(seconds=seconds)
        connector.ready = Ready(token, authorization, until, remote_start_id, is_remote)
        trigger = Trigger.REMOTE_START if is_remote else Trigger.AUTHORIZED
        if connector.battery is None:
            self.changed(connector)
        else:
            self.begin(connector, trigger)

    # --- transactions ---

    def begin(self, connector: Connector, trigger: Trigger) -> None:
        """Begins the transaction of the driver who is ready."""
        ready = connector.ready
        if ready is None or connector.battery is None or connector.error is not None:
            return
        reservation, connector.reservation = connector.reservation, None
        transaction = Transaction(
            str(uuid4()),
            connector=connector.number,
            token=ready.token,
            began_at=self.clock.now(),
            meter_start=connector.meter.watt_hours,
            reservation_id=None if reservation is None else reservation.id,
            remote_start_id=ready.remote_start_id,
        )
        transaction.group = ready.authorization.group
        connector.begin(transaction)
        self._meter(connector)
        self.say("transaction begins", connector=connector, note=ready.token.uid)
        self._note(connector, Kind.STARTED, trigger, context="Transaction.Begin")
        self.changed(connector)

    def end(self, connector: Connector, reason: Reason) -> None:
        """Ends the transaction, if there is one."""
        transaction = connector.transaction
        if transaction is None:
            return
        self._meter(connector)
        self._note(
            connector, Kind.ENDED, TRIGGERS[reason], context="Transaction.End", reason=reason
        )
        connector.end()
        self._forget_profiles(connector)
        used = connector.meter.watt_hours - transaction.meter_start
        self.say("transaction ends", connector=connector, note=f"{reason.value}, {used} Wh")
        self.changed(connector)

    def _forget_profiles(self, connector: Connector) -> None:
        """A profile for a transaction goes with it."""
        self.profiles.clear(
            lambda profile: (
                profile.purpose is Purpose.TRANSACTION and profile.connector == connector.number
            )
        )

    def transaction(self, name: str) -> Connector | None:
        """The connector whose transaction the central system calls so."""
        return next(
            (
                connector
                for connector in self.connectors.values()
                if (found := connector.transaction) is not None
                and name in (found.own_id, str(found.number))
            ),
            None,
        )

    def sample(self, connector: Connector, trigger: Trigger, *, context: str) -> None:
        """Tells what the meter of a running transaction shows."""
        self._meter(connector)
        self._note(connector, Kind.UPDATED, trigger, context=context)

    def _meter(self, connector: Connector) -> None:
        now = self.clock.now()
        connector.run_to(now, self.profiles.watts_at(now, self.supply(connector)))

    def supply(self, connector: Connector) -> Supply:
        """What a connector can give."""
        transaction, outlet = connector.transaction, connector.outlet
        active = sum(each.transaction is not None for each in self.connectors.values())
        return Supply(
            connector.number,
            outlet.watts,
            outlet.phases,
            None if transaction is None else transaction.began_at,
            max(active, 1),
        )

    def _note(
        self,
        connector: Connector,
        kind: Kind,
        trigger: Trigger,
        *,
        context: str,
        reason: Reason | None = None,
    ) -> None:
        transaction = connector.transaction
        if transaction is None:
            return
        now = self.clock.now()
        if kind is not Kind.STARTED:
            transaction.sampled_at = now
        moment = Moment(
            kind,
            trigger,
            transaction.began_at if kind is Kind.STARTED else now,
            transaction.state,
            transaction.next_seq_no(),
            offline=not self.outbox.is_open,
            reading=connector.read(now, context=context),
            reason=reason,
        )
        self.outbox.owe(
            partial(self.face.moment, transaction, moment),
            partial(self._took, connector, transaction, moment),
        )

    def _took(
        self,
        connector: Connector,
        transaction: Transaction,
        moment: Moment,
        answer: dict[str, Any] | None,
    ) -> None:
        self.face.took(transaction, moment, answer)
        said = None if answer is None else self.face.authorization(answer)
        if said is None or connector.transaction is not transaction:
            return
        transaction.group = said.group or transaction.group
        if not said.accepted and self.configuration.is_on(settings.STOP_ON_INVALID):
            self.say("token is refused", connector=connector, note=transaction.token.uid)
            self.end(connector, Reason.DEAUTHORIZED)

    # --- as time goes by ---

    async def run(self) -> None:
        """Lets energy flow and time limits pass, for ever."""
        pause = min(max(_TICK / self.clock.speed, _SHORTEST_TICK), _LONGEST_TICK)
        while True:
            await asyncio.sleep(pause)
            for connector in self.connectors.values():
                self._tick(connector, self.clock.now())

    def _tick(self, connector: Connector, now: datetime) -> None:
        if connector.ready is not None and now >= connector.ready.until:
            connector.ready = None
            self._forget_profiles(connector)
            self.say("nobody plugged in", connector=connector)
            self.changed(connector)
        if connector.reservation is not None and now >= connector.reservation.expires_at:
            self.drop_reservation(connector, "Expired")
        if connector.transaction is not None:
            self._flow(connector, connector.transaction, now)

    def _flow(self, connector: Connector, transaction: Transaction, now: datetime) -> None:
        before = transaction.state
        self._meter(connector)
        if transaction.state is not before:
            self.say(_FLOWS[transaction.state], connector=connector)
            self._note(connector, Kind.UPDATED, Trigger.STATE, context="Sample.Periodic")
            self.changed(connector)
            return
        interval = self.configuration.number(settings.SAMPLING)
        if interval and now - transaction.sampled_at >= timedelta(seconds=interval):
            self._note(connector, Kind.UPDATED, Trigger.PERIODIC, context="Sample.Periodic")

    def drop_reservation(self, connector: Connector, why: str) -> None:
        """Ends a reservation that nobody used."""
        reservation, connector.reservation = connector.reservation, None
        if reservation is None:
            return
        self.say("reservation is over", connector=connector, note=why)
        self.outbox.post(partial(self.face.reservation_over, reservation.id, why))
        self.changed(connector)

    def restart(self, reason: BootReason) -> None:
        """Hangs up and starts again; who is offline boots when there is a connection."""
        self.boots = reason
        if self.outbox.is_open:
            self.hangs_up.set()

    async def close_down(self, *, within: float) -> None:
        """Ends what runs and says so, as far as that is possible in so many real seconds."""
        for connector in self.connectors.values():
            self.end(connector, Reason.OTHER)
            connector.ready = None
            connector.disconnect()
            self.changed(connector)
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.outbox.sent()
