"""What stations are asked of our own accord: settings, profiles, the local list, their statuses.

One CALL at a time, since stations choke on bursts (bridge rules 4.10). A station that goes away is
asked again when it is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cpo_adapter import follow_ups, local_list, smart_charging
from cpo_adapter.commands import Stations
from cpo_adapter.ocpp.calls import Command, CommandAnswer, GetVariables, Outcome
from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import version_of
from cpo_adapter.store import charging_profiles
from cpo_adapter.store import stations as store
from cpo_adapter.store.stations import Station
from ocpi_hub.node.engine import UNAVAILABLE, Database, Hot

log = logging.getLogger(__name__)

# For a station that comes back without a boot: a boot that follows makes it needless.
_PATIENCE_SECONDS = 5.0
_LIST_SECONDS = 30.0
# The version kept of a station that has no local list; it is asked again after its next boot.
NO_LISTS = -1
_AWAY = frozenset({Outcome.NOT_CONNECTED, Outcome.TIMEOUT})

Errand = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Errands:
    """Runs them; one errand of a station at a time. `timeout` in seconds is of one CALL."""

    db: Database
    stations: Stations
    connected: Callable[[], Sequence[str]]
    timeout: float
    now: Callable[[], datetime]
    # A station whose sessions may no longer charge by the profiles they had.
    profiles_lost: Callable[[str], None]
    _begun: asyncio.Queue[tuple[str, Errand, float]] = field(default_factory=asyncio.Queue)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    def booted(self, station_id: str) -> None:
        """The station was accepted."""
        self._start(station_id, self._after_boot)

    def reconnected(self, station_id: str) -> None:
        """The station has connected; whether it boots is seen in a while."""
        self._start(station_id, self._after_reconnect, after=_PATIENCE_SECONDS)

    def approved(self, station_id: str) -> None:
        """The station may take part now, and has to hear so."""
        self._start(station_id, self._after_approval)

    def ask(self, station_id: str, command: Command) -> None:
        """Has a station do something that nobody waits for."""

        async def errand(station_id: str) -> None:
            await self._perform(station_id, command)

        self._start(station_id, errand)

    async def run(self) -> None:
        """Run them until cancelled, and keep the local lists as they should be."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_lists())
            while True:
                station_id, errand, after = await self._begun.get()
                tasks.create_task(self._in_turn(station_id, errand, after))

    async def _keep_lists(self) -> None:
        while True:
            for station_id in self.connected():
                self._start(station_id, self._list)
            await asyncio.sleep(_LIST_SECONDS)

    def _start(self, station_id: str, errand: Errand, *, after: float = 0.0) -> None:
        self._begun.put_nowait((station_id, errand, after))

    async def _in_turn(self, station_id: str, errand: Errand, after: float) -> None:
        await asyncio.sleep(after)
        async with self._turns.setdefault(station_id, asyncio.Lock()):
            try:
                await errand(station_id)
            except UNAVAILABLE as lost:
                log.warning("an errand waits for the database", extra={"reason": str(lost)})

    async def _after_boot(self, station_id: str) -> None:
        async with self.db.hot() as conn:
            station = await store.find(conn, station_id)
        if station is None:
            return
        version = version_of(station.protocol)
        if version is Version.V16:
            # All keys; 2.0.1 would need a report, and says what it is asked for.
            await self._perform(station_id, GetVariables())
        else:
            await self._perform(station_id, GetVariables(smart_charging.VARIABLES))
        async with self.db.hot() as conn:
            station = await store.find(conn, station_id) or station
        for command in follow_ups.after_boot(station):
            # One that a station does not know keeps none of the others from it.
            await self._perform(station_id, command)
        await self._send_profiles(station_id)
        if station.local_list_version == NO_LISTS:
            async with self.db.hot() as conn:
                await local_list.acknowledged(conn, station_id, version=0)
        await self._list(station_id)

    async def _after_reconnect(self, station_id: str) -> None:
        async with self.db.hot() as conn:
            questions = await follow_ups.after_reconnect(conn, station_id)
        if questions:
            await self._ask(station_id, questions)
            await self._send_profiles(station_id)

    async def _send_profiles(self, station_id: str) -> None:
        """Again those that it may have forgotten (bridge rules 4.9)."""
        async with self.db.hot() as conn:
            kept = await smart_charging.to_send_again(conn, station_id)
        lost = False
        for session_id, command in kept:
            answer = await self._perform(station_id, command)
            if not answer.outcome.accepted and answer.outcome not in _AWAY:
                async with self.db.hot() as conn:
                    await charging_profiles.lost(conn, session_id, now=self.now())
                lost = True
        if lost:
            self.profiles_lost(station_id)

    async def _after_approval(self, station_id: str) -> None:
        await self._ask(station_id, follow_ups.after_approval())

    async def _list(self, station_id: str) -> None:
        async with self.db.hot() as conn:
            needed = await self._needed_list(conn, station_id)
        if needed is None:
            return
        refusal = await self._ask(station_id, needed.calls)
        version = needed.version if refusal is None else _version_after(refusal)
        async with self.db.hot() as conn:
            await local_list.acknowledged(conn, station_id, version=version)

    async def _needed_list(self, conn: Hot, station_id: str) -> local_list.Sync | None:
        station: Station | None = await store.find(conn, station_id)
        if station is None or station.status != "accepted":
            return None
        if station.local_list_version == NO_LISTS:
            return None
        return await local_list.sync(conn, station, now=self.now())

    async def _ask(self, station_id: str, commands: Sequence[Command]) -> CommandAnswer | None:
        """The answer of a command that was not accepted, after which no other is sent."""
        for command in commands:
            answer = await self._perform(station_id, command)
            if not answer.outcome.accepted:
                return answer
        return None

    async def _perform(self, station_id: str, command: Command) -> CommandAnswer:
        """What became of it; settings that are told are kept."""
        answer = await self.stations.perform(station_id, command, timeout=self.timeout)
        found = answer.value if isinstance(answer.value, tuple) else ()
        told = [each for each in found if each.value is not None]
        if told:
            async with self.db.hot_transaction() as conn:
                await follow_ups.keep_configuration(conn, station_id, told, now=self.now())
        return answer


def _version_after(refusal: CommandAnswer) -> int:
    """What a station has that did not take its list: nobody knows, or it takes none."""
    return 0 if refusal.outcome in _AWAY else NO_LISTS
