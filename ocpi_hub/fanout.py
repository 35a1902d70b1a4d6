"""Who is told what: leases receivers, follows the catalogue, keeps the cursors.

A receiver is leased by one process at a time. It is told what comes after its cursor, and the
cursor moves over the prefix that is done; what it refuses is parked and never in the way. A
receiver that is away costs nothing: it continues from its cursor. Design section 5.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from ocpi_hub.delivery import Fate, Outcome, Sender, Wire
from ocpi_hub.outbound import Outbound
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.modules import BROADCAST_MODULES
from ocpi_hub.protocol.party import Party
from ocpi_hub.registry import Registry
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.transport import TransportError
from ocpi_hub.snapshot import PartyRole, Platform, Snapshot
from ocpi_hub.store import backfills, changes, cursors, leases, parked
from ocpi_hub.store.backfills import Backfill
from ocpi_hub.store.changes import Assembled, Change, Position
from ocpi_hub.store.cursors import Move
from ocpi_hub.store.engine import UNAVAILABLE, Database
from ocpi_hub.tail import Tail

log = logging.getLogger(__name__)

Outcomes = dict[Position, Outcome]

LEASE_SECONDS = 10.0
_RENEW_SECONDS = 3.0
# A lease is not used in its last moments: a request takes a while to get there.
_LEASE_MARGIN = 1.0
_SAVE_SECONDS = 0.2
_BATCH = 64
_PAGE = 500
_RETRY_SECONDS = 1.0
_RETRIES = 3


@dataclass(slots=True)
class Receiver:
    """One party that is told one module, and how far it is. Lives as long as its lease."""

    party: Party
    module: str
    platform_id: str
    cursor: Position
    retries: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """As the cursor's row is found."""
        return self.party.key, self.module


@dataclass(slots=True)
class Lease:
    """A receiver's lease; `until` is on our monotonic clock and errs to the early side."""

    name: str
    epoch: int
    until: float
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


def lease_name(receiver: str) -> str:
    """The lease on telling a receiver."""
    return f"fanout:{receiver}"


