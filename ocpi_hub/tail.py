"""The newest changes of the catalogue, read once per process for all receivers.

A receiver that keeps up is served from here; one that is further behind reads pages of its own.
The order is (xid, seq) behind the visibility guard, so no change that commits late is missed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from ocpi_hub.node.engine import Database
from ocpi_hub.store import changes
from ocpi_hub.store.changes import Change, Position

_PAGE = 500
_KEPT = 5_000
_POLL_SECONDS = 0.2
# Under load a read takes all changes of that time, instead of each change a read of its own.
_PAUSE_SECONDS = 0.01
_BEGIN = Position(0, 0)


@dataclass(slots=True)
class Tail:
    """The last few thousand changes of one module. `start` is what the first of them follows."""

    db: Database
    module: str
    start: Position = _BEGIN
    end: Position = _BEGIN
    _ring: deque[Change] = field(default_factory=deque)
    # The newest position of each object, to tell which entries are superseded.
    _newest: dict[tuple[str, str, str], Position] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def poke(self) -> None:
        """Something was written: look now instead of at the next poll."""
        self._wake.set()

    async def run(self) -> None:
        """Follow the catalogue until cancelled."""
        async with self.db.hot() as conn:
            self.start = self.end = await changes.head(conn)
        self._announce()
        while True:
            try:
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await self._read_on()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _read_on(self) -> None:
        full = True
        while full:
            full = await self._read()

    async def _read(self) -> bool:
        """Take a page; True when there may be more."""
        async with self.db.hot() as conn:
            page = await changes.after(conn, self.module, position=self.end, limit=_PAGE)
        for change in page:
            self._ring.append(change)
            self._newest[change.key] = change.position
        if page:
            self.end = page[-1].position
            self._forget()
            self._announce()
        return len(page) == _PAGE

    def _forget(self) -> None:
        while len(self._ring) > _KEPT:
            gone = self._ring.popleft()
            self.start = gone.position
            if self._newest.get(gone.key) == gone.position:
                del self._newest[gone.key]

    def _announce(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def moved(self, position: Position) -> None:
        """Wait until there is something after a position."""
        while self.end <= position:
            await self._moved.wait()

    def covers(self, position: Position) -> bool:
        """Whether what follows a position is all here."""
        return position >= self.start

    def after(self, position: Position, limit: int) -> list[Change]:
        """At most `limit` changes after a position that is covered, superseded ones included."""
        return list(islice(self._following(position), limit))

    def _following(self, position: Position) -> Iterator[Change]:
        if not self._ring or self._ring[-1].position <= position:
            return iter(())
        # The likeliest reader is close behind: walk back from the end.
        steps = 0
        for change in reversed(self._ring):
            if change.position <= position:
                break
            steps += 1
        return islice(self._ring, len(self._ring) - steps, None)

    def superseded(self, change: Change) -> bool:
        """Whether a newer change of the same object follows: that one will be sent."""
        return self._newest.get(change.key, change.position) > change.position
