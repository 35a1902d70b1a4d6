"""When things happen at a sandbox platform: loops with pauses, all cut short when it finishes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


async def happened(event: asyncio.Event, *, within: float) -> bool:
    """Whether the event is set before so many seconds have passed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
    return event.is_set()


async def every(
    seconds: float, action: Callable[[], Awaitable[None]], *, until: asyncio.Event
) -> None:
    """Does it again and again, so many seconds apart, until the event is set."""
    while not await happened(until, within=seconds):
        await action()
