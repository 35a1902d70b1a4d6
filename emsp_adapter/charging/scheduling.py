"""Starts at a time that the driver chose: kept here, made once, told when they were missed; and
the ends of what a blocked driver charges.

The row is the plan: it survives a restart, and who locks it first starts it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta

from emsp_adapter.charging import charges, starting, stopping
from emsp_adapter.charging.course import Event
from emsp_adapter.charging.refusals import Refused
from emsp_adapter.network import availability, places
from emsp_adapter.office import Office
from emsp_adapter.store import charges as store
from emsp_adapter.store.charges import Charge
from ocpi_hub.node.engine import UNAVAILABLE
from ocpi_hub.node.steady import steadily

log = logging.getLogger(__name__)

_PAUSE = 0.5
_AT_ONCE = 20
_TOO_LATE = "The service was not running at the time that you chose."


@dataclass(slots=True)
class Schedule:
    """Starts what is due, and ends what may not go on."""

    office: Office
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            await steadily("planned starts", lambda: self.step(group), pause=_PAUSE)

    async def step(self, group: asyncio.TaskGroup) -> None:
        """Begin what has become due; a slow operator holds up no other."""
        room = _AT_ONCE - len(self._running)
        if room <= 0:
            return
        async with self.office.db.hot() as conn:
            ending = await store.to_stop(conn, limit=room)
        works = [self._end(charge) for charge in ending]
        works += [self._begin(charge) for charge in await self._claimed(room)]
        for work in works:
            task = group.create_task(work)
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _claimed(self, limit: int) -> list[Charge]:
        office = self.office
        grace = timedelta(seconds=office.settings.planned_start_grace)
        claimed = []
        async with office.db.hot_transaction() as conn:
            now = office.now()
            for charge in await store.due(conn, now=now, limit=limit):
                if charge.start_at is not None and now - charge.start_at > grace:
                    await charges.happen(conn, office, charge, Event.MISSED, reason=_TOO_LATE)
                    continue
                deadline = starting.first_deadline(office)
                claimed.append(
                    await charges.happen(conn, office, charge, Event.DUE, deadline=deadline)
                )
        return claimed

    async def _begin(self, charge: Charge) -> None:
        try:
            await self._start(charge)
        except UNAVAILABLE as lost:
            # The row is starting: its deadline says what becomes of it.
            log.warning("a planned start waits for the database", extra={"reason": str(lost)})

    async def _end(self, charge: Charge) -> None:
        try:
            await stopping.stop(self.office, charge.driver_id, charge.id)
        except Refused:
            log.info("a charge was over before it was stopped", extra={"charge": charge.id})
        except UNAVAILABLE as lost:
            log.warning("a stop waits for the database", extra={"reason": str(lost)})

    async def _start(self, charge: Charge) -> None:
        office = self.office
        key = charge.place["location"]["id"]
        try:
            async with office.db.hot_transaction() as conn:
                plug = await places.plug(conn, key, charge.evse_uid, charge.connector_id)
                await availability.check_start(
                    conn, office, charge.driver_id, plug, besides=charge.id
                )
        except places.UnknownPlace:
            await self._missed(charge, "The charging point is no longer there.")
        except Refused as refused:
            await self._missed(charge, str(refused))
        else:
            await starting.carry_out(office, charge, plug)

    async def _missed(self, charge: Charge, reason: str) -> None:
        async with self.office.db.hot_transaction() as conn:
            current = await store.find(conn, charge.id, lock=True) or charge
            await charges.happen(conn, self.office, current, Event.MISSED, reason=reason)
