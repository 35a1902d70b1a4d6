"""Two custom modules of ours, by which a driver's report of a broken charger reaches its operator
and the answer comes back.

`charging-problems`: the eMSP owns a report and PUTs it at the CPO. `charging-problem-answers`: the
CPO owns an answer and PUTs it at the eMSP. Neither is part of OCPI: a platform that does not list
them is sent nothing, and through a hub they go to the party in OCPI-to. Nothing of the driver is in
them. Source: 2.2.1 version information, custom modules; see docs/driver-support.md.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel

from ocpi_hub.protocol.modules import RECEIVER, Kind, Operation
from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.types import CountryCode, DateTime, Id, OcpiObject, PartyId, String5000

PROBLEMS = "charging-problems"
ANSWERS = "charging-problem-answers"


class ProblemKind(StrEnum):
    """What is wrong at a charger."""

    BROKEN = "BROKEN"
    BLOCKED = "BLOCKED"
    OTHER = "OTHER"


class AnswerState(StrEnum):
    """What an answer makes of its problem."""

    ANSWERED = "ANSWERED"
    CLOSED = "CLOSED"


class ProblemReport(OcpiObject):
    """What a driver found at a charger of the receiver; the owner is the eMSP."""

    country_code: CountryCode
    party_id: PartyId
    id: Id
    location_id: Id
    evse_uid: Id | None = None
    kind: ProblemKind
    text: String5000
    created: DateTime
    last_updated: DateTime


class ProblemAnswer(OcpiObject):
    """What the operator says to a report; the owner is the CPO."""

    country_code: CountryCode
    party_id: PartyId
    id: Id
    problem_id: Id
    state: AnswerState
    text: String5000
    last_updated: DateTime


_CPO, _EMSP = frozenset({Role.CPO}), frozenset({Role.EMSP})


def _put(
    module: str,
    name: str,
    model: type[BaseModel],
    *,
    owners: frozenset[Role],
    others: frozenset[Role],
) -> Operation:
    path = f"{{country_code}}/{{party_id}}/{{{name}}}"
    return Operation(module, RECEIVER, "PUT", path, Kind.EVENT, owners, others, body=model)


PUT_PROBLEM = _put(PROBLEMS, "problem_id", ProblemReport, owners=_EMSP, others=_CPO)
PUT_ANSWER = _put(ANSWERS, "answer_id", ProblemAnswer, owners=_CPO, others=_EMSP)

# The whole of both modules, by the name of each.
PUTS = {PROBLEMS: PUT_PROBLEM, ANSWERS: PUT_ANSWER}
