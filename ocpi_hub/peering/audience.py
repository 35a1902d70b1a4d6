"""One audience: what it has not been told yet, sent page by page, and where its cursor stands.

The cursor moves over the prefix that is settled: told, or parked with the reason.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from ocpi_hub.node.engine import Database
from ocpi_hub.peering.delivery import DONE, Delivery, Fate, Outcome
from ocpi_hub.peering.store import cursors, parked, published
from ocpi_hub.peering.store.cursors import Audience
from ocpi_hub.peering.store.parked import Parked
from ocpi_hub.peering.store.published import Change, Position

log = logging.getLogger(__name__)

_PAGE = 64
_WIDTH = 4
# A change that fails so often is the fault of its object where others go through, and else too.
_TRIES = 4
_TRIES_ALONE = 10
# After how many seconds what failed is tried again; the last of them for ever.
_AGAIN = (30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0)


class Progress(Enum):
    """How far a round came."""

    UP_TO_DATE = auto()
    MORE = auto()
    WAITING = auto()  # something could not be told: a pause, then again


@dataclass(slots=True)
class Told:
    """What became of everything that was told, in numbers."""

    done: int = 0
    refused: int = 0
    failed: int = 0

    def count(self, fate: Fate) -> None:
        """One more."""
        match fate:
            case Fate.DONE:
                self.done += 1
            case Fate.REFUSED:
                self.refused += 1
            case Fate.FAILED | Fate.UNREACHED:
                self.failed += 1


@dataclass(slots=True)
class Round:
    """What is known of an audience from one round to the next."""

    db: Database
    audience: Audience
    now: Callable[[], datetime]
    told: Told
    # What is settled beyond the cursor.
    _ahead: set[Position] = field(default_factory=set)
    _tries: dict[Position, int] = field(default_factory=dict)
    _parked: dict[tuple[str, str], Parked] = field(default_factory=dict)
    # Of each Location that was told whole, before which transaction its changes went along.
    _covered: dict[str, int] = field(default_factory=dict)
    _others_go_through: bool = False

    async def run(self, delivery: Delivery) -> Progress:
        """Tell a page, and what is due to be tried again."""
        async with self.db.hot() as conn:
            self._parked = {each.key: each for each in await parked.of(conn, self.audience)}
            position = await cursors.position(conn, self.audience)
        if not await self._try_again(delivery):
            return Progress.WAITING
        async with self.db.hot() as conn:
            page = await published.after(
                conn,
                self.audience.module,
                receiver=self.audience.party,
                position=position,
                limit=_PAGE,
            )
        if not page:
            return Progress.UP_TO_DATE
        outcomes = await self._send(delivery, page)
        return Progress.MORE if await self._settle(page, outcomes) else Progress.WAITING

    async def _try_again(self, delivery: Delivery) -> bool:
        """What failed and is due; False when nobody is there."""
        for each in list(self._parked.values()):
            if each.retry_at is None or each.retry_at > self.now():
                continue
            async with self.db.hot() as conn:
                change = await published.now(conn, self.audience.module, id=each.id, sub=each.sub)
            outcome = DONE if change is None else await delivery.tell(change)
            self.told.count(outcome.fate)
            if outcome.fate is Fate.UNREACHED:
                return False
            await self._conclude(each.key, outcome)
        return True

    # --- a page --------------------------------------------------------------------------------

    async def _send(self, delivery: Delivery, page: Sequence[Change]) -> dict[Position, Outcome]:
        """What became of each change. Changes of one object go one after the other."""
        outcomes: dict[Position, Outcome] = {}
        groups = iter(_grouped(change for change in page if change.position not in self._ahead))

        async def work() -> None:
            for group in groups:
                if not await self._group(delivery, group, outcomes):
                    return

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_WIDTH):
                tasks.create_task(work())
        return outcomes

    async def _group(
        self, delivery: Delivery, group: Sequence[Change], outcomes: dict[Position, Outcome]
    ) -> bool:
        """One object; a whole Location goes first, and says all that is known of its EVSEs."""
        for change in sorted(group, key=_is_status):
            if change.position.xid < self._covered.get(change.id, 0):
                outcomes[change.position] = DONE
                continue
            outcome = outcomes[change.position] = await delivery.tell(change)
            self.told.count(outcome.fate)
            if outcome.fate in (Fate.FAILED, Fate.UNREACHED):
                return outcome.fate is Fate.FAILED
            if outcome.covers:
                self._covered[change.id] = outcome.covers
        return True

    async def _settle(self, page: Sequence[Change], outcomes: dict[Position, Outcome]) -> bool:
        """Park what has to be, and move the cursor; whether all of the page is settled."""
        if any(outcome.fate is Fate.DONE for outcome in outcomes.values()):
            self._others_go_through = True
        for change in page:
            outcome = outcomes.get(change.position)
            if outcome is not None and self._is_settled(change, outcome):
                await self._conclude(change.key, outcome)
                self._ahead.add(change.position)
        settled = list(_prefix(page, self._ahead))
        if settled:
            async with self.db.hot() as conn:
                await cursors.move(conn, self.audience, settled[-1].position)
            self._ahead.difference_update(change.position for change in settled)
        return len(settled) == len(page)

    def _is_settled(self, change: Change, outcome: Outcome) -> bool:
        match outcome.fate:
            case Fate.DONE | Fate.REFUSED:
                return True
            case Fate.UNREACHED:
                return False
            case Fate.FAILED:
                tries = self._tries[change.position] = self._tries.get(change.position, 0) + 1
                return tries >= (_TRIES if self._others_go_through else _TRIES_ALONE)

    async def _conclude(self, key: tuple[str, str], outcome: Outcome) -> None:
        if outcome.fate is Fate.DONE:
            await self._unpark(key)
            return
        log.warning(
            "an object was not taken",
            extra={
                "action": "publish",
                "of": self.audience.module,
                "party": self.audience.party or None,
                "peer": self.audience.peer_id or None,
                "status_code": outcome.code,
                "reason": outcome.message,
            },
        )
        async with self.db.hot() as conn:
            await parked.park(
                conn,
                self.audience,
                key,
                code=outcome.code,
                message=outcome.message,
                now=self.now(),
                retry_at=self._retry_at(key, outcome),
            )

    async def _unpark(self, key: tuple[str, str]) -> None:
        """It was taken after all; with a whole Location, so were its EVSEs."""
        for id_, sub in list(self._parked):
            if (id_, sub) == key or (not key[1] and id_ == key[0]):
                del self._parked[id_, sub]
                async with self.db.hot() as conn:
                    await parked.unpark(conn, self.audience, (id_, sub))

    def _retry_at(self, key: tuple[str, str], outcome: Outcome) -> datetime | None:
        if outcome.fate is Fate.REFUSED:
            return None
        known = self._parked.get(key)
        seconds = _AGAIN[min(0 if known is None else known.attempts, len(_AGAIN) - 1)]
        return self.now() + timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311


def _grouped(changes: Iterable[Change]) -> list[list[Change]]:
    """By object, a Location and its EVSEs together, in the order of their first change."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.id, []).append(change)
    return list(groups.values())


def _is_status(change: Change) -> bool:
    return change.module == "locations" and bool(change.sub)


def _prefix(page: Sequence[Change], settled: set[Position]) -> Iterable[Change]:
    for change in page:
        if change.position not in settled:
            return
        yield change
