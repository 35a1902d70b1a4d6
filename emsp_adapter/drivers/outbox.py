"""What is owed to the outside leaves from here: tried again with patience, given up after a day."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from emsp_adapter.office import Office
from emsp_adapter.store import outbox
from emsp_adapter.store.outbox import Channel, Owed
from ocpi_hub.node.steady import steadily

log = logging.getLogger(__name__)

_AT_ONCE = 16
_PAUSE = 0.5
# Longer than any carrier may take.
_CLAIMED_FOR = timedelta(minutes=2)
_GIVEN_UP_AFTER = timedelta(days=1)
_LONGEST_FAILURE = 300
# The last of them again and again.
_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200)


class NotDelivered(Exception):
    """It did not arrive; `final` says that it never will."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class Carrier(Protocol):
    """Brings one thing to where it goes; a second time does little harm."""

    async def carry(self, owed: Owed) -> None:
        """Returns when it has arrived, else NotDelivered."""
        ...


@dataclass(frozen=True, slots=True)
class Outbox:
    """Sends what is due; what does not arrive holds up nothing else."""

    office: Office
    carriers: Mapping[Channel, Carrier]

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("outbox", self.step, pause=_PAUSE)

    async def step(self) -> None:
        """Sends what is due now."""
        while await self._some() == _AT_ONCE:
            pass

    async def _some(self) -> int:
        now = self.office.now()
        async with self.office.db.hot() as conn:
            due = await outbox.claim(conn, now=now, until=now + _CLAIMED_FOR, limit=_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for owed in due:
                group.create_task(self._send(owed))
        return len(due)

    async def _send(self, owed: Owed) -> None:
        try:
            await self.carriers[Channel(owed.channel)].carry(owed)
        except NotDelivered as error:
            await self._failed(owed, error)
            return
        async with self.office.db.hot() as conn:
            await outbox.done(conn, owed.id)

    async def _failed(self, owed: Owed, error: NotDelivered) -> None:
        seconds = _SECONDS[min(owed.attempts, len(_SECONDS)) - 1]
        next_at = self.office.now() + timedelta(seconds=seconds)
        given_up = error.final or next_at > owed.created_at + _GIVEN_UP_AFTER
        # Neither the address nor what was to be said: both are somebody's.
        failure = str(error)[:_LONGEST_FAILURE]
        said = {"of": owed.channel, "subject": owed.id, "reason": failure}
        async with self.office.db.hot() as conn:
            if given_up:
                log.warning("something was given up that was to be sent", extra=said)
                await outbox.done(conn, owed.id)
            else:
                log.info("something is sent again later", extra=said)
                await outbox.failed(conn, owed.id, failure=failure, next_at=next_at)
