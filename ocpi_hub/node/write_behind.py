"""Records that are written behind what they record, in batches, without anybody waiting.

A crash may lose the last ones; a full queue drops and counts them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from ocpi_hub.node.engine import UNAVAILABLE

log = logging.getLogger(__name__)

ItemT = TypeVar("ItemT")

_PAUSE_SECONDS = 0.2
_WRITE_SECONDS = 5.0


class WriteBehind(Generic[ItemT]):
    """Writes what is put into it while `run` runs. `dropped` counts what was not written.

    `write(items, dropped)` gets at most `batch` items and how many were dropped since its last
    success; it says how many of the items it kept.
    """

    def __init__(
        self,
        write: Callable[[Sequence[ItemT], int], Awaitable[int]],
        *,
        what: str,
        capacity: int,
        batch: int,
    ) -> None:
        self._write = write
        self._what = what
        self._capacity = capacity
        self._batch = batch
        self._queue: deque[ItemT] = deque()
        # A batch leaves the queue after its write: two writers would write it twice.
        self._writing = asyncio.Lock()
        self.dropped = 0
        self._dropped_told = 0

    def has_room(self, *, times: int = 1) -> bool:
        """Whether another item is taken; `times` the capacity for what matters more."""
        return len(self._queue) < self._capacity * times

    def put(self, item: ItemT, *, times: int = 1) -> None:
        """Has it written soon, or drops it; never waits."""
        if self.has_room(times=times):
            self._queue.append(item)
        else:
            self.dropped += 1

    async def run(self) -> None:
        """Writes until cancelled, then what is left."""
        try:
            while True:
                await asyncio.sleep(_PAUSE_SECONDS)
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Writes everything put in so far; what the database does not take is dropped."""
        async with self._writing:
            while self._queue:
                await self._write_some(list(islice(self._queue, self._batch)))

    async def _write_some(self, batch: Sequence[ItemT]) -> None:
        dropped = self.dropped
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                kept = await self._write(batch, dropped - self._dropped_told)
            self.dropped += len(batch) - kept
            self._dropped_told = dropped
        except UNAVAILABLE as error:
            self.dropped += len(batch)
            log.warning("%s dropped", self._what, extra={"count": len(batch), "reason": str(error)})
        # Only now, so that a cancelled write leaves its batch to the last flush.
        for _ in batch:
            self._queue.popleft()
