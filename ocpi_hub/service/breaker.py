"""When to stop calling a partner, and when to try again: a state machine over the caller's clock.

Only failures of the transport count. What a partner answers, a refusal included, is a success; a
401 or 403 is not a matter of waiting and opens at once.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from ocpi_hub.service.transport import Response

CONSECUTIVE = 5
WINDOW = 60.0
_BUCKET = 5.0
ENOUGH = 20
FIRST_PROBE = 5.0
LAST_PROBE = 600.0
SUCCESSES = 3
LONGEST_WAIT = 3600.0
# A probe whose caller was cancelled never reports; its slot is free again after this.
_PROBE_LIMIT = 60.0


class State(StrEnum):
    """What the breaker lets through: all, nothing, or one at a time."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Reason(StrEnum):
    """Why it opened."""

    FAILURES = "FAILURES"
    AUTH = "AUTH"


@dataclass(slots=True)
class _Bucket:
    begins: float
    calls: int = 0
    failures: int = 0


@dataclass(slots=True)
class Breaker:
    """The breaker of one partner. Every `now` is in seconds of one monotonic clock.

    `jitter` gives a number from 0 to 1. `opened_at` is when it first opened, until it closes.
    """

    jitter: Callable[[], float] = random.random
    state: State = State.CLOSED
    reason: Reason | None = None
    opened_at: float | None = None
    _consecutive: int = 0
    _window: deque[_Bucket] = field(default_factory=deque)
    _probes: int = 0
    _next_probe: float = 0.0
    _probe_since: float | None = None
    _successes: int = 0
    _not_before: float = 0.0

    def allows(self, now: float) -> bool:
        """Whether to call now. While not closed, True is one probe: report what came of it."""
        if now < self._not_before:
            return False
        match self.state:
            case State.CLOSED:
                return True
            case State.OPEN if now < self._next_probe:
                return False
            case State.HALF_OPEN if self._probing(now):
                return False
        self.state = State.HALF_OPEN
        self._probe_since = now
        return True

    def succeeded(self, now: float) -> None:
        """An answer came, whatever it said."""
        match self.state:
            case State.CLOSED:
                self._consecutive = 0
                self._bucket(now).calls += 1
            case State.HALF_OPEN:
                self._probe_since = None
                self._successes += 1
                if self._successes >= SUCCESSES:
                    self._close()
            case State.OPEN:
                pass  # the answer to a call from before it opened

    def failed(self, now: float) -> None:
        """No answer came."""
        match self.state:
            case State.CLOSED:
                self._consecutive += 1
                bucket = self._bucket(now)
                bucket.calls += 1
                bucket.failures += 1
                if self._too_many():
                    self._open(now, Reason.FAILURES)
            case State.HALF_OPEN:
                self._open(now, self.reason or Reason.FAILURES)
            case State.OPEN:
                pass

    def unauthorized(self, now: float) -> None:
        """The partner refused our token."""
        if self.state is not State.OPEN:
            self._open(now, Reason.AUTH)
        self.reason = Reason.AUTH

    def retry_after(self, now: float, seconds: float) -> None:
        """The partner asked for a pause: honoured up to an hour, with a tenth of jitter."""
        pause = min(max(seconds, 0.0), LONGEST_WAIT)
        self._not_before = max(self._not_before, now + pause * (1 + 0.1 * self.jitter()))

    def _probing(self, now: float) -> bool:
        return self._probe_since is not None and now - self._probe_since < _PROBE_LIMIT

    def _bucket(self, now: float) -> _Bucket:
        window = self._window
        if not window or now - window[-1].begins >= _BUCKET:
            window.append(_Bucket(now))
            while now - window[0].begins >= WINDOW:
                window.popleft()
        return window[-1]

    def _too_many(self) -> bool:
        calls = sum(bucket.calls for bucket in self._window)
        failures = sum(bucket.failures for bucket in self._window)
        return self._consecutive >= CONSECUTIVE or (calls >= ENOUGH and 2 * failures >= calls)

    def _open(self, now: float, reason: Reason) -> None:
        self.state = State.OPEN
        self.reason = reason
        if self.opened_at is None:
            self.opened_at = now
        # Full jitter, so that processes and partners do not probe in step.
        wait = min(LAST_PROBE, FIRST_PROBE * 2**self._probes)
        self._next_probe = now + wait * self.jitter()
        self._probes = min(self._probes + 1, 16)
        self._probe_since = None
        self._successes = 0

    def _close(self) -> None:
        self.state = State.CLOSED
        self.reason = None
        self.opened_at = None
        self._consecutive = 0
        self._window.clear()
        self._probes = 0
        self._successes = 0


def heed_pause(breaker: Breaker, response: Response, *, now: float, date: datetime) -> None:
    """Do not call a partner before the time it asked for with a 429 or 503 (F9).

    `now` is the breaker's, `date` the aware time of day.
    """
    if response.status in (429, 503):
        asked = retry_after_seconds(response.headers.get("retry-after", ""), date)
        if asked is not None:
            breaker.retry_after(now, asked)


def retry_after_seconds(text: str, now: datetime) -> float | None:
    """The seconds a Retry-After header asks for, as a number or a date; None if it is neither.

    Source: RFC 9110, 10.2.3. `now` is aware.
    """
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now)
    return max(seconds, 0.0) if seconds == seconds else None


def _until(text: str, now: datetime) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max((aware - now).total_seconds(), 0.0)
