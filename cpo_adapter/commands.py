"""Commands and charging profiles of partners: answered at once, carried out, their results owed.

A command is committed before its station is asked, and its result before the partner is told:
neither a restart nor a lost answer leaves a partner without a result.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any, Protocol

from cpo_adapter import smart_charging
from cpo_adapter.asking import Asked, Call, Desk, Done, Plan, Prepare, Refused, Result
from cpo_adapter.ocpp.calls import Command as StationCommand
from cpo_adapter.ocpp.calls import CommandAnswer
from cpo_adapter.reserving import cancel_reservation, reserve_now
from cpo_adapter.starting import start_session, stop_session, unlock_connector
from cpo_adapter.store import commands as store
from cpo_adapter.store.commands import Command
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.protocol.v2_2_1.commands import CommandResponseType

log = logging.getLogger(__name__)

PREPARE: dict[str, Prepare] = {
    "START_SESSION": start_session,
    "STOP_SESSION": stop_session,
    "UNLOCK_CONNECTOR": unlock_connector,
    "RESERVE_NOW": reserve_now,
    "CANCEL_RESERVATION": cancel_reservation,
    smart_charging.SET: smart_charging.set_profile,
    smart_charging.GET: smart_charging.get_profile,
    smart_charging.CLEAR: smart_charging.clear_profile,
}

# CMD-24: of the time that partners wait, the station has so much; the rest is for the way back.
_STATIONS_SHARE = 0.9


class Stations(Protocol):
    """Who carries commands out: ocpp.registry.Registry."""

    async def perform(
        self, station_id: str, command: StationCommand, *, timeout: float
    ) -> CommandAnswer:
        """What became of the command."""
        ...


@dataclass(frozen=True, slots=True)
class Commands:
    """Takes commands. `timeout` in seconds is what is promised to partners, a station's queue
    included; `poke` says that a result is owed; `tasks` lives as long as the service.
    """

    db: Database
    desk: Desk
    stations: Stations
    timeout: float
    poke: Callable[[], None]
    tasks: asyncio.TaskGroup

    async def take(self, asked: Asked) -> Result:
        """The CommandResponse, or the ChargingProfileResponse."""
        try:
            async with self.db.hot_transaction() as conn:
                plan = await PREPARE[asked.kind](conn, asked, self.desk)
                await store.add(conn, self._row(asked, plan))
                if isinstance(plan, Done):
                    await store.answer(conn, asked.id, result=plan.result, now=self.desk.now())
        except Refused as refused:
            return _refusal(asked, refused)
        if isinstance(plan, Done):
            self.poke()
        else:
            self.begin(plan, command_id=asked.id)
        return {"result": CommandResponseType.ACCEPTED.value, "timeout": ceil(self.timeout)}

    def begin(self, call: Call, *, command_id: str | None = None) -> None:
        """Have a station do it; the result is owed for that command, or to nobody."""
        self.tasks.create_task(self._carry_out(call, command_id))

    async def _carry_out(self, call: Call, command_id: str | None) -> None:
        answer = await self._perform(call.station_id, call.command)
        try:
            async with self.db.hot_transaction() as conn:
                result = await call.settle(conn, answer)
                if command_id is not None:
                    await store.answer(conn, command_id, result=result, now=self.desk.now())
        except UNAVAILABLE as lost:
            # The row still waits: the partner hears TIMEOUT when the database is back.
            log.warning("a result is lost with the database", extra={"reason": str(lost)})
        self.poke()
        if answer.outcome.accepted and call.afterwards is not None:
            await self._perform(call.afterwards.station_id, call.afterwards.command)

    async def _perform(self, station_id: str, command: StationCommand) -> CommandAnswer:
        seconds = self.timeout * _STATIONS_SHARE
        return await self.stations.perform(station_id, command, timeout=seconds)

    def _row(self, asked: Asked, plan: Plan) -> Command:
        call = plan if isinstance(plan, Call) else None
        now = self.desk.now()
        return Command(
            id=asked.id,
            kind=asked.kind,
            owner=asked.owner.key,
            peer_id=asked.peer_id,
            response_url=asked.response_url,
            correlation_id=asked.correlation_id,
            station_id=None if call is None else call.station_id,
            transaction_id=None if call is None else call.transaction_id,
            request=asked.body,
            remote_start_id=None if call is None else call.remote_start_id,
            deadline=now + timedelta(seconds=self.timeout),
            created_at=now,
        )


def _refusal(asked: Asked, refused: Refused) -> Result:
    made: dict[str, Any] = {"result": refused.response.value, "timeout": 0}
    if asked.session_id is None:
        # A ChargingProfileResponse has no message.
        made["message"] = [{"language": "en", "text": refused.message}]
    return made


def command_body(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a command: all but where its result goes, which has a column of its own."""
    return {name: value for name, value in document.items() if name != "response_url"}
