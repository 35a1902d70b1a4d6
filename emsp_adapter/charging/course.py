"""The course of a charge: what may happen to it, and what it is then. Pure.

What is not in the table changes nothing: a result that comes after the Session, a second stop. A
Session after a start that had failed revives the charge: the car charges, and its driver must see
it.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a charge stands."""

    SCHEDULED = "scheduled"  # begins at a time that was chosen
    STARTING = "starting"  # asked for
    CHARGING = "charging"
    STOPPING = "stopping"  # its end was asked for
    FINISHED = "finished"
    FAILED = "failed"  # it never began
    CANCELLED = "cancelled"  # taken back before its time
    MISSED = "missed"  # its time came, and it could not be asked for


class Event(StrEnum):
    """What happens to a charge."""

    DUE = "due"  # its time has come
    CANCELLED = "cancelled"  # by the driver
    MISSED = "missed"  # its time has come, and it cannot be asked for
    REFUSED = "refused"  # the operator or the station said no to a start
    SILENT = "silent"  # nothing came of a start or a stop in time
    RUNS = "runs"  # its Session is active
    STOP_ASKED = "stop asked"
    STOP_REFUSED = "stop refused"
    ENDED = "ended"  # its Session is over, or its CDR came
    UNUSED = "unused"  # its Session is over and never was active, or does not count


# What is over; only the operator's news may still change it.
FINAL = frozenset({State.FINISHED, State.FAILED, State.CANCELLED, State.MISSED})

_NEXT: dict[tuple[State, Event], State] = {
    (State.SCHEDULED, Event.DUE): State.STARTING,
    (State.SCHEDULED, Event.CANCELLED): State.CANCELLED,
    (State.SCHEDULED, Event.MISSED): State.MISSED,
    (State.STARTING, Event.MISSED): State.MISSED,
    (State.STARTING, Event.REFUSED): State.FAILED,
    (State.STARTING, Event.SILENT): State.FAILED,
    (State.STARTING, Event.UNUSED): State.FAILED,
    (State.STARTING, Event.RUNS): State.CHARGING,
    (State.STARTING, Event.ENDED): State.FINISHED,
    (State.CHARGING, Event.STOP_ASKED): State.STOPPING,
    (State.CHARGING, Event.ENDED): State.FINISHED,
    (State.CHARGING, Event.UNUSED): State.FAILED,
    (State.STOPPING, Event.STOP_REFUSED): State.CHARGING,
    (State.STOPPING, Event.SILENT): State.CHARGING,
    (State.STOPPING, Event.ENDED): State.FINISHED,
    (State.STOPPING, Event.UNUSED): State.FAILED,
    (State.FAILED, Event.RUNS): State.CHARGING,
    (State.FAILED, Event.ENDED): State.FINISHED,
    (State.MISSED, Event.RUNS): State.CHARGING,
    (State.MISSED, Event.ENDED): State.FINISHED,
}


def after(state: State, event: Event) -> State | None:
    """What a charge is then; None when this event changes nothing about it."""
    return _NEXT.get((state, event))
