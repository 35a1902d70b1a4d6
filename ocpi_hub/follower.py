"""One party that is told one module: follows the catalogue from its cursor, object by object.

The cursor moves over the prefix that is done. What the receiver refuses is parked and never in the
way of the rest; a receiver that does not answer is waited for. Design section 5.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile

from ocpi_hub.assembly import Assembly
from ocpi_hub.delivery import Fate, Outcome, Sender, Wire
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.outbound import Outbound
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.party import Party
from ocpi_hub.registry import Registry
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.transport import TransportError
from ocpi_hub.snapshot import PartyRole, Platform
from ocpi_hub.store import backfills, changes, cursors, parked
from ocpi_hub.store.backfills import Backfill
from ocpi_hub.store.changes import Change, Position
from ocpi_hub.tail import Tail

log = logging.getLogger(__name__)

_BATCH = 64
_RETRY_SECONDS = 1.0
_LONGEST_PAUSE = 60.0
# A change that fails so often while others go through is the fault of its object.
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Means:
    """What every follower of a process works with. `walks`: whose backfills are not done."""

    db: Database
    registry: Registry
    outbound: Outbound
    guard: AddressGuard
    hub: Party
    timeout: float
    assembly: Assembly
    walks: set[tuple[str, str]]


@dataclass(slots=True)
class Follower:
    """Lives as long as the lease under which it was started; `may_send` asks that lease.

    `position` is the cursor, None before it is known; `saved` is what the database has of it.
    """

    means: Means
    entry: PartyRole
    module: str
    tail: Tail
    may_send: Callable[[], bool]
    position: Position | None = None
    saved: Position | None = None
    # What is sent or parked beyond the cursor: the newest version of each object.
    _ahead: dict[tuple[str, str, str], Position] = field(default_factory=dict)
    _tries: dict[Position, int] = field(default_factory=dict)
    _parked: set[tuple[str, str, str]] = field(default_factory=set)
    _failed_rounds: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """As the cursor's row is found."""
        return self.entry.party.key, self.module

    async def run(self) -> None:
        """Until cancelled; whatever fails is tried again."""
        while True:
            try:
                await self._follow(await self._begin())
            except* (*UNAVAILABLE, TransportError, OcpiError) as failed:
                reason = "; ".join(str(error) for error in failed.exceptions)
                receiver = {"receiver": str(self.entry.party), "of": self.module}
                log.warning(
                    "fan-out waits", extra={"action": "fanout", "reason": reason} | receiver
                )
            await asyncio.sleep(_RETRY_SECONDS)

    async def _begin(self) -> Position:
        """Where the receiver stands; a new one begins with what changes from now on."""
        if self.position is not None:
            return self.position
        receiver, module = self.key
        async with self.means.db.hot() as conn:
            refused = await parked.parked(conn, receiver=receiver, limit=parked.MOST_PER_RECEIVER)
            self._parked = {(p.owner, p.id, p.sub) for p in refused if p.module == module}
            position = await cursors.cursor(conn, receiver, module)
            if position is None:
                position = await cursors.start_cursors_at_head(conn, receiver, modules=[module])
        self.position = self.saved = position
        return position

    async def _follow(self, position: Position) -> None:
        """Until something has to be looked at anew: the platform, its endpoint, its token."""
        means = self.means
        platform = means.registry.snapshot.platforms.get(self.entry.platform_id)
        if platform is None:
            return
        wire = Wire.to(platform, self.module, self.entry.party, hub=means.hub, guard=means.guard)
        if wire is None:
            return
        sender = self._sender(platform, wire)
        while _same_wire(means.registry.snapshot.platforms.get(platform.id), platform):
            with suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_SECONDS):
                    await self.tail.moved(position)
            position = await self._catch_up(sender, position)
            if self.key in means.walks:
                await self._backfill(sender)

    def _sender(self, platform: Platform, wire: Wire) -> Sender:
        means = self.means
        return Sender(
            module=self.module,
            wire=wire,
            lane=means.outbound.lanes.lane(platform.id),
            breaker=means.outbound.breaker(platform.id),
            clock=time.monotonic,
            may_send=self.may_send,
            assembly=means.assembly,
            timeout=means.timeout,
        )

    # --- live changes --------------------------------------------------------------------------

    async def _catch_up(self, sender: Sender, position: Position) -> Position:
        """The cursor after everything there is, or before what failed."""
        while position < self.tail.end:
            end = self.tail.end
            page = await self._after(position)
            if not page:
                # What is older than the tail has been looked for in the database: there is none.
                return self._move(end)
            todo = [change for change in page if self._wanted(change)]
            outcomes = await self._send(sender, todo, position)
            position = self._advance(page, todo, position)
            if _failed(outcomes):
                await self._pause(end)
                return position
        return position

    async def _after(self, position: Position) -> list[Change]:
        limit = _BATCH + len(self._ahead)
        if self.tail.covers(position):
            return self.tail.after(position, limit)
        async with self.means.db.hot() as conn:
            return await changes.after(conn, self.module, position=position, limit=limit)

    def _wanted(self, change: Change) -> bool:
        return (
            not self._settled(change)
            and not self.tail.superseded(change)
            and self._visible(change.owner)
        )

    def _settled(self, change: Change) -> bool:
        """A backfill, too, may have sent what the tail still shows in an older version."""
        newest = self._ahead.get(change.key)
        return newest is not None and newest >= change.position

    def _visible(self, owner: str) -> bool:
        """RTE-16, HUB-23: never back to the sender, and only under an agreement."""
        return owner in self.means.registry.snapshot.visible_to(self.entry.party, self.module)

    def _advance(
        self, page: Sequence[Change], todo: Sequence[Change], position: Position
    ) -> Position:
        """Over the prefix that is sent, parked, or not for this receiver."""
        unsettled = [c.position for c in todo if not self._settled(c)]
        stop = min(unsettled, default=None)
        passed = [c.position for c in page if stop is None or c.position < stop]
        return self._move(passed[-1]) if passed else position

    def _move(self, position: Position) -> Position:
        self.position = position
        self._ahead = {key: p for key, p in self._ahead.items() if p > position}
        self._tries = {p: tries for p, tries in self._tries.items() if p > position}
        return position

    async def _pause(self, end: Position) -> None:
        """Longer with each failure, but news are tried after a second."""
        self._failed_rounds += 1
        longest = min(_RETRY_SECONDS * 2 ** min(self._failed_rounds, 10), _LONGEST_PAUSE)
        await asyncio.sleep(_RETRY_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(longest - _RETRY_SECONDS):
                await self.tail.moved(end)

    # --- what becomes of it --------------------------------------------------------------------

    async def _send(
        self, sender: Sender, todo: Sequence[Change], cursor: Position
    ) -> Mapping[Position, Outcome]:
        """Send, and park what is refused or fails again and again though others go through."""
        if not todo:
            return {}
        outcomes = await sender.send(todo, cursor=cursor)
        others_go_through = any(o.fate is not Fate.FAILED for o in outcomes.values())
        if others_go_through:
            self._failed_rounds = 0
        for change in todo:
            outcome = outcomes.get(change.position)
            if outcome is None:
                continue
            if outcome.fate is Fate.DONE:
                await self._unpark(change, whole=outcome.whole)
            elif outcome.fate is Fate.REFUSED:
                await self._park(change, outcome.reason)
            elif not others_go_through or not self._hopeless(change):
                continue
            else:
                await self._park(change, outcome.reason)
                outcomes[change.position] = Outcome(Fate.REFUSED, outcome.reason)
            self._ahead[change.key] = change.position
        return outcomes

    def _hopeless(self, change: Change) -> bool:
        self._tries[change.position] = self._tries.get(change.position, 0) + 1
        return self._tries[change.position] >= _TRIES

    async def _park(self, change: Change, reason: str) -> None:
        self._parked.add(change.key)
        receiver, module = self.key
        async with self.means.db.hot() as conn:
            await parked.park(
                conn,
                receiver,
                module=module,
                owner=change.owner,
                id_=change.id,
                sub=change.sub,
                reason=reason,
                correlation_id=change.correlation_id,
            )

    async def _unpark(self, change: Change, *, whole: bool) -> None:
        """It was taken after all; with a whole Location, so were its EVSEs."""
        taken = {
            key
            for key in self._parked
            if key == change.key or (whole and key[:2] == (change.owner, change.id))
        }
        for owner, id_, sub in taken:
            receiver, module = self.key
            async with self.means.db.hot() as conn:
                await parked.unpark(conn, receiver, module=module, owner=owner, id_=id_, sub=sub)
        self._parked -= taken

    # --- backfills -----------------------------------------------------------------------------

    async def _backfill(self, sender: Sender) -> None:
        """One page of each walk that waits, so that live changes come between the pages."""
        receiver, module = self.key
        async with self.means.db.hot() as conn:
            waiting = await backfills.backfills(conn, receiver)
        for walk in waiting:
            if walk.module == module:
                await self._walk(sender, walk)

    async def _walk(self, sender: Sender, walk: Backfill) -> None:
        async with self.means.db.hot() as conn:
            page = await changes.listed_after(
                conn, walk.module, walk.owner, created=walk.position, limit=_BATCH
            )
        if not page or not self._visible(walk.owner):
            async with self.means.db.hot() as conn:
                await backfills.end_backfill(
                    conn, walk.receiver, owner=walk.owner, module=walk.module
                )
            return
        outcomes = await self._send(sender, page, await self._begin())
        done = list(takewhile(lambda change: _settles(outcomes.get(change.position)), page))
        if done:
            async with self.means.db.hot() as conn:
                await backfills.advance_backfill(conn, walk, position=done[-1].created)
        if _failed(outcomes):
            await self._pause(self.tail.end)


def _settles(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.fate is not Fate.FAILED


def _failed(outcomes: Mapping[Position, Outcome]) -> bool:
    return any(outcome.fate is Fate.FAILED for outcome in outcomes.values())


def _same_wire(now: Platform | None, then: Platform) -> bool:
    """Whether requests to a platform would still look the same."""
    return now is not None and (now.endpoints, now.token_out, now.quirks, now.connected) == (
        then.endpoints,
        then.token_out,
        then.quirks,
        then.connected,
    )
