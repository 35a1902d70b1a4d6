"""What a station of OCPP 2.0.1 made of a command, as its CALLRESULT says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpo_adapter.ocpp.calls import (
    Command,
    CommandAnswer,
    DataTransfer,
    GetCompositeSchedule,
    GetLocalListVersion,
    GetLog,
    GetVariables,
    Schedule,
    SetVariable,
    Variable,
    VariableValue,
)
from cpo_adapter.ocpp.fields import Payload, child, children, integer, moment_of, text
from cpo_adapter.ocpp.outcomes import Question, read_answer
from cpo_adapter.ocpp.profiles import read_periods, read_unit


def result(command: Command, payload: Mapping[str, Any]) -> CommandAnswer:
    """What became of the command."""
    return read_answer(command, payload, _QUESTIONS)


def _schedule(payload: Mapping[str, Any]) -> Schedule | None:
    schedule = child(payload, "schedule")
    if not schedule:
        return None
    return Schedule(
        integer(schedule, "evseId") or 0,
        moment_of(text(schedule, "scheduleStart")),
        integer(schedule, "duration"),
        read_unit(schedule),
        read_periods(schedule),
    )


def _variable_value(found: Payload) -> VariableValue:
    component, variable = child(found, "component"), child(found, "variable")
    named = Variable(
        text(variable, "name") or "",
        text(component, "name"),
        text(variable, "instance"),
        integer(child(component, "evse"), "id"),
    )
    return VariableValue(named, text(found, "attributeValue"))


def _variables(payload: Mapping[str, Any]) -> tuple[VariableValue, ...]:
    return tuple(_variable_value(found) for found in children(payload, "getVariableResult"))


def _set_status(payload: Mapping[str, Any]) -> str:
    results = children(payload, "setVariableResult")
    return (text(results[0], "attributeStatus") if results else None) or "Rejected"


_QUESTIONS = {
    GetCompositeSchedule: Question(value=_schedule),
    GetVariables: Question(value=_variables),
    SetVariable: Question(status=_set_status),
    GetLocalListVersion: Question(value=lambda payload: integer(payload, "versionNumber")),
    GetLog: Question(value=lambda payload: text(payload, "filename")),
    DataTransfer: Question(value=lambda payload: text(payload, "data")),
}
