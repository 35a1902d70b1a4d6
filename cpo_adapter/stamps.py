"""last_updated of what is ours: by our clock, in milliseconds, and later than any before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

_STEP = timedelta(milliseconds=1)


def stamp_after(before: Iterable[datetime], *, now: datetime) -> datetime:
    """Now, or just after the latest of those before."""
    whole = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return max([whole, *(each + _STEP for each in before)])
