"""Results of commands on their way to the partners that asked for them.

2.2.1 commands, Flow: one POST to the response_url. A partner that does not take it is tried a few
times, as long as the result may still be news.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cpo_adapter import smart_charging
from cpo_adapter.asking import command_result
from cpo_adapter.store import commands as store
from cpo_adapter.store.commands import Command
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peers
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.v2_2_1.commands import CommandResultType

log = logging.getLogger(__name__)

_COMMAND = operation("commands", Interface.SENDER, "POST", "{command}/{result_id}")
_OPERATIONS = {
    smart_charging.SET: operation("chargingprofiles", Interface.SENDER, "POST", "put/{result_id}"),
    smart_charging.GET: operation("chargingprofiles", Interface.SENDER, "POST", "get/{result_id}"),
    smart_charging.CLEAR: operation(
        "chargingprofiles", Interface.SENDER, "POST", "delete/{result_id}"
    ),
    smart_charging.UPDATE: operation("chargingprofiles", Interface.SENDER, "PUT", "{session_id}"),
}
_STEPS = tuple(timedelta(seconds=seconds) for seconds in (1, 3, 10, 30, 60))
_AT_ONCE = 16
_PAUSE_SECONDS = 1.0
_CLAIMED = timedelta(seconds=30)


@dataclass(slots=True)
class Results:
    """Tells results; `poke` when one has just been written."""

    db: Database
    peers: Peers
    outgoing: Outgoing
    now: Callable[[], datetime]
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def poke(self) -> None:
        """A result may be due."""
        self._news.set()

    async def run(self) -> None:
        """Tell what is due, until cancelled; a partner that is slow to take it delays no other."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._news.clear()
                try:
                    while await self._tell_some(tasks):
                        pass
                except UNAVAILABLE as lost:
                    log.warning("results wait for the database", extra={"reason": str(lost)})
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE_SECONDS):
                        await self._news.wait()

    async def _tell_some(self, tasks: asyncio.TaskGroup) -> bool:
        now = self.now()
        timeout = command_result(CommandResultType.TIMEOUT, "the station did not answer in time")
        async with self.db.hot_transaction() as conn:
            await store.expire(conn, result={"result": timeout["result"]}, now=now)
            due = await store.claim(conn, now=now, until=now + _CLAIMED, limit=_AT_ONCE)
        for command in due:
            tasks.create_task(self._tell(command))
        return len(due) == _AT_ONCE

    async def _tell(self, command: Command) -> None:
        taken = await self._post(command)
        step = command.attempts - 1
        again = self.now() + _STEPS[step] if step < len(_STEPS) else None
        if again is None and not taken:
            log.warning("a result is given up", extra={"command": command.kind, "id": command.id})
        try:
            async with self.db.hot() as conn:
                if taken:
                    await store.told(conn, command.id)
                else:
                    await store.try_again(conn, command.id, at=again)
        except UNAVAILABLE as lost:
            # It is claimed for a while only, and then told again.
            log.warning("a result may be told twice", extra={"reason": str(lost)})

    async def _post(self, command: Command) -> bool:
        """Whether the partner has taken it, or has refused it for good."""
        update = command.kind == smart_charging.UPDATE
        peer = self.peers.get(command.peer_id)
        if peer is None and not update:
            # Who asked has left; its response_url is no business of any other peer.
            return False
        try:
            reply = await self.outgoing.send(
                _OPERATIONS.get(command.kind, _COMMAND),
                to=Party.of_key(command.owner),
                peer=peer,
                params={"session_id": command.transaction_id or ""} if update else None,
                body=_body(command),
                url=None if update else command.response_url,
                correlation_id=command.correlation_id,
                urgent=True,
            )
        except OcpiError as error:
            log.info("a result was not taken", extra={"reason": error.message})
            return False
        return reply.ok or 2000 <= reply.status_code < 3000


def _body(command: Command) -> dict[str, object]:
    """A profile that nobody answered about is REJECTED: there is no TIMEOUT among its results."""
    result = dict(command.result or {})
    if command.kind in _OPERATIONS and result.get("result") == CommandResultType.TIMEOUT:
        return {"result": "REJECTED"}
    return result
