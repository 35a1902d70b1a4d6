"""Why a session is not billed without a person's word, and what the person has said."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from cpo_adapter.metering import Anomaly
from cpo_adapter.station_clock import Doubt

Suspicions = Sequence[dict[str, str]]


class Suspicion(StrEnum):
    """What is odd about a transaction."""

    METER_NEGATIVE = "meter_negative"
    METER_FALLING = "meter_falling"
    METER_JUMP = "meter_jump"
    METER_START_UNKNOWN = "meter_start_unknown"
    CLOCK_UNREADABLE = "clock_unreadable"
    CLOCK_UNSET = "clock_unset"
    CLOCK_AHEAD = "clock_ahead"
    STOP_BEFORE_START = "stop_before_start"
    REPLACED = "replaced"
    ORPHAN = "orphan"
    CLOSED_BY_HAND = "closed_by_hand"
    TOKEN_UNKNOWN = "token_unknown"
    TOKEN_REFUSED = "token_refused"
    NOT_MAPPED = "not_mapped"
    NOT_BILLABLE = "not_billable"
    # What a person decided is kept in the same list.
    RELEASED = "released"
    WRITTEN_OFF = "written_off"


_OF_ANOMALY = {
    Anomaly.NEGATIVE: Suspicion.METER_NEGATIVE,
    Anomaly.FALLING: Suspicion.METER_FALLING,
    Anomaly.JUMP: Suspicion.METER_JUMP,
}
_OF_DOUBT = {
    Doubt.UNREADABLE: Suspicion.CLOCK_UNREADABLE,
    Doubt.UNSET: Suspicion.CLOCK_UNSET,
    Doubt.FUTURE: Suspicion.CLOCK_AHEAD,
}


def of_anomaly(anomaly: Anomaly) -> Suspicion:
    """What a suspicious register is called."""
    return _OF_ANOMALY[anomaly]


def of_doubt(doubt: Doubt) -> Suspicion:
    """What a moment that cannot be is called."""
    return _OF_DOUBT[doubt]


def added(known: Suspicions, kind: Suspicion, message: str) -> list[dict[str, str]]:
    """The list with one more; each kind is told once, in the words it had first."""
    if any(each["code"] == kind for each in known):
        return list(known)
    return [*known, {"code": kind.value, "message": message}]
