"""Which peers answer: what was heard of them is kept, and who is away is asked now and then."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peer, Peers
from ocpi_hub.peering.store import announced
from ocpi_hub.peering.store import peers as store
from ocpi_hub.peering.store.peers import Presence as State

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_BEAT_SECONDS = 4.0
_KEEP = timedelta(seconds=5)
_FIRST_PROBE = 2.0
_LAST_PROBE = 30.0
_PROBE_TIMEOUT = 5.0


@dataclass(slots=True)
class Presence:
    """Keeps presence true. `returned` is told when a peer answers again; `clock` is monotonic."""

    db: Database
    peers: Peers
    outgoing: Outgoing
    returned: Callable[[], None]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    clock: Callable[[], float] = time.monotonic
    # When who is away is asked next, and how long the pause before it was.
    _probes: dict[str, tuple[float, float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Watch until cancelled, and say that this service runs."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(steadily("sign of life", self._beat, pause=_BEAT_SECONDS))
                group.create_task(steadily("presence", self._look, pause=_TICK_SECONDS))
        finally:
            await self._rest()

    async def _beat(self) -> None:
        async with self.db.hot() as conn:
            await announced.beat(conn)

    async def _look(self) -> None:
        registered = [peer for peer in self.peers if peer.registered]
        for peer in registered:
            await self._keep(peer)
        async with asyncio.TaskGroup() as group:
            for peer in registered:
                if self._probe_is_due(peer):
                    group.create_task(self._probe(peer))

    async def _rest(self) -> None:
        with suppress(*UNAVAILABLE):
            async with asyncio.timeout(_TICK_SECONDS), self.db.hot() as conn:
                await announced.rest(conn)

    async def _keep(self, peer: Peer) -> None:
        state = State.OFFLINE if self.outgoing.away(peer) else State.CONNECTED
        heard = self.outgoing.heard_at(peer)
        news = heard is not None and (peer.last_seen is None or heard - peer.last_seen > _KEEP)
        if state is peer.presence and not news:
            return
        async with self.db.hot() as conn:
            await store.keep_presence(
                conn, peer.id, presence=state, last_seen=heard, now=self.now()
            )
        if state is not peer.presence:
            log.info("peer is %s", state.value, extra={"action": "presence", "peer": peer.name})
            await self.peers.refresh()

    def _probe_is_due(self, peer: Peer) -> bool:
        if not self.outgoing.away(peer):
            self._probes.pop(peer.id, None)
            return False
        return self.clock() >= self._probes.get(peer.id, (0.0, 0.0))[0]

    async def _probe(self, peer: Peer) -> None:
        if await self.outgoing.alive(peer, timeout=_PROBE_TIMEOUT):
            self.returned()
            return
        _, before = self._probes.get(peer.id, (0.0, _FIRST_PROBE / 2))
        pause = min(2 * before, _LAST_PROBE)
        jittered = pause * random.uniform(0.75, 1.25)  # noqa: S311 - jitter
        self._probes[peer.id] = self.clock() + jittered, pause
