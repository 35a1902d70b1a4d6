"""What a station has to say, one CALL after the other; what is owed survives being offline."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cpo_adapter.simulator.link import Call, CallRefused, Link

Build = Callable[[], Call | None]
Taken = Callable[[dict[str, Any] | None], None]

# OCPP's TransactionMessageAttempts.
_TRIES = 3


def _ignore(answer: dict[str, Any] | None) -> None:
    del answer


@dataclass(slots=True)
class _Entry:
    build: Build
    taken: Taken
    kept: bool
    tries: int = 0


class Outbox:
    """The messages of one station.

    A message is built when it is sent: what a central system of 1.6 calls a transaction is known
    only once it has answered the start.
    """

    def __init__(self) -> None:
        self._entries: deque[_Entry] = deque()
        self._changed = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self.is_open = False

    def __len__(self) -> int:
        return len(self._entries)

    def owe(self, build: Build, taken: Taken = _ignore) -> None:
        """A message that is sent sooner or later; `taken` has its answer, or None if refused."""
        self._put(_Entry(build, taken, kept=True))

    def post(self, build: Build, taken: Taken = _ignore) -> None:
        """A message of the moment: `taken` has None when there is no connection."""
        if self.is_open:
            self._put(_Entry(build, taken, kept=False))
        else:
            taken(None)

    async def ask(self, build: Build) -> dict[str, Any] | None:
        """The answer to a message of the moment; None without a connection, or if refused."""
        found: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()

        def taken(answer: dict[str, Any] | None) -> None:
            if not found.done():
                found.set_result(answer)

        self.post(build, taken)
        return await found

    async def sent(self) -> None:
        """Returns once nothing is left to send."""
        await self._empty.wait()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """While there is a connection: messages of the moment are taken, and dropped at its end."""
        self.is_open = True
        try:
            yield
        finally:
            self._close()

    async def send_to(self, link: Link) -> None:
        """Sends what there is and what comes, until the link ends; what is owed then stays."""
        while True:
            while self._entries:
                await self._send_first(link)
            self._empty.set()
            self._changed.clear()
            await self._changed.wait()

    async def _send_first(self, link: Link) -> None:
        entry = self._entries[0]
        call = entry.build()
        try:
            answer = None if call is None else await link.call(call)
        except CallRefused:
            entry.tries += 1
            if entry.kept and entry.tries < _TRIES:
                return
            answer = None
        self._entries.popleft()
        entry.taken(answer)

    def _put(self, entry: _Entry) -> None:
        self._entries.append(entry)
        self._empty.clear()
        self._changed.set()

    def _close(self) -> None:
        self.is_open = False
        dropped = [entry for entry in self._entries if not entry.kept]
        self._entries = deque(entry for entry in self._entries if entry.kept)
        if not self._entries:
            self._empty.set()
        for entry in dropped:
            entry.taken(None)