@dataclass(slots=True)
class Fanout:
    """Runs the tails and one task for each leased receiver and module."""

    db: Database
    registry: Registry
    outbound: Outbound
    guard: AddressGuard
    hub: Party
    timeout: float
    holder: str = field(default_factory=lambda: uuid4().hex)
    tails: dict[str, Tail] = field(default_factory=dict)
    _leases: dict[str, Lease] = field(default_factory=dict)
    # (receiver, module) of the backfills that are not done.
    _walks: set[tuple[str, str]] = field(default_factory=set)
    _dirty: dict[tuple[str, str], Receiver] = field(default_factory=dict)
    _assembling: dict[tuple[str, str, Position], asyncio.Future[Assembled | None]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        self.tails = {module: Tail(self.db, module) for module in BROADCAST_MODULES}

    def poke(self) -> None:
        """Something was written by this process."""
        for tail in self.tails.values():
            tail.poke()

    async def run(self) -> None:
        """Tell everybody, until cancelled; leases are given back then."""
        try:
            async with asyncio.TaskGroup() as group:
                for tail in self.tails.values():
                    group.create_task(_steadily(tail.run))
                group.create_task(_steadily(self._save_cursors))
                while True:
                    with suppress(*UNAVAILABLE):
                        await self._lease(group)
                        await self._look_for_walks()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_RENEW_SECONDS / 3):
                            await self.registry.newer_than(self.registry.snapshot.version)
        finally:
            await self._give_back()

    # --- leases --------------------------------------------------------------------------------

    async def _lease(self, group: asyncio.TaskGroup) -> None:
        await self._renew()
        snapshot = self.registry.snapshot
        wanted = _wanted(snapshot)
        for key in [key for key in self._leases if key not in wanted]:
            await self._drop([key])
        missing = [key for key in wanted if key not in self._leases]
        if not missing:
            return
        asked = time.monotonic()
        async with self.db.hot() as conn:
            names = {lease_name(key): key for key in missing}
            got = await leases.acquire_all(
                conn, list(names), holder=self.holder, seconds=LEASE_SECONDS
            )
        for name, epoch in got.items():
            key = names[name]
            lease = Lease(name, epoch, asked + LEASE_SECONDS)
            self._leases[key] = lease
            for module, entry in wanted[key].items():
                task = group.create_task(self._tell(lease, module, entry))
                lease.tasks.append(task)

    async def _renew(self) -> None:
        """Every few seconds; a lease that was lost stops its senders."""
        now = time.monotonic()
        due = {
            k: v for k, v in self._leases.items() if v.until - now < LEASE_SECONDS - _RENEW_SECONDS
        }
        if not due:
            return
        held = {lease.name: lease.epoch for lease in due.values()}
        async with self.db.hot() as conn:
            still = await leases.renew(conn, held, seconds=LEASE_SECONDS)
        for key, lease in due.items():
            if lease.name in still:
                lease.until = now + LEASE_SECONDS
            else:
                await self._drop([key], release=False)

    async def _drop(self, keys: Sequence[str], *, release: bool = True) -> None:
        dropped = [self._leases.pop(key) for key in keys if key in self._leases]
        for lease in dropped:
            for task in lease.tasks:
                task.cancel()
        if release and dropped:
            await self._save()
            async with self.db.hot() as conn:
                await leases.release(conn, {lease.name: lease.epoch for lease in dropped})

    async def _give_back(self) -> None:
        with suppress(*UNAVAILABLE):
            await self._drop(list(self._leases))

    # --- one receiver --------------------------------------------------------------------------

    async def _tell(self, lease: Lease, module: str, entry: PartyRole) -> None:
        receiver: Receiver | None = None
        while True:
            try:
                receiver = receiver or await self._begin(module, entry)
                await self._follow(lease, receiver)
            except (*UNAVAILABLE, TransportError, OcpiError) as error:
                log.warning(
                    "fan-out waits",
                    extra={
                        "action": "fanout",
                        "receiver": str(entry.party),
                        "of": module,
                        "reason": str(error),
                    },
                )
            await asyncio.sleep(_RETRY_SECONDS)

    async def _begin(self, module: str, entry: PartyRole) -> Receiver:
        """Where the receiver stands; a new one begins with what changes from now on."""
        async with self.db.hot() as conn:
            position = await cursors.cursor(conn, entry.party.key, module)
            if position is None:
                position = await cursors.start_cursors_at_head(
                    conn, entry.party.key, modules=[module]
                )
        return Receiver(entry.party, module, entry.platform_id, position)

    async def _follow(self, lease: Lease, receiver: Receiver) -> None:
        """Until something has to be looked at anew: the platform, its endpoint, its token."""
        platform = self.registry.snapshot.platforms[receiver.platform_id]
        wire = Wire.to(platform, receiver.module, receiver.party, hub=self.hub, guard=self.guard)
        if wire is None:
            return
        sender = self._sender(lease, receiver, platform, wire)
        tail = self.tails[receiver.module]
        while _same_wire(self.registry.snapshot.platforms.get(platform.id), platform):
            with suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_SECONDS):
                    await tail.moved(receiver.cursor)
            await self._catch_up(sender, receiver, tail)
            if receiver.key in self._walks:
                await self._backfill(sender, receiver)

    def _sender(self, lease: Lease, receiver: Receiver, platform: Platform, wire: Wire) -> Sender:
        return Sender(
            module=receiver.module,
            wire=wire,
            lane=self.outbound.lanes.lane(platform.id),
            breaker=self.outbound.breaker(platform.id),
            clock=time.monotonic,
            may_send=lambda: time.monotonic() < lease.until - _LEASE_MARGIN,
            assemble=self._assembled,
            assemble_anew=self._assemble,
            timeout=self.timeout,
        )

    async def _catch_up(self, sender: Sender, receiver: Receiver, tail: Tail) -> None:
        while receiver.cursor < tail.end:
            page = await self._after(receiver, tail)
            if not page:
                return
            todo = [
                change
                for change in page
                if not tail.superseded(change) and self._visible(receiver, change.owner)
            ]
            outcomes = await self._send(sender, receiver, todo)
            self._advance(receiver, page, todo, outcomes)
            if any(outcome.fate is Fate.FAILED for outcome in outcomes.values()):
                await asyncio.sleep(_RETRY_SECONDS)
                return

    async def _after(self, receiver: Receiver, tail: Tail) -> list[Change]:
        if tail.covers(receiver.cursor):
            return tail.after(receiver.cursor, _BATCH)
        async with self.db.hot() as conn:
            return await changes.after(conn, receiver.module, position=receiver.cursor, limit=_PAGE)

    def _visible(self, receiver: Receiver, owner: str) -> bool:
        """RTE-16, HUB-23: never back to the sender, and only under an agreement."""
        return owner in self.registry.snapshot.visible_to(receiver.party, receiver.module)

    def _advance(
        self, receiver: Receiver, page: Sequence[Change], todo: Sequence[Change], done: Outcomes
    ) -> None:
        """Over the prefix that is sent, parked, or not for this receiver."""
        open_ = [
            change.position
            for change in todo
            if change.position not in done or done[change.position].fate is Fate.FAILED
        ]
        stop = min(open_, default=None)
        passed = [c.position for c in page if stop is None or c.position < stop]
        if passed:
            receiver.cursor = passed[-1]
            self._dirty[receiver.key] = receiver

    # --- refusals ------------------------------------------------------------------------------

    async def _send(self, sender: Sender, receiver: Receiver, todo: Sequence[Change]) -> Outcomes:
        """Send, and park what was refused or fails again and again though others go through."""
        outcomes = await sender.send(todo, cursor=receiver.cursor) if todo else {}
        failed = any(outcome.fate is Fate.FAILED for outcome in outcomes.values())
        receiver.retries = receiver.retries + 1 if failed else 0
        poison = receiver.retries > _RETRIES and sender.breaker.opened_at is None
        for change in todo:
            outcome = outcomes.get(change.position)
            if outcome is None or outcome.fate is Fate.DONE:
                continue
            if outcome.fate is Fate.REFUSED or poison:
                await self._park(receiver, change, outcome.reason)
                outcomes[change.position] = Outcome(Fate.REFUSED, outcome.reason)
        return outcomes

    async def _park(self, receiver: Receiver, change: Change, reason: str) -> None:
        async with self.db.hot() as conn:
            await parked.park(
                conn,
                receiver.party.key,
                module=receiver.module,
                owner=change.owner,
                id_=change.id,
                sub=change.sub,
                reason=reason,
                correlation_id=change.correlation_id,
            )

    # --- backfills -----------------------------------------------------------------------------

    async def _look_for_walks(self) -> None:
        async with self.db.hot() as conn:
            self._walks = await backfills.waiting(conn)

    async def _backfill(self, sender: Sender, receiver: Receiver) -> None:
        """One page of each walk that waits, so that live changes come between the pages."""
        async with self.db.hot() as conn:
            waiting = [
                walk
                for walk in await backfills.backfills(conn, receiver.party.key)
                if walk.module == receiver.module
            ]
        for walk in waiting:
            await self._walk(sender, receiver, walk)

    async def _walk(self, sender: Sender, receiver: Receiver, walk: Backfill) -> None:
        async with self.db.hot() as conn:
            page = await changes.listed_after(
                conn, walk.module, walk.owner, created=walk.position, limit=_BATCH
            )
        if not page or not self._visible(receiver, walk.owner):
            async with self.db.hot() as conn:
                await backfills.end_backfill(
                    conn, walk.receiver, owner=walk.owner, module=walk.module
                )
            return
        outcomes = await self._send(sender, receiver, page)
        if all(o.fate is not Fate.FAILED for o in outcomes.values()) and len(outcomes) == len(page):
            async with self.db.hot() as conn:
                await backfills.advance_backfill(conn, walk, position=page[-1].created)

    # --- whole locations -----------------------------------------------------------------------

    async def _assembled(self, owner: str, id_: str) -> Assembled | None:
        """Shared by all receivers that want it while the catalogue stands still."""
        key = owner, id_, self.tails["locations"].end
        running = self._assembling.get(key)
        if running is None:
            if len(self._assembling) > 256:
                self._assembling.clear()
            running = asyncio.ensure_future(self._assemble(owner, id_))
            self._assembling[key] = running
        return await asyncio.shield(running)

    async def _assemble(self, owner: str, id_: str) -> Assembled | None:
        async with self.db.hot() as conn:
            return (await changes.assemble(conn, [(owner, id_)])).get((owner, id_))

    # --- cursors -------------------------------------------------------------------------------

    async def _save_cursors(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            await self._save()

    async def _save(self) -> None:
        moves = []
        for receiver in self._dirty.values():
            lease = self._leases.get(receiver.party.key)
            if lease is not None:
                moves.append(Move(*receiver.key, receiver.cursor, lease.name, lease.epoch))
        self._dirty.clear()
        if moves:
            async with self.db.hot() as conn:
                await cursors.move_cursors(conn, moves)


async def _steadily(step: Callable[[], Awaitable[None]]) -> None:
    """Run it for good: a lost database is waited for."""
    while True:
        try:
            await step()
        except UNAVAILABLE as error:
            log.warning("fan-out lost the database", extra={"reason": str(error)})
        await asyncio.sleep(_RETRY_SECONDS)


def _same_wire(now: Platform | None, then: Platform) -> bool:
    """Whether requests to a platform would still look the same."""
    return now is not None and (now.endpoints, now.token_out, now.quirks, now.connected) == (
        then.endpoints,
        then.token_out,
        then.quirks,
        then.connected,
    )


def _wanted(snapshot: Snapshot) -> dict[str, dict[str, PartyRole]]:
    """Connected receivers by party, and the modules each is told."""
    wanted: dict[str, dict[str, PartyRole]] = {}
    for module in BROADCAST_MODULES:
        for entry in snapshot.receivers(module):
            if snapshot.platforms[entry.platform_id].connected:
                wanted.setdefault(entry.party.key, {})[module] = entry
    return wanted
