"""Commands to CPOs: kept, sent once, and their answers as sentences.

A command is never sent again and never waits for a peer that is away: what was not taken on at once
is told to the driver. The result comes later, see results.py. Source: 2.2.1 commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from emsp_adapter.drivers.sentences import SAYS
from emsp_adapter.office import Office
from emsp_adapter.store import commands as store
from emsp_adapter.store.commands import Command
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.client import data_of
from ocpi_hub.protocol.errors import (
    InvalidParameters,
    OcpiError,
    ReceiverNotConnected,
    ReceiverTimeout,
    UnknownLocation,
    UnknownReceiver,
)
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.v2_2_1.commands import (
    CommandResponse,
    CommandResponseType,
    CommandResultType,
    CommandType,
)
from ocpi_hub.protocol.validation import check

_RESULT = operation("commands", Interface.SENDER, "POST", "{command}/{result_id}")

# A timeout in a CommandResponse below or above this is a mistake.
_LEAST, _MOST = 1, 600
_GRACE = timedelta(seconds=2)
_LONGEST = 300

UNREACHABLE = "The operator of this station cannot be reached right now."
_NO_ANSWER = "The operator of this station did not answer in time."
_NOT_UNDERSTOOD = "The operator of this station gave an answer that makes no sense."
_UNKNOWN_PLACE = "The operator does not know this charging point any longer."

_RESPONSES = {
    CommandResponseType.REJECTED: "The operator declined the request.",
    CommandResponseType.NOT_SUPPORTED: "This station cannot do that from an app.",
    CommandResponseType.UNKNOWN_SESSION: "The operator does not know this charge.",
}
_RESULTS = {
    CommandResultType.CANCELED_RESERVATION: "The operator cancelled the reservation.",
    CommandResultType.EVSE_OCCUPIED: "The charging point is in use.",
    CommandResultType.EVSE_INOPERATIVE: "The charging point is out of order.",
    CommandResultType.FAILED: "The station did not carry it out.",
    CommandResultType.NOT_SUPPORTED: "This station cannot do that from an app.",
    CommandResultType.REJECTED: "The station declined the request.",
    CommandResultType.TIMEOUT: "The station did not answer in time.",
    CommandResultType.UNKNOWN_RESERVATION: "The operator does not know this reservation.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a command was taken on, for how long its result may take, or why not."""

    response: str
    wait: timedelta | None = None
    reason: str | None = None

    @property
    def taken(self) -> bool:
        """Whether a result will come."""
        return self.wait is not None


async def keep(
    conn: Hot,
    office: Office,
    kind: CommandType,
    party: Party,
    *,
    request: Mapping[str, Any],
    charge_id: str | None = None,
    reservation_id: str | None = None,
) -> Command:
    """A command that is about to be sent; `request` is its body without token and response_url."""
    command = Command(
        id=office.new_id(),
        kind=kind.value,
        party=party.key,
        charge_id=charge_id,
        reservation_id=reservation_id,
        request=request,
        sent_at=office.now(),
    )
    await store.add(conn, command)
    return command


async def send(
    office: Office, command: Command, *, token: Mapping[str, Any] | None = None
) -> Answer:
    """The CPO's answer. Never in a transaction, and never twice."""
    body: dict[str, Any] = {**command.request, "response_url": _response_url(office, command)}
    if token is not None:
        body["token"] = token
    row = operation("commands", Interface.RECEIVER, "POST", command.kind)
    try:
        reply = await office.side.outgoing.send(
            row, to=Party.of_key(command.party), body=body, urgent=True
        )
        return _answer(reply)
    except ReceiverTimeout:
        return Answer("unreachable", reason=_NO_ANSWER)
    except (UnknownReceiver, ReceiverNotConnected):
        return Answer("unreachable", reason=UNREACHABLE)
    except OcpiError:
        return Answer("unreachable", reason=_NOT_UNDERSTOOD)


async def answered(conn: Hot, office: Office, command: Command, answer: Answer) -> bool:
    """Keeps the answer, in the transaction that draws the conclusion; whether the result was there
    before it."""
    known = await store.find(conn, command.id, lock=True)
    await store.answer(
        conn,
        command.id,
        taken=answer.taken,
        response=answer.response,
        message=answer.reason,
        deadline=None if answer.wait is None else office.now() + answer.wait,
    )
    return known is not None and known.state == "done"


def why_not(result: CommandResultType, message: object) -> str | None:
    """Why a command came to nothing, in a sentence; None: it did not."""
    if result is CommandResultType.ACCEPTED:
        return None
    return _sentence(_RESULTS[result], message)


def is_reachable(office: Office, party: Party) -> bool:
    """Whether a command to a CPO has a way that is open now."""
    peer = office.side.peers.route(party)
    if peer is None or ("commands", Interface.RECEIVER) not in peer.endpoints:
        return False
    if peer.is_hub and not peer.reaches(party):
        return False
    return not office.side.outgoing.away(peer)


def _answer(reply: Reply) -> Answer:
    if reply.status_code == UnknownLocation.status_code:
        return Answer("UNKNOWN_LOCATION", reason=_UNKNOWN_PLACE)
    if reply.status_code == ReceiverTimeout.status_code:
        return Answer("unreachable", reason=_NO_ANSWER)
    if reply.status_code in (ReceiverNotConnected.status_code, UnknownReceiver.status_code):
        return Answer("unreachable", reason=UNREACHABLE)
    if not reply.ok:
        return Answer("REJECTED", reason=_RESPONSES[CommandResponseType.REJECTED])
    document = data_of(reply)
    if not isinstance(document, Mapping):
        raise InvalidParameters("data: expected a CommandResponse")
    check(CommandResponse, document)
    response = CommandResponseType(document["result"])
    if response is not CommandResponseType.ACCEPTED:
        return Answer(response, reason=_sentence(_RESPONSES[response], document.get("message")))
    seconds = min(max(int(document["timeout"]), _LEAST), _MOST)
    return Answer(response, wait=timedelta(seconds=seconds) + _GRACE)


def _sentence(ours: str, message: object) -> str:
    """Our sentence, and what the operator says to it: DisplayTexts, English before others."""
    texts = [message] if isinstance(message, Mapping) else message
    if not isinstance(texts, list) or not texts:
        return ours
    english = [each for each in texts if str(each["language"]).lower().startswith("en")]
    said = " ".join(str((english or texts)[0]["text"]).split())[:_LONGEST]
    return f'{ours}{SAYS}{said}"' if said else ours


def _response_url(office: Office, command: Command) -> str:
    return f"{office.side.identity.endpoint(_RESULT)}/{command.kind}/{command.id}"
