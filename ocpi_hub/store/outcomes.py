"""What became of a write to the catalogue."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """CREATED is a 201, UNKNOWN a 404, the others are a 200 with 1000 (STA-04, SEM-14)."""

    CREATED = "created"
    UPDATED = "updated"
    # Equal JSON: nothing is sent to the receivers.
    UNCHANGED = "unchanged"
    # Older than what is stored: nothing changed.
    STALE = "stale"
    # There is nothing to change.
    UNKNOWN = "unknown"
