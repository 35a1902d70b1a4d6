"""When something happened, by a station's clock as far as it can be trusted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

# A clock that is off by less is taken as right.
TRUSTED = timedelta(minutes=5)
# A station whose clock was never set counts from an epoch of its own.
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
_NO_SKEW = timedelta()


class Doubt(StrEnum):
    """Why the moment of receipt stands in for what the station said."""

    UNREADABLE = "clock_unreadable"
    UNSET = "clock_unset"
    FUTURE = "clock_ahead"


class Placed(NamedTuple):
    """A moment, and why it is not the station's own."""

    at: datetime
    doubt: Doubt | None = None


def placed(stamp: datetime | None, *, received_at: datetime, skew: timedelta = _NO_SKEW) -> Placed:
    """When it happened; what is old is a replay and believed, what cannot be is replaced.

    `skew` is receive time minus the station's clock, as measured on frames that came at once.
    """
    if stamp is None:
        return Placed(received_at, Doubt.UNREADABLE)
    if stamp < _EARLIEST:
        return Placed(received_at, Doubt.UNSET)
    corrected = stamp if abs(skew) < TRUSTED else stamp + skew
    if corrected > received_at + TRUSTED:
        return Placed(received_at, Doubt.FUTURE)
    return Placed(corrected)


def is_live(at: datetime, received_at: datetime) -> bool:
    """Whether it was heard when it happened, and not kept by a station that was offline."""
    return received_at - at < TRUSTED
