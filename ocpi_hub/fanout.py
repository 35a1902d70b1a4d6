"""Who tells whom: leases receivers, runs a follower for each, and keeps their cursors.

A receiver is leased by one process at a time, so that it is told by one. A receiver that is away
costs nothing: it continues from its cursor. Design section 5.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from ocpi_hub.assembly import Assembly
from ocpi_hub.follower import Follower, Means
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.outbound import Outbound
from ocpi_hub.protocol.modules import BROADCAST_MODULES
from ocpi_hub.protocol.party import Party
from ocpi_hub.registry import Registry
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.snapshot import PartyRole, Snapshot
from ocpi_hub.store import backfills, cursors, leases
from ocpi_hub.store.cursors import Move
from ocpi_hub.tail import Tail

LEASE_SECONDS = 10.0
_RENEW_SECONDS = 3.0
# A lease is not used in its last moments: a request takes a while to get there.
_LEASE_MARGIN = 1.0
_SAVE_SECONDS = 0.2
_RETRY_SECONDS = 1.0
_PAUSE_SECONDS = 0.1

# The modules a party is told, and the role in which.
Roles = Mapping[str, PartyRole]


@dataclass(slots=True)
class Lease:
    """A receiver's lease; `until` is on our monotonic clock and errs to the early side."""

    name: str
    epoch: int
    until: float
    roles: Roles
    followers: list[Follower] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def may_send(self) -> bool:
        """Whether it still holds for long enough to send something."""
        return time.monotonic() < self.until - _LEASE_MARGIN


@dataclass(slots=True)
class Fanout:
    """Runs the tails, and a follower for each leased receiver and module."""

    db: Database
    registry: Registry
    outbound: Outbound
    guard: AddressGuard
    hub: Party
    timeout: float
    holder: str = field(default_factory=lambda: uuid4().hex)
    tails: dict[str, Tail] = field(init=False)
    _means: Means = field(init=False)
    _leases: dict[str, Lease] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tails = {module: Tail(self.db, module) for module in BROADCAST_MODULES}
        self._means = Means(
            self.db,
            self.registry,
            self.outbound,
            self.guard,
            self.hub,
            self.timeout,
            Assembly(self.db, lambda: self.tails["locations"].end),
            walks=set(),
        )

    def poke(self, module: str) -> None:
        """This process wrote something of a module."""
        self.tails[module].poke()

    async def run(self) -> None:
        """Tell everybody, until cancelled; leases are given back then."""
        try:
            async with asyncio.TaskGroup() as group:
                for tail in self.tails.values():
                    group.create_task(steadily("tail", tail.run, pause=_RETRY_SECONDS))
                group.create_task(steadily("cursors", self._save_all, pause=_SAVE_SECONDS))
                await steadily("leases", lambda: self._keep_leases(group), pause=_PAUSE_SECONDS)
        finally:
            with suppress(*UNAVAILABLE):
                await self._release(list(self._leases))

    async def _keep_leases(self, group: asyncio.TaskGroup) -> None:
        """Once; then wait until it is time again, or something has changed."""
        version = self.registry.snapshot.version
        await self._renew()
        await self._acquire(group)
        await self._look_for_walks()
        with suppress(TimeoutError):
            async with asyncio.timeout(_RENEW_SECONDS / 3):
                await self.registry.newer_than(version)

    async def _look_for_walks(self) -> None:
        async with self.db.hot() as conn:
            waiting = await backfills.waiting(conn)
        self._means.walks.clear()
        self._means.walks.update(waiting)

    # --- leases --------------------------------------------------------------------------------

    async def _acquire(self, group: asyncio.TaskGroup) -> None:
        """Take what is free; begin anew where a party's modules or platform have changed."""
        wanted = receivers(self.registry.snapshot)
        held = self._leases
        await self._release([key for key in held if held[key].roles != wanted.get(key)])
        missing = {lease_name(key): key for key in wanted if key not in self._leases}
        if not missing:
            return
        asked = time.monotonic()
        async with self.db.hot() as conn:
            got = await leases.acquire_all(
                conn, list(missing), holder=self.holder, seconds=LEASE_SECONDS
            )
        for name, epoch in got.items():
            key = missing[name]
            self._leases[key] = lease = Lease(name, epoch, asked + LEASE_SECONDS, wanted[key])
            self._start(lease, group)

    def _start(self, lease: Lease, group: asyncio.TaskGroup) -> None:
        for module, entry in lease.roles.items():
            tail = self.tails[module]
            follower = Follower(self._means, entry, module, tail, lease.may_send)
            lease.followers.append(follower)
            lease.tasks.append(group.create_task(follower.run()))

    async def _renew(self) -> None:
        """Every few seconds; a lease that was lost stops its followers."""
        now = time.monotonic()
        due_until = now + LEASE_SECONDS - _RENEW_SECONDS
        due = {key: lease for key, lease in self._leases.items() if lease.until < due_until}
        if not due:
            return
        held = {lease.name: lease.epoch for lease in due.values()}
        async with self.db.hot() as conn:
            still = await leases.renew(conn, held, seconds=LEASE_SECONDS)
        for lease in due.values():
            if lease.name in still:
                lease.until = now + LEASE_SECONDS
        await self._stop([key for key, lease in due.items() if lease.name not in still])

    async def _release(self, keys: Collection[str]) -> None:
        stopped = await self._stop(keys)
        if stopped:
            await self._save(stopped)
            async with self.db.hot() as conn:
                await leases.release(conn, {lease.name: lease.epoch for lease in stopped})

    async def _stop(self, keys: Iterable[str]) -> list[Lease]:
        """The leases whose followers do not send any more."""
        stopped = [self._leases.pop(key) for key in keys]
        tasks = [task for lease in stopped for task in lease.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return stopped

    # --- cursors -------------------------------------------------------------------------------

    async def _save_all(self) -> None:
        await self._save(self._leases.values())

    async def _save(self, held: Iterable[Lease]) -> None:
        moved = [
            (follower, Move(*follower.key, follower.position, lease.name, lease.epoch))
            for lease in held
            for follower in lease.followers
            if follower.position is not None and follower.position != follower.saved
        ]
        if not moved:
            return
        async with self.db.hot() as conn:
            await cursors.move_cursors(conn, [move for _, move in moved])
        for follower, move in moved:
            follower.saved = move.position


def lease_name(receiver: str) -> str:
    """The lease on telling a receiver."""
    return f"fanout:{receiver}"


def receivers(snapshot: Snapshot) -> dict[str, Roles]:
    """Connected receivers by party, and the modules each is told."""
    found: dict[str, dict[str, PartyRole]] = {}
    for module in BROADCAST_MODULES:
        for entry in snapshot.receivers(module):
            if snapshot.platforms[entry.platform_id].connected:
                found.setdefault(entry.party.key, {})[module] = entry
    return dict(found)
