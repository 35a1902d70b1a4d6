"""What a partner asks of a station: asked, planned, and what became of it.

A plan is made in one database transaction, carried out by the station, and settled in another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cpo_adapter.ocpp.calls import Command, CommandAnswer, Outcome
from cpo_adapter.rules import Rules
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.charging_profiles import ChargingProfileResponseType
from ocpi_hub.protocol.v2_2_1.commands import CommandResponseType, CommandResultType

Result = dict[str, Any]
Settle = Callable[[Hot, CommandAnswer], Awaitable[Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command as it came: `body` is validated, `id` is ours, `owner` is who asks."""

    id: str
    kind: str
    body: Mapping[str, Any]
    owner: Party
    peer_id: str
    correlation_id: str
    response_url: str
    # The Session of a charging profile's URL.
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A command for a station, and what is written once it has answered."""

    station_id: str
    command: Command
    settle: Settle
    transaction_id: str | None = None
    remote_start_id: int | None = None
    # What another station is asked once this one has accepted.
    afterwards: Afterwards | None = None


@dataclass(frozen=True, slots=True)
class Afterwards:
    """A command that follows from another, and that nobody waits for."""

    station_id: str
    command: Command


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing to ask of a station: this is the result."""

    result: Result


Plan = Call | Done


Response = CommandResponseType | ChargingProfileResponseType


class Refused(Exception):
    """A command that is not taken on; the message is for people."""

    def __init__(self, message: str, response: Response = CommandResponseType.REJECTED) -> None:
        super().__init__(message)
        self.message = message
        self.response = response


@dataclass(frozen=True, slots=True)
class Desk:
    """What plans are made with: the clock, the rules, and which stations are there."""

    rules: Rules
    now: Callable[[], datetime]
    is_connected: Callable[[str], bool]


Prepare = Callable[[Hot, Asked, Desk], Awaitable[Plan]]

# Bridge rules 4.7: what a station answers, as the CommandResult.
_RESULTS = {
    Outcome.ACCEPTED: CommandResultType.ACCEPTED,
    Outcome.SCHEDULED: CommandResultType.ACCEPTED,
    Outcome.REBOOT_REQUIRED: CommandResultType.ACCEPTED,
    Outcome.REJECTED: CommandResultType.REJECTED,
    Outcome.OCCUPIED: CommandResultType.EVSE_OCCUPIED,
    Outcome.FAULTED: CommandResultType.EVSE_INOPERATIVE,
    Outcome.UNAVAILABLE: CommandResultType.EVSE_INOPERATIVE,
    Outcome.UNKNOWN_RESERVATION: CommandResultType.UNKNOWN_RESERVATION,
    Outcome.UNKNOWN_PROFILE: CommandResultType.FAILED,
    Outcome.NOT_SUPPORTED: CommandResultType.NOT_SUPPORTED,
    Outcome.FAILED: CommandResultType.FAILED,
    Outcome.TIMEOUT: CommandResultType.TIMEOUT,
    Outcome.NOT_CONNECTED: CommandResultType.TIMEOUT,
}


def result_of(answer: CommandAnswer, *, rejected: CommandResultType | None = None) -> Result:
    """The CommandResult for a station's answer; `rejected` stands for a plain Rejected."""
    kind = _RESULTS[answer.outcome]
    if answer.outcome is Outcome.REJECTED and rejected is not None:
        kind = rejected
    return command_result(kind, answer.detail)


def command_result(kind: CommandResultType, message: str | None = None) -> Result:
    """A CommandResult, with a sentence for people where there is one."""
    made: Result = {"result": kind.value}
    if message:
        made["message"] = [{"language": "en", "text": message[:512]}]
    return made
