"""What stations will do in the next while, told to the partners whose profiles they have.

2.2.1 charging profiles, PUT on the Sender interface: each change that we know of, of a session for
which the partner has set a profile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from cpo_adapter import smart_charging
from cpo_adapter.commands import Stations
from cpo_adapter.ocpp.calls import GetCompositeSchedule, Schedule
from cpo_adapter.profile_translation import to_partner, unlimited
from cpo_adapter.store import charging_profiles, commands, transactions
from cpo_adapter.store.commands import Command
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import UNAVAILABLE, Database

log = logging.getLogger(__name__)

# CHP-06: between 5 and 60 minutes.
_SPAN_SECONDS = 1800


@dataclass(slots=True)
class ActiveProfiles:
    """Tells what has changed; `timeout` in seconds is of one call to a station."""

    db: Database
    stations: Stations
    timeout: float
    now: Callable[[], datetime]
    poke: Callable[[], None]
    _changed: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def changed(self, station_id: str) -> None:
        """Something else than its partners has changed how a station charges."""
        self._changed.put_nowait(station_id)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._look(await self._changed.get()))

    async def _look(self, station_id: str) -> None:
        try:
            async with self.db.hot() as conn:
                kept = await charging_profiles.set_by_partners(conn, station_id)
                found = [
                    (each, await transactions.find(conn, each.transaction_id)) for each in kept
                ]
            for profile, session in found:
                if session is not None and profile.owner is not None:
                    await self._tell(session, profile.owner)
        except UNAVAILABLE as lost:
            log.warning("a change of a profile is not told", extra={"reason": str(lost)})

    async def _tell(self, session: Transaction, owner: str) -> None:
        active = await self._active(session)
        command = Command(
            id=str(uuid4()),
            kind=smart_charging.UPDATE,
            owner=owner,
            peer_id="",
            response_url="",
            correlation_id=str(uuid4()),
            station_id=session.station_id,
            transaction_id=session.id,
            created_at=self.now(),
        )
        async with self.db.hot_transaction() as conn:
            await commands.owe(conn, command, result=active)
        self.poke()

    async def _active(self, session: Transaction) -> dict[str, Any]:
        """As the station says; what one that does not say may do is not limited by a profile."""
        question = GetCompositeSchedule(session.evse, _SPAN_SECONDS)
        answer = await self.stations.perform(session.station_id, question, timeout=self.timeout)
        if answer.outcome.accepted and isinstance(answer.value, Schedule):
            return to_partner(answer.value, now=self.now())
        rated = Decimal((session.place or {}).get("rated_watts") or 0)
        return unlimited(rated, now=self.now())
