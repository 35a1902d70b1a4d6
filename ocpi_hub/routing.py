"""Where a message goes: one pure function over the message and the registry's snapshot.

The four ways are told apart by the OCPI-to headers, the method and the interface alone (RTE-39).
`route` returns a decision; `hub.Hub` carries it out. Where the receiver has to be found in what the
hub has stored, the decision says what to look up, and `settle` judges what was found.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ocpi_hub.authority import check_owner, sender_of, token_owner
from ocpi_hub.protocol.errors import (
    ClientError,
    InvalidParameters,
    ReceiverNotConnected,
    UnknownReceiver,
    UnknownToken,
)
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.modules import Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.snapshot import PartyRole, Platform, Snapshot


class Lookup(StrEnum):
    """What tells the receiver of a message without OCPI-to."""

    LOCATION = "location"  # the CPO that owns the stored Location
    TARIFF = "tariff"  # the CPO that owns the stored Tariff
    TOKEN = "token"  # the eMSP that owns the stored Token
    SESSION_CPO = "session_cpo"  # the CPO of a session in the ledger
    SESSION_EMSP = "session_emsp"  # the eMSP of a session in the ledger


@dataclass(frozen=True, slots=True)
class Direct:
    """To one party. `ended`: their agreement has ended, only what was begun under it may pass."""

    sender: Party
    receiver: PartyRole
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """To the party that a look-up finds."""

    sender: Party
    lookup: Lookup


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Stored, answered at once, and told to everybody it concerns."""

    sender: Party


@dataclass(frozen=True, slots=True)
class GetAll:
    """A list out of what the hub has stored."""

    sender: Party


@dataclass(frozen=True, slots=True)
class Stored:
    """One object out of what the hub has stored; `own` for its owner reading it back."""

    sender: Party
    own: bool = False


Decision = Direct | Open | Broadcast | GetAll | Stored


def route(message: Message, caller: Platform, snapshot: Snapshot) -> Decision:
    """The decision for an authenticated message; an OcpiError where there is none."""
    sender = sender_of(message, caller)
    check_owner(message, sender)
    if message.receiver is None:
        return _without_to(message, caller, sender, snapshot)
    if message.receiver == snapshot.hub:
        return _to_the_hub(message, sender)
    return to_party(message, sender, message.receiver, snapshot)


def to_party(message: Message, sender: Party, receiver: Party, snapshot: Snapshot) -> Direct:
    """Direct, if the receiver is known to the sender; 4001 where it is not."""
    operation = message.operation
    role = snapshot.platform_of(receiver, operation.receivers)
    if role is None:
        raise UnknownReceiver(_unknown(receiver, operation, snapshot))
    _check_token_owner(message, receiver)
    if snapshot.allowed(sender, role.party, operation.module):
        return Direct(sender, role)
    if _outlives_agreement(operation) and snapshot.ended(sender, role.party, operation.module):
        return Direct(sender, role, ended=True)
    raise UnknownReceiver(f"{receiver} is not known to {sender}")


def _unknown(receiver: Party, operation: Operation, snapshot: Snapshot) -> str:
    if receiver.key in snapshot.parties:
        wanted = ", ".join(sorted(operation.receivers))
        return f"{receiver} has no role that takes {operation.module} here (expected {wanted})"
    return f"{receiver} is not known to this hub"


def _check_token_owner(message: Message, receiver: Party) -> None:
    """SES-23, CDR-27: a Session or CDR goes to the owner of its token and to nobody else."""
    if message.operation.kind is not Kind.EVENT or not isinstance(message.document, dict):
        return
    owner = token_owner(message.document)
    if owner is not None and owner != receiver:
        raise InvalidParameters(f"cdr_token: is owned by {owner}, OCPI-to names {receiver}")


def _outlives_agreement(operation: Operation) -> bool:
    return operation.module in ("sessions", "cdrs") or operation.path == "STOP_SESSION"


def _to_the_hub(message: Message, sender: Party) -> Decision:
    operation = message.operation
    if operation.broadcast:
        return Broadcast(sender)
    if operation.kind is Kind.LIST:
        return GetAll(sender)
    if operation.kind is Kind.READ:
        if operation.module == "cdrs":
            return Stored(sender)
        if operation.interface is Interface.RECEIVER:
            # Neither a broadcast, which 4.1.8.3 forbids for GET, nor a GET All.
            raise ClientError("a GET on a Receiver interface needs a party in OCPI-to, not the hub")
        return Stored(sender)
    raise InvalidParameters(
        f"{operation.method} {operation.module} concerns one party: name it in OCPI-to"
        " or leave OCPI-to away"
    )


