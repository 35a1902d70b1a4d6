"""Who may send now: so many requests in flight per lane, and so many in all.

A lane with nothing in flight may always send, over the total too. So hung partners that hold every
slot do not stop the others; in all there are at most `total` plus one per lane in flight.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

Waiter = asyncio.Future[None]


@dataclass(slots=True, eq=False)
class Queue:
    """A lane's place at the slots: what it has in flight and who waits, urgent ones first."""

    in_flight: int = 0
    urgent: deque[Waiter] = field(default_factory=deque)
    normal: deque[Waiter] = field(default_factory=deque)

    @property
    def waiting(self) -> bool:
        """Whether anybody waits."""
        return bool(self.urgent or self.normal)


class Slots:
    """Hands out slots first come, first served in a lane, and in turn between lanes.

    `reserved` of the total are for urgent requests alone.
    """

    def __init__(self, *, total: int = 256, reserved: int = 51, per_lane: int = 8) -> None:
        self.total = total
        self.reserved = reserved
        self.per_lane = per_lane
        self.in_flight = 0
        # Lanes that could send more if there were a slot, each once, in turn.
        self._hungry: dict[Queue, None] = {}

    def enter(self, queue: Queue, *, urgent: bool) -> bool:
        """Takes a slot if there is one now; else the caller has to `wait`."""
        if queue.in_flight and (
            queue.urgent
            or (queue.normal and not urgent)
            or queue.in_flight >= self.per_lane
            or self._hungry
            or not self._room(urgent=urgent)
        ):
            return False
        self._start(queue)
        return True

    async def wait(self, queue: Queue, *, urgent: bool) -> None:
        """Takes a slot when it is the caller's turn; cancelled, it leaves the line."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        line = queue.urgent if urgent else queue.normal
        line.append(waiter)
        if queue.in_flight < self.per_lane:
            self._hungry.setdefault(queue)
            self._serve()
        try:
            await waiter
        except asyncio.CancelledError:
            self._give_up(queue, line, waiter)
            raise

    def leave(self, queue: Queue) -> None:
        """Gives a slot back."""
        queue.in_flight -= 1
        self.in_flight -= 1
        if queue.waiting:
            self._hungry.setdefault(queue)
        if self._hungry:
            if queue.in_flight == 0:
                self._serve_one(queue)
            self._serve()

    def _give_up(self, queue: Queue, line: deque[Waiter], waiter: Waiter) -> None:
        if not waiter.cancelled():
            self.leave(queue)  # it was served while it was being cancelled
            return
        with suppress(ValueError):  # passed over already
            line.remove(waiter)

    def _room(self, *, urgent: bool) -> bool:
        return self.in_flight < (self.total if urgent else self.total - self.reserved)

    def _start(self, queue: Queue) -> None:
        queue.in_flight += 1
        self.in_flight += 1

    def _serve(self) -> None:
        """Goes once round the hungry lanes, one request each, while there is room."""
        for queue in tuple(self._hungry):
            if not self._room(urgent=True):
                return
            if queue.urgent or self._room(urgent=False):
                self._serve_one(queue)

    def _serve_one(self, queue: Queue) -> None:
        """Serves the first in a lane's line, and puts the lane at the end of the round."""
        self._hungry.pop(queue, None)
        while queue.waiting:
            waiter = (queue.urgent or queue.normal).popleft()
            if not waiter.done():
                self._start(queue)
                waiter.set_result(None)
                break
        if queue.waiting and queue.in_flight < self.per_lane:
            self._hungry[queue] = None
