"""What became of a write of an object that a partner owns."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """CREATED is a 201, UNKNOWN a 404, the others are a 200 with 1000 (STA-04, SEM-14)."""

    CREATED = "created"
    UPDATED = "updated"
    # Equal JSON.
    UNCHANGED = "unchanged"
    # Older than what is stored: nothing changed.
    STALE = "stale"
    # There is nothing to change.
    UNKNOWN = "unknown"


_AHEAD = timedelta(minutes=5)


def takes_the_place(given: datetime, stored: datetime, *, now: datetime, pulled: bool) -> bool:
    """Whether what was given may replace what is stored (SEM-14).

    Many stamp whole seconds, so that an equal stamp may be news, save in a list that was `pulled`
    and is older than what was pushed meanwhile. A stamp in the future must not freeze an object:
    one that lies far ahead holds nothing back.
    """
    return stored > now + _AHEAD or (given > stored if pulled else given >= stored)
