"""What partners have that was not pushed: read from each peer after it connects, after an outage of
its or ours, and now and then. Source: 2.2.1 locations, tariffs, sessions, cdrs, Sender GET.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from emsp_adapter.office import Office
from ocpi_hub.node.steady import steadily
from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.pull import pull
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_RETRY_SECONDS = 60.0
# Stamps of others may be a little behind the moment they were written.
_OVERLAP = timedelta(minutes=10)

# Keeps one object of a party, unless what is known is newer.
Keep = Callable[[Office, Party, dict[str, Any]], Awaitable[None]]
_KEEPERS: Mapping[str, Keep] = {}


@dataclass(slots=True)
class CatchingUp:
    """Reads every list of each peer every PULL_INTERVAL; `clock` is monotonic."""

    office: Office
    clock: Callable[[], float] = time.monotonic
    # When each list is read next, and up to when it was read last.
    _due: dict[tuple[str, str], float] = field(default_factory=dict)
    _read: dict[tuple[str, str], datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("catching up", self.step, pause=_TICK_SECONDS)

    def returned(self) -> None:
        """A peer is back: what it could not tell meanwhile is read."""
        self._due.clear()

    async def step(self) -> None:
        """Read every list that is due."""
        for peer in self.office.side.peers.ready:
            for module, keep in _KEEPERS.items():
                serves = (module, Interface.SENDER) in peer.endpoints
                if serves and self._due.get((peer.id, module), 0.0) <= self.clock():
                    await self._pull(peer, module, keep)

    async def _pull(self, peer: Peer, module: str, keep: Keep) -> None:
        which = (peer.id, module)
        begun = self.office.now()
        last = self._read.get(which)
        since = None if last is None else last - _OVERLAP
        try:
            async for document in pull(self.office.side.outgoing, peer, module, date_from=since):
                await self._keep(peer, module, keep, document)
        except OcpiError as error:
            log.info(
                "a list was not read",
                extra={"of": module, "peer": peer.name, "reason": error.message},
            )
            self._due[which] = self.clock() + _RETRY_SECONDS
            return
        self._read[which] = begun
        self._due[which] = self.clock() + self.office.settings.pull_interval

    async def _keep(self, peer: Peer, module: str, keep: Keep, document: dict[str, Any]) -> None:
        """An object that cannot be used is left out; it holds up no other."""
        try:
            owner = Party.checked(
                document.get("country_code", ""), document.get("party_id", ""), where=module
            )
            if owner in peer.owners:
                await keep(self.office, owner, document)
        except OcpiError as error:
            log.info(
                "an object was left out",
                extra={"of": module, "peer": peer.name, "reason": error.message},
            )
