"""The words stations answer commands with, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cpo_adapter.ocpp.calls import (
    CancelReservation,
    ClearChargingProfile,
    Command,
    CommandAnswer,
    Outcome,
    Schedule,
    VariableValue,
)
from cpo_adapter.ocpp.fields import child, text

_OUTCOMES = {
    "Accepted": Outcome.ACCEPTED,
    "AcceptedCanceled": Outcome.ACCEPTED,
    "Unlocked": Outcome.ACCEPTED,
    "Scheduled": Outcome.SCHEDULED,
    "RebootRequired": Outcome.REBOOT_REQUIRED,
    "Rejected": Outcome.REJECTED,
    "OngoingAuthorizedTransaction": Outcome.REJECTED,
    "UnknownConnector": Outcome.REJECTED,
    "UnknownComponent": Outcome.REJECTED,
    "UnknownVariable": Outcome.REJECTED,
    "Occupied": Outcome.OCCUPIED,
    "Faulted": Outcome.FAULTED,
    "Unavailable": Outcome.UNAVAILABLE,
    "NotSupported": Outcome.NOT_SUPPORTED,
    "NotImplemented": Outcome.NOT_SUPPORTED,
    "NotSupportedAttributeType": Outcome.NOT_SUPPORTED,
    "UnknownVendor": Outcome.NOT_SUPPORTED,
    "UnknownVendorId": Outcome.NOT_SUPPORTED,
    "UnknownMessageId": Outcome.NOT_SUPPORTED,
}
# Where a word means something else for one command.
_OF_COMMAND: dict[tuple[type, str], Outcome] = {
    (CancelReservation, "Rejected"): Outcome.UNKNOWN_RESERVATION,
    (ClearChargingProfile, "Unknown"): Outcome.UNKNOWN_PROFILE,
}

Value = Schedule | tuple[VariableValue, ...] | int | str | None


@dataclass(frozen=True, slots=True)
class Question:
    """How the answer to a command is read where it is more than a status.

    `status` finds the station's word; without one it has done what it was asked.
    """

    status: Callable[[Mapping[str, Any]], str] | None = None
    value: Callable[[Mapping[str, Any]], Value] | None = None


_PLAIN = Question()


def read_answer(
    command: Command, payload: Mapping[str, Any], questions: Mapping[type, Question]
) -> CommandAnswer:
    """What became of a command, from the payload of the CALLRESULT."""
    question = questions.get(type(command), _PLAIN)
    status = (question.status or _status)(payload)
    value = question.value(payload) if question.value is not None else None
    detail = text(child(payload, "statusInfo"), "reasonCode")
    return CommandAnswer(_outcome(command, status), status, detail, payload, value)


def refused(code: str, description: str) -> CommandAnswer:
    """What became of a command that a station answered with a CALLERROR."""
    unsupported = code in {"NotSupported", "NotImplemented"}
    outcome = Outcome.NOT_SUPPORTED if unsupported else Outcome.FAILED
    return CommandAnswer(outcome, code, description or None)


def _status(payload: Mapping[str, Any]) -> str:
    return text(payload, "status") or "Accepted"


def _outcome(command: Command, status: str) -> Outcome:
    special = _OF_COMMAND.get((type(command), status))
    return special or _OUTCOMES.get(status, Outcome.FAILED)
