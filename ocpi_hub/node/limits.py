"""How many requests a platform may make: a token bucket each, with a period's worth of burst."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ocpi_hub.protocol.errors import TooManyRequests


@dataclass(slots=True)
class RateLimit:
    """`most` requests of each platform in `seconds`; 0 is no limit. `what` is said to who is over.

    A look is two steps so that what is not known before may be counted afterwards.
    """

    most: int
    seconds: float = 1.0
    what: str = "requests per second"
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def admit(self, platform_id: str) -> None:
        """TooManyRequests (429 with Retry-After) when the platform has used up its share."""
        self.check(platform_id)
        self.count(platform_id)

    def check(self, platform_id: str) -> None:
        """TooManyRequests when nothing is left; nothing is used up."""
        if self.most and (left := self._left(platform_id)) < 1:
            wait = math.ceil((1 - left) * self.seconds / self.most)
            raise TooManyRequests(
                f"more than {self.most} {self.what}", headers={"Retry-After": str(wait)}
            )

    def count(self, platform_id: str) -> None:
        """Use up one."""
        if self.most:
            self._buckets[platform_id] = (self._left(platform_id) - 1, self.clock())

    def _left(self, platform_id: str) -> float:
        now = self.clock()
        left, at = self._buckets.get(platform_id, (float(self.most), now))
        return min(float(self.most), left + (now - at) * self.most / self.seconds)
