"""What comes in from a station, handled in its order, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

# A station that keeps to the rules has one CALL on its way; one that floods is read more slowly.
_WAITING = 32


class Lane(Generic[T]):
    """Items handled one after the other, by a task that begins with the first.

    Between the items lie marks: a mark is reached when everything before it has been handled.
    """

    def __init__(self, tasks: asyncio.TaskGroup, handle: Callable[[T], Awaitable[None]]) -> None:
        self._tasks = tasks
        self._handle = handle
        self._loop = asyncio.get_running_loop()
        # Not a deque, which takes more memory than all the rest of an idle lane.
        self._waiting: list[T | asyncio.Future[None]] = []
        self._working: asyncio.Task[None] | None = None
        # Set while there is no room for more.
        self._full: asyncio.Future[None] | None = None
        # Set while the task has nothing to do.
        self._idle: asyncio.Future[None] | None = None

    async def put(self, item: T) -> None:
        """Takes the item, once there is room for it; for one caller at a time."""
        while len(self._waiting) >= _WAITING:
            self._full = self._loop.create_future()
            await self._full
        self._add(item)

    async def handled(self) -> None:
        """Returns when all that has come before has been handled, or the marks are lifted."""
        if self._working is None or self._idle is not None:
            return
        mark = self._loop.create_future()
        self._add(mark)
        await mark

    def lift_marks(self) -> None:
        """Lets everyone go who waits for a mark."""
        for item in self._waiting:
            if isinstance(item, asyncio.Future):
                _reach(item)

    def close(self) -> None:
        """Drops what has not been handled."""
        self.lift_marks()
        if self._working is not None:
            self._working.cancel()

    def _add(self, item: T | asyncio.Future[None]) -> None:
        self._waiting.append(item)
        if self._working is None:
            self._working = self._tasks.create_task(self._work())
        elif self._idle is not None:
            _reach(self._idle)
            self._idle = None

    async def _work(self) -> None:
        while True:
            while self._waiting:
                item = self._waiting.pop(0)
                if self._full is not None:
                    _reach(self._full)
                    self._full = None
                if isinstance(item, asyncio.Future):
                    _reach(item)
                else:
                    await self._handle(item)
            self._idle = self._loop.create_future()
            await self._idle


def _reach(mark: asyncio.Future[None]) -> None:
    if not mark.done():
        mark.set_result(None)
