"""Telling a peer about one object as it is now: PUT, PATCH, POST or DELETE, and what came of it.

Nothing here is a stored message: what is sent is what is published at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from ocpi_hub.node.engine import Database
from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.store import handed_over, published
from ocpi_hub.peering.store.cursors import Audience
from ocpi_hub.peering.store.published import Change
from ocpi_hub.protocol import charging_problems
from ocpi_hub.protocol.errors import (
    ClientError,
    OcpiError,
    ReceiverNotConnected,
    ReceiverTimeout,
    UnknownReceiver,
)
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.modules import Operation, operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface

_OWNED = "{country_code}/{party_id}"


def _row(module: str, method: str, *ids: str) -> Operation:
    path = "/".join([_OWNED, *(f"{{{name}}}" for name in ids)]) if ids else ""
    return operation(module, Interface.RECEIVER, method, path)


LOCATION = _row("locations", "PUT", "location_id")
STATUS = _row("locations", "PATCH", "location_id", "evse_uid")
CDR = _row("cdrs", "POST")
# How an object in its present state is told, and how its end.
PUTS = {
    "locations": LOCATION,
    "tariffs": _row("tariffs", "PUT", "tariff_id"),
    "tokens": _row("tokens", "PUT", "token_uid"),
    "sessions": _row("sessions", "PUT", "session_id"),
    "cdrs": CDR,
    **charging_problems.PUTS,
}
DELETE_TARIFF = _row("tariffs", "DELETE", "tariff_id")

_NO_WAY = frozenset(
    error.status_code for error in (UnknownReceiver, ReceiverTimeout, ReceiverNotConnected)
)


class Fate(Enum):
    """What became of a change."""

    DONE = auto()
    REFUSED = auto()  # 2xxx: the receiver will not take it, and a person has to look
    FAILED = auto()  # an answer that may be another one later, or none to this object
    UNREACHED = auto()  # nobody there: nothing else would get through either


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fate, with OCPI's code and the receiver's words.

    With a whole Location went every change of it that was made before the transaction `covers`.
    """

    fate: Fate
    code: int = 1000
    message: str = ""
    covers: int = 0


DONE = Outcome(Fate.DONE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Tells one audience by way of one peer."""

    db: Database
    outgoing: Outgoing
    peer: Peer
    audience: Audience

    async def tell(self, change: Change) -> Outcome:
        """Send one object."""
        if change.module == "locations" and change.sub:
            return await self._status(change)
        if change.deleted:
            return await self._each(DELETE_TARIFF, change, body=None)
        if change.module == "cdrs":
            return await self._hand_over(change)
        outcome = await self._each(PUTS[change.module], change, body=change.document)
        if change.module == "locations" and outcome.fate is Fate.DONE:
            return replace(outcome, covers=change.horizon)
        return outcome

    async def _status(self, change: Change) -> Outcome:
        """An EVSE's status; where the EVSE is not known, the whole Location."""
        if not change.path:
            return DONE
        outcome = await self._each(STATUS, change, body=change.document)
        if outcome.fate is not Fate.REFUSED:
            return outcome
        async with self.db.hot() as conn:
            whole = await published.now(conn, "locations", id=change.id, sub="")
        return outcome if whole is None else await self.tell(whole)

    async def _hand_over(self, change: Change) -> Outcome:
        """A CDR, once: what its receiver has taken is never sent again."""
        async with self.db.hot() as conn:
            if await handed_over.taken(conn, [change.id]):
                return DONE
        outcome, reply = await self._call(CDR, change, self._party, body=change.document)
        if outcome.fate is Fate.DONE:
            location = None if reply is None else reply.header("location")
            async with self.db.hot() as conn:
                await handed_over.keep(conn, change.id, peer_id=self.peer.id, location=location)
        return outcome

    @property
    def _party(self) -> Party | None:
        return Party.of_key(self.audience.party) if self.audience.party else None

    async def _each(
        self, row: Operation, change: Change, *, body: Mapping[str, Any] | None
    ) -> Outcome:
        """To everybody it is for at this peer; the first that does not take it decides."""
        party = self._party
        worst = DONE
        for to in [party] if party is not None else self.outgoing.addressees(row, self.peer):
            outcome, _ = await self._call(row, change, to, body=body)
            if outcome.fate in (Fate.FAILED, Fate.UNREACHED):
                return outcome
            worst = outcome if outcome.fate is Fate.REFUSED else worst
        return worst

    async def _call(
        self, row: Operation, change: Change, to: Party | None, *, body: Mapping[str, Any] | None
    ) -> tuple[Outcome, Reply | None]:
        query = f"type={change.document['type']}" if row.module == "tokens" else ""
        try:
            reply = await self.outgoing.send(
                row,
                to=to,
                peer=self.peer,
                params=_params(row, change),
                query=query,
                body=body,
                urgent=row is CDR,
            )
        except OcpiError as error:
            return _unanswered(error), None
        if row is DELETE_TARIFF and reply.http_status == 404:
            return DONE, reply
        return self._judged(row, reply), reply

    def _judged(self, row: Operation, reply: Reply) -> Outcome:
        if reply.ok:
            return DONE
        message = reply.message or f"HTTP {reply.http_status}"
        code = reply.status_code
        if row.module in charging_problems.PUTS and code == UnknownReceiver.status_code:
            # A hub says so of a party that does not have the module.
            return Outcome(Fate.REFUSED, code, message)
        if self.audience.party and code in _NO_WAY:
            return Outcome(Fate.UNREACHED, code, message)
        if reply.http_status >= 500 or reply.http_status == 429 or code >= 3000:
            return Outcome(Fate.FAILED, code, message)
        return Outcome(Fate.REFUSED, code, message)


def _params(row: Operation, change: Change) -> dict[str, str]:
    """The ids of the path; the owner is added where it is sent."""
    names = [name.strip("{}") for name in row.segments[2:]]
    return dict(zip(names, change.path, strict=False))


def _unanswered(error: OcpiError) -> Outcome:
    match error:
        case ReceiverNotConnected() | UnknownReceiver():
            return Outcome(Fate.UNREACHED, error.status_code, error.message)
        case ClientError():
            # What we wrote ourselves is wrong: it never left.
            return Outcome(Fate.REFUSED, error.status_code, error.message)
        case _:
            return Outcome(Fate.FAILED, error.status_code, error.message)
