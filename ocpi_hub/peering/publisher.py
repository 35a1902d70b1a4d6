"""Who is told what: follows what is published for each audience, and keeps how far it came.

A peer that is away costs nothing: it continues from its cursor, with each object once and as it is
then. What somebody refuses is parked and never in the way of the rest. One process does this.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.steady import steadily
from ocpi_hub.peering.audience import Progress, Round, Told
from ocpi_hub.peering.delivery import PUTS, Delivery
from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peer, Peers
from ocpi_hub.peering.store import cursors
from ocpi_hub.peering.store.cursors import Audience
from ocpi_hub.peering.store.turn import check, turn
from ocpi_hub.protocol.modules import FUNCTIONAL
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface

# Open transactions elsewhere hold changes back a moment longer than the poke that tells of them.
_POLL_SECONDS = 0.25
_TURN_SECONDS = 1.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class Publisher:
    """Tells everybody what is published. `told` counts what became of it."""

    db: Database
    peers: Peers
    outgoing: Outgoing
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    told: Told = field(default_factory=Told)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    # Replaced each time somebody has come back: whoever pauses then looks at once.
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _begun: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.peers.changed.append(self.returned)

    def poke(self) -> None:
        """Something was published and committed: look now instead of at the next poll."""
        self._wake.set()

    def returned(self) -> None:
        """Somebody has come back, or has changed: what waits is tried at once."""
        self._begun.clear()
        self._news.set()
        self._news = asyncio.Event()
        self.poke()

    async def run(self) -> None:
        """Tell everybody until cancelled."""
        await steadily("publisher", self._take_turn, pause=_TURN_SECONDS)

    async def _take_turn(self) -> None:
        async with turn(self.db) as held:
            if held is None:
                return
            async with asyncio.TaskGroup() as group:
                group.create_task(_keep(held))
                await self._look(group)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        """A task for each audience that is behind and can be told, so that none delays another."""
        busy: dict[Audience, asyncio.Task[None]] = {}
        while True:
            self._wake.clear()
            await self._begin()
            async with self.db.hot() as conn:
                behind = await cursors.behind(conn, now=self.now())
            busy = {audience: task for audience, task in busy.items() if not task.done()}
            for audience in sorted(behind - busy.keys()):
                if self._way(audience) is not None:
                    busy[audience] = group.create_task(self._tell(audience))
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._wake.wait()

    async def _begin(self) -> None:
        """A peer that takes a module is told all there is of it."""
        role = self.outgoing.identity.role
        modules = {row.module for row in FUNCTIONAL if row.broadcast and role in row.callers}
        for peer in self.peers.ready:
            taken = {
                module
                for module in modules
                if (module, Interface.RECEIVER) in peer.endpoints
                and self.outgoing.addressees(PUTS[module], peer)
            }
            fresh = {(peer.id, module) for module in taken} - self._begun
            if fresh:
                async with self.db.hot() as conn:
                    await cursors.begin(conn, peer.id, modules=sorted(m for _, m in fresh))
                self._begun |= fresh

    def _way(self, audience: Audience) -> Peer | None:
        """The peer that an audience is told by; None while it cannot be told."""
        if audience.peer_id:
            peer = self.peers.get(audience.peer_id)
            reached = peer is not None and peer.ready
        else:
            party = Party.of_key(audience.party)
            peer = self.peers.route(party)
            # HCI-09: nothing is sent to who is not there. Who only asks for it is not told.
            reached = peer is not None and (not peer.is_hub or peer.reaches(party))
        if peer is None or not reached:
            return None
        return peer if (audience.module, Interface.RECEIVER) in peer.endpoints else None

    async def _tell(self, audience: Audience) -> None:
        """Until there is nothing more to tell, or no way to tell it."""
        pause = _FIRST_PAUSE
        round_ = Round(self.db, audience, self.now, self.told)
        while (peer := self._way(audience)) is not None:
            news = self._news
            match await round_.run(Delivery(self.db, self.outgoing, peer, audience)):
                case Progress.UP_TO_DATE:
                    return
                case Progress.MORE:
                    pause = _FIRST_PAUSE
                case Progress.WAITING:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause * random.uniform(0.5, 1)):  # noqa: S311
                            await news.wait()
                    pause = min(2 * pause, _LONGEST_PAUSE)


async def _keep(held: Hot) -> None:
    """Ends, with an error, when the turn is lost."""
    while True:
        await asyncio.sleep(_TURN_SECONDS)
        await check(held)
