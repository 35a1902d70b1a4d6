"""How many requests one asker may make: a token bucket each, with a period's worth of burst."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ocpi_hub.protocol.errors import TooManyRequests

# So many askers are remembered before those that have their whole share again are forgotten.
_MOST_BUCKETS = 10_000


@dataclass(slots=True)
class RateLimit:
    """`most` requests of each asker in `seconds`; 0 is no limit. `what` is said to who is over.

    An asker is a platform, a token, an address. A look is two steps so that what is not known
    before may be counted afterwards.
    """

    most: int
    seconds: float = 1.0
    what: str = "requests per second"
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def admit(self, asker: str) -> None:
        """TooManyRequests (429 with Retry-After) when the asker has used up its share."""
        self.check(asker)
        self.count(asker)

    def check(self, asker: str) -> None:
        """TooManyRequests when nothing is left; nothing is used up."""
        if self.most and (left := self._left(asker)) < 1:
            wait = math.ceil((1 - left) * self.seconds / self.most)
            raise TooManyRequests(
                f"more than {self.most} {self.what}", headers={"Retry-After": str(wait)}
            )

    def count(self, asker: str) -> None:
        """Use up one."""
        if not self.most:
            return
        if asker not in self._buckets and len(self._buckets) >= _MOST_BUCKETS:
            self._forget()
        self._buckets[asker] = (self._left(asker) - 1, self.clock())

    def _left(self, asker: str) -> float:
        now = self.clock()
        left, at = self._buckets.get(asker, (float(self.most), now))
        return min(float(self.most), left + (now - at) * self.most / self.seconds)

    def _forget(self) -> None:
        """A full bucket says no more than none; when all are in use the oldest half goes."""
        waiting = {
            each: kept for each, kept in self._buckets.items() if self._left(each) < self.most
        }
        if len(waiting) >= _MOST_BUCKETS:
            newest = sorted(waiting, key=lambda each: waiting[each][1])[_MOST_BUCKETS // 2 :]
            waiting = {each: waiting[each] for each in newest}
        self._buckets = waiting
