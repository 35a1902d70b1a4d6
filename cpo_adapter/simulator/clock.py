"""The time of a simulation: moments are real, and a day passes faster than that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

_DAY_BEGINS_AT = 7 * 3600
_DAY = 24 * 3600


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


class Clock:
    """Tells moments as they are; what takes a time in the day takes `speed` times less here.

    Stations report true moments at any speed, so that energy stays power times time for whoever
    reads their messages.
    """

    def __init__(self, speed: int = 1, *, now: Callable[[], datetime] = utc_now) -> None:
        self.speed = speed
        self.now = now
        self._began_at = now()

    async def sleep(self, seconds: float) -> None:
        """Waits so many seconds of the day."""
        await asyncio.sleep(seconds / self.speed)

    def elapsed(self) -> float:
        """The seconds of the day since the simulation began."""
        return (self.now() - self._began_at).total_seconds() * self.speed


def hour_of(elapsed: float) -> int:
    """The hour of the day so many of its seconds after the beginning, which is at seven."""
    return int((_DAY_BEGINS_AT + elapsed) % _DAY // 3600)


def written(moment: datetime) -> str:
    """A moment as OCPP has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
