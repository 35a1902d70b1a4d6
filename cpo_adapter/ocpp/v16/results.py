"""What a station of OCPP 1.6 made of a command, as its CALLRESULT says."""

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
    Variable,
    VariableValue,
)
from cpo_adapter.ocpp.fields import child, children, integer, moment_of, number, text
from cpo_adapter.ocpp.outcomes import Question, read_answer
from cpo_adapter.ocpp.profiles import read_periods, read_unit

# A list version that says: no lists here.
_NO_LISTS = -1


def result(command: Command, payload: Mapping[str, Any]) -> CommandAnswer:
    """What became of the command."""
    return read_answer(command, payload, _QUESTIONS)


def _schedule(payload: Mapping[str, Any]) -> Schedule | None:
    schedule = child(payload, "chargingSchedule")
    if not schedule:
        return None
    starts = text(schedule, "startSchedule") or text(payload, "scheduleStart")
    return Schedule(
        integer(payload, "connectorId") or 0,
        moment_of(starts),
        integer(schedule, "duration"),
        read_unit(schedule),
        read_periods(schedule),
        number(schedule, "minChargingRate"),
    )


def _variables(payload: Mapping[str, Any]) -> tuple[VariableValue, ...]:
    known = tuple(
        VariableValue(Variable(text(key, "key") or ""), text(key, "value"), key.get("readonly"))
        for key in children(payload, "configurationKey")
    )
    unknown = payload.get("unknownKey")
    names = unknown if isinstance(unknown, list) else []
    return known + tuple(VariableValue(Variable(str(name)), None) for name in names)


def _list_status(payload: Mapping[str, Any]) -> str:
    return "NotSupported" if integer(payload, "listVersion") == _NO_LISTS else "Accepted"


_QUESTIONS = {
    GetCompositeSchedule: Question(value=_schedule),
    GetVariables: Question(value=_variables),
    GetLocalListVersion: Question(
        status=_list_status, value=lambda payload: integer(payload, "listVersion")
    ),
    # GetDiagnostics and GetLog name the file differently.
    GetLog: Question(value=lambda payload: text(payload, "fileName") or text(payload, "filename")),
    DataTransfer: Question(value=lambda payload: text(payload, "data")),
}
