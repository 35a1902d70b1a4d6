"""How many requests a platform may make: a token bucket each, with a second's worth of burst."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ocpi_hub.protocol.errors import TooManyRequests


@dataclass(slots=True)
class RateLimit:
    """`per_second` requests of each platform; 0 is no limit."""

    per_second: int
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def admit(self, platform_id: str) -> None:
        """TooManyRequests (429 with Retry-After) when the platform has used up its share."""
        if not self.per_second:
            return
        now = self.clock()
        left, at = self._buckets.get(platform_id, (float(self.per_second), now))
        left = min(float(self.per_second), left + (now - at) * self.per_second)
        if left < 1:
            self._buckets[platform_id] = (left, now)
            raise TooManyRequests(
                f"more than {self.per_second} requests per second", headers={"Retry-After": "1"}
            )
        self._buckets[platform_id] = (left - 1, now)
