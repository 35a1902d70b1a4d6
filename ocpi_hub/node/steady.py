"""Background work that goes on: a lost database is waited for, it does not end the process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ocpi_hub.node.engine import UNAVAILABLE

log = logging.getLogger(__name__)


async def steadily(what: str, step: Callable[[], Awaitable[None]], *, pause: float) -> None:
    """Repeat a step until cancelled, `pause` seconds after each end of it."""
    while True:
        try:
            await step()
        except* UNAVAILABLE as lost:
            reason = "; ".join(str(error) for error in lost.exceptions)
            log.warning("%s waits for the database", what, extra={"reason": reason})
        await asyncio.sleep(pause)
