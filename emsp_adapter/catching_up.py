"""What partners have that was not pushed: read from each peer after it connects, after an outage of
its or ours, and every PULL_INTERVAL. Source: 2.2.1 locations, tariffs, sessions, cdrs, Sender GET.

A list is read from where it was read last. Of a party that appears behind a hub nothing was read
yet, whatever the stamps of its objects: it is asked by itself, for everything.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from emsp_adapter.contracts import cdrs, sessions
from emsp_adapter.network import locations, tariffs
from emsp_adapter.office import Office
from emsp_adapter.store import pulls
from ocpi_hub.node.engine import UNAVAILABLE
from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.pull import pull
from ocpi_hub.peering.store.peers import Presence
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.paging import name_of, object_of
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_RETRY_SECONDS = 60.0
# A list that does not end in this time is read on another time, from its beginning.
_LONGEST_SECONDS = 600.0
# Stamps of others may be a little behind the moment they were written.
_OVERLAP = timedelta(minutes=10)

# Keeps one object of a party, unless what is known is newer.
Keep = Callable[[Office, Party, dict[str, Any]], Awaitable[None]]
_KEEPERS: Mapping[str, Keep] = {
    "tariffs": tariffs.keep,
    "locations": locations.keep,
    "sessions": sessions.keep,
    "cdrs": cdrs.keep,
}
# SES-03: the list of Sessions is never asked for without a date.
_AT_FIRST = {"sessions": timedelta(days=30)}


@dataclass(slots=True)
class CatchingUp:
    """Reads the lists of peers. `clock` is monotonic."""

    office: Office
    clock: Callable[[], float] = time.monotonic
    # When each list is read next.
    _due: dict[tuple[str, str], float] = field(default_factory=dict)
    # Which CPOs each peer led to when it was looked at last.
    _present: dict[str, frozenset[Party]] = field(default_factory=dict)

    # The peers whose lists are being read: one that is slow holds up no other.
    _busy: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for peer in self.office.side.peers.ready:
                    if peer.id not in self._busy:
                        self._busy.add(peer.id)
                        group.create_task(self._guarded(peer))
                await asyncio.sleep(_TICK_SECONDS)

    async def _guarded(self, peer: Peer) -> None:
        """One look at a peer; whatever it has, the others' go on."""
        try:
            await self._look(peer)
        except UNAVAILABLE as lost:
            log.warning("catching up waits for the database", extra={"reason": str(lost)})
        except Exception:
            log.exception("lists could not be read", extra={"peer": peer.name})
        finally:
            self._busy.discard(peer.id)

    async def _look(self, peer: Peer) -> None:
        present = _present(peer)
        returned = bool(present - self._present.get(peer.id, frozenset()))
        self._present[peer.id] = present
        for module, keep in _KEEPERS.items():
            due = returned or self._due.get((peer.id, module), 0.0) <= self.clock()
            if due and (module, Interface.SENDER) in peer.endpoints:
                await self._read(peer, module, keep, present)

    async def _read(self, peer: Peer, module: str, keep: Keep, present: frozenset[Party]) -> None:
        async with self.office.db.hot() as conn:
            read = await pulls.read_at(conn, peer.id, module)
        last = read.get(pulls.EVERYBODY)
        whole = await self._pull(peer, module, keep, since=last)
        newcomers = [] if not peer.is_hub else [each for each in present if each.key not in read]
        for party in newcomers:
            # With the first reading of the whole list everybody's objects came.
            if last is None and whole:
                await self._mark(peer, module, party, self.office.now())
            else:
                whole = await self._pull(peer, module, keep, to=party) and whole
        pause = self.office.settings.pull_interval if whole else _RETRY_SECONDS
        self._due[peer.id, module] = self.clock() + pause

    async def _pull(
        self,
        peer: Peer,
        module: str,
        keep: Keep,
        *,
        since: datetime | None = None,
        to: Party | None = None,
    ) -> bool:
        """Read a list to its end; whether that went well."""
        begun = self.office.now()
        if since is None and module in _AT_FIRST:
            since = begun - _AT_FIRST[module]
        date_from = None if since is None else since - _OVERLAP
        found = pull(self.office.side.outgoing, peer, module, date_from=date_from, to=to)
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                async for listed in found:
                    await self._keep(peer, module, keep, listed)
        except (OcpiError, TimeoutError) as error:
            reason = str(error) or f"it took longer than {_LONGEST_SECONDS} seconds"
            log.info(
                "a list was not read", extra={"of": module, "peer": peer.name, "reason": reason}
            )
            return False
        await self._mark(peer, module, to, begun)
        return True

    async def _mark(self, peer: Peer, module: str, party: Party | None, at: datetime) -> None:
        async with self.office.db.hot() as conn:
            await pulls.mark(conn, peer.id, module, party=party, read_at=at)

    async def _keep(self, peer: Peer, module: str, keep: Keep, listed: Any) -> None:
        """An object that cannot be used is left out; it holds up no other."""
        left_out = {"of": module, "peer": peer.name, "object": name_of(listed)}
        try:
            document = object_of(listed)
            owner = Party.checked(
                document.get("country_code", ""), document.get("party_id", ""), where=module
            )
            if owner in peer.owners:
                await keep(self.office, owner, document)
        except UNAVAILABLE:
            raise
        except OcpiError as error:
            log.info("an object was left out", extra=left_out | {"reason": error.message})
        except Exception:
            # Nobody thought of it: the list would end here again and again, with the same object.
            log.exception("an object was left out", extra=left_out)


def _present(peer: Peer) -> frozenset[Party]:
    """The CPOs that can be reached over a peer now: none while it is away itself."""
    if peer.presence is not Presence.CONNECTED:
        return frozenset()
    behind = {
        each.party
        for each in peer.clients
        if each.role is Role.CPO and each.status is ConnectionStatus.CONNECTED
    }
    return frozenset(behind | {each.party for each in peer.roles if each.role is Role.CPO})
