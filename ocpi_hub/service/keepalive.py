"""Whether the peer of a connection that stays open is still there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_MISSED = 2
_TAKES_NOTHING_SECONDS = 10


class Keepalive:
    """Pings a peer again and again, and gives up on one that is not there.

    That is one that was silent after two pings in a row, or that takes nothing of what there is to
    write for ten seconds. Whatever the peer sends is a sign of life, not only a pong.
    """

    __slots__ = ("_blocked", "_give_up", "_loop", "_missed", "_ping", "_seconds", "_timer")

    def __init__(
        self, seconds: float, ping: Callable[[], object], give_up: Callable[[], object]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._ping = ping
        self._give_up = give_up
        self._missed = 0
        self._timer: asyncio.TimerHandle | None = None
        self._blocked: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Pings after the first pause."""
        self._timer = self._loop.call_later(self._seconds, self._tick)

    def heard(self) -> None:
        """The peer has sent something."""
        self._missed = 0

    def blocked(self) -> None:
        """The peer does not take what is written."""
        self._blocked = self._loop.call_later(_TAKES_NOTHING_SECONDS, self._give_up)

    def unblocked(self) -> None:
        """The peer has taken it."""
        if self._blocked is not None:
            self._blocked.cancel()
            self._blocked = None

    def stop(self) -> None:
        """The connection is over."""
        self.unblocked()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        if self._missed >= _MISSED:
            self._give_up()
            return
        self._missed += 1
        self._ping()
        self.start()