def _without_to(message: Message, caller: Platform, sender: Party, snapshot: Snapshot) -> Decision:
    operation = message.operation
    match operation.kind:
        case Kind.WRITE:
            # 4.1.8.4: a hub may broadcast a push whose destination it cannot determine.
            return Broadcast(sender)
        case Kind.LIST:
            if Quirk.LIST_WITHOUT_TO in caller.quirks:
                return GetAll(sender)
            raise InvalidParameters("OCPI-to missing: address the hub (To) for a list")
        case Kind.READ:
            return _open_read(operation, sender)
        case Kind.EVENT:
            return _open_event(message, sender, snapshot)
        case Kind.CALL:
            return Open(sender, _lookup_of_call(message))
        case Kind.CALLBACK | Kind.CONFIG:
            raise InvalidParameters(f"{operation.module} is not routed")
        case _:
            assert_never(operation.kind)


def _open_read(operation: Operation, sender: Party) -> Decision:
    if operation.interface is Interface.SENDER:
        return Open(sender, Lookup.TARIFF if operation.module == "tariffs" else Lookup.LOCATION)
    if operation.module == "sessions":
        return Open(sender, Lookup.SESSION_EMSP)
    # The hub took the broadcast, so it is the receiver that the owner reads its object back from.
    return Stored(sender, own=True)


def _open_event(message: Message, sender: Party, snapshot: Snapshot) -> Decision:
    if message.operation.module == "chargingprofiles":
        return Open(sender, Lookup.SESSION_EMSP)
    owner = token_owner(message.document)
    if owner is not None:
        return to_party(message, sender, owner, snapshot)
    return Open(sender, Lookup.SESSION_EMSP)


def _lookup_of_call(message: Message) -> Lookup:
    operation = message.operation
    if operation.module == "tokens":
        return Lookup.TOKEN
    if operation.path == "STOP_SESSION" or "session_id" in message.params:
        return Lookup.SESSION_CPO
    if isinstance(message.document, dict) and "location_id" in message.document:
        return Lookup.LOCATION
    raise UnknownReceiver(f"nothing in this {operation.module} tells its receiver: set OCPI-to")


def settle(
    message: Message, decision: Open, owners: Collection[Party], snapshot: Snapshot
) -> Direct:
    """Exactly one visible owner, or a refusal: never a guess, never asked in turn (RTE-20)."""
    visible = [
        direct
        for direct in (_try(message, decision.sender, owner, snapshot) for owner in owners)
        if direct is not None
    ]
    if len(visible) == 1:
        return visible[0]
    if len(visible) > 1:
        names = ", ".join(sorted(str(direct.receiver.party) for direct in visible))
        raise UnknownReceiver(f"{decision.lookup.value} is known of several parties: {names}")
    raise _not_found(message, decision)


def _try(message: Message, sender: Party, owner: Party, snapshot: Snapshot) -> Direct | None:
    try:
        return to_party(message, sender, owner, snapshot)
    except UnknownReceiver:
        return None


def _not_found(message: Message, decision: Open) -> UnknownReceiver | UnknownToken:
    if decision.lookup is Lookup.TOKEN:
        return UnknownToken(f"token {message.params['token_uid']!r} is not known to this hub")
    if message.operation.patch:
        return UnknownReceiver("this session has not been seen here: set OCPI-to")
    what = decision.lookup.value.partition("_")[0]
    return UnknownReceiver(f"the {what} is not known to this hub: set OCPI-to")


def check_connected(direct: Direct, snapshot: Snapshot) -> Platform:
    """The receiver's platform, if it can be called now; 4003 where it cannot."""
    platform = snapshot.platform(direct.receiver)
    if not snapshot.active(direct.receiver):
        raise ReceiverNotConnected(f"{direct.receiver.party} does not take part at the moment")
    if not platform.connected:
        raise ReceiverNotConnected(f"{direct.receiver.party} is OFFLINE")
    return platform
