"""Charges as they go on: each process hears of changes once, and wakes who watches.

What is sent is the whole state, read anew; a wake-up that finds another waiting is one with it, so
a slow reader costs nothing and misses nothing but what is past.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from emsp_adapter.charging import charge_views
from emsp_adapter.charging.course import FINAL
from emsp_adapter.office import Office
from emsp_adapter.store import access_tokens, notices
from emsp_adapter.store import charges as store
from ocpi_hub.node.engine import Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.protocol.errors import TooManyRequests
from ocpi_hub.protocol.jsontext import dumps

log = logging.getLogger(__name__)

BEAT_SECONDS = 15.0
_RETRY_SECONDS = 1.0
# As long as an access token lives.
_LONGEST = timedelta(minutes=10)
_BEAT = b": still here\n\n"
# Of one driver in one process.
_STREAMS = 10


@dataclass(slots=True)
class Watchers:
    """Who in this process waits for news of which driver."""

    db: Database
    _waiting: dict[str, set[asyncio.Event]] = field(default_factory=lambda: defaultdict(set))

    async def run(self) -> None:
        """Until cancelled. After the connection was lost everybody looks again."""
        await steadily("live charges", self._listen, pause=_RETRY_SECONDS)

    async def _listen(self) -> None:
        async with notices.heard(self.db) as changed:
            for driver_id in list(self._waiting):
                self._wake(driver_id)
            async for driver_id in changed:
                self._wake(driver_id)

    def _wake(self, driver_id: str) -> None:
        for event in self._waiting.get(driver_id, ()):
            event.set()

    @property
    def count(self) -> int:
        """How many wait."""
        return sum(len(events) for events in self._waiting.values())

    @contextmanager
    def watching(self, driver_id: str) -> Iterator[asyncio.Event]:
        """Set whenever something of the driver changes; TooManyRequests for one too many."""
        if len(self._waiting.get(driver_id, ())) >= _STREAMS:
            raise TooManyRequests(
                f"more than {_STREAMS} streams at once",
                headers={"Retry-After": f"{BEAT_SECONDS:.0f}"},
            )
        event = asyncio.Event()
        self._waiting[driver_id].add(event)
        try:
            yield event
        finally:
            self._waiting[driver_id].discard(event)
            if not self._waiting[driver_id]:
                del self._waiting[driver_id]


async def events(
    watchers: Watchers,
    office: Office,
    driver_id: str,
    charge_id: str,
    *,
    token_hash: bytes,
    language: str,
    beat: float = BEAT_SECONDS,
) -> AsyncGenerator[bytes, None]:
    """The charge at each change as an event `charge`, up to its final state; a comment in every
    silence of `beat` seconds. After `_LONGEST` it ends too: the app comes back with a token that is
    still good, and at once when its token is good no longer."""
    before: dict[str, Any] | None = None
    until = office.now() + _LONGEST
    with watchers.watching(driver_id) as changed:
        while office.now() < until:
            changed.clear()
            async with office.db.hot() as conn:
                if await access_tokens.find(conn, token_hash, now=office.now()) is None:
                    return
                charge = await store.of_driver(conn, driver_id, charge_id)
                if charge is None:
                    return
                shown = await charge_views.document(conn, office, charge, language=language)
            if shown != before:
                yield b"event: charge\ndata: " + dumps(shown) + b"\n\n"
                before = shown
            if charge.state in FINAL:
                return
            if not await _woken(changed, within=beat):
                yield _BEAT


async def _woken(event: asyncio.Event, *, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            await event.wait()
    except TimeoutError:
        return False
    return True
