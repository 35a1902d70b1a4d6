"""Whom a peer may speak for: the token decides; headers, URLs and bodies are claims.

A peer speaks for its own parties. A hub speaks for those known from its HubClientInfo, and passes
on what was broadcast in its own name (RTE-12, RTE-38).
"""

from __future__ import annotations

from ocpi_hub.peering.peers import Peer
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound, UnknownReceiver
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.modules import Kind
from ocpi_hub.protocol.ownership import check_owner, owner_in_body
from ocpi_hub.protocol.party import Party


def strangers(message: Message, peer: Peer) -> bool:
    """Whether a hub's message names a party that its HubClientInfo has not told of yet."""
    named = (message.sender, message.owner)
    return peer.is_hub and any(p is not None and p not in peer.speakers for p in named)


def check_receiver(message: Message, party: Party) -> None:
    """4001 when OCPI-to names somebody else than us."""
    if message.receiver is not None and message.receiver != party:
        raise UnknownReceiver(f"OCPI-to: {message.receiver} is not served here, {party} is")


def sender_of(message: Message, peer: Peer) -> Party:
    """The party that speaks, in its registered spelling; a hub for what it passes on or asks.

    2001 when OCPI-from names a party that the peer does not speak for, or one without a role that
    may use this operation; 404 for an owner in the URL that is not the sender's.
    """
    claimed = message.sender or _implied(message, peer)
    if claimed == peer.hub:
        return _passed_on(message, peer, claimed)
    party = _spelled(claimed, peer, where="OCPI-from")
    _check_role(message, party, peer)
    check_owner(message, party)
    return party


def _implied(message: Message, peer: Peer) -> Party:
    """Without OCPI-from: a hub itself, the owner in URL or body, or a peer's only party."""
    if peer.hub is not None:
        return peer.hub
    for owner in (message.owner, owner_in_body(message.document)):
        if owner is not None and owner in peer.speakers:
            return owner
    if len(peer.speakers) == 1:
        return next(iter(peer.speakers))
    raise InvalidParameters(
        f"OCPI-from missing: this platform has {len(peer.speakers)} parties, name the one that"
        " speaks"
    )


def _passed_on(message: Message, peer: Peer, hub: Party) -> Party:
    match message.operation.kind:
        case Kind.LIST | Kind.READ | Kind.CALLBACK:
            return hub
        case Kind.WRITE | Kind.EVENT:
            _check_told_owner(message, peer)
            return hub
        case _:
            raise InvalidParameters(
                f"OCPI-from: {hub} is a hub, expected the party whose"
                f" {message.operation.module} request this is"
            )


def _check_told_owner(message: Message, peer: Peer) -> None:
    """RTE-13: the URL keeps the owner, although the hub is the requester."""
    owner = message.owner or owner_in_body(message.document)
    if owner is None:
        raise InvalidParameters("country_code, party_id missing: whose object this is")
    if owner not in peer.owners:
        raise ObjectNotFound(f"{owner} in the URL is not known from HubClientInfo")
    _check_role(message, owner, peer)
    check_owner(message, owner)


def _check_role(message: Message, party: Party, peer: Peer) -> None:
    roles = peer.speakers[party]
    if not roles & message.operation.callers:
        raise InvalidParameters(
            f"OCPI-from: {party} ({', '.join(sorted(roles))}) has no role that may"
            f" {message.operation.method} {message.operation.module} here"
        )


def _spelled(party: Party, peer: Peer, *, where: str) -> Party:
    found = next((known for known in peer.speakers if known == party), None)
    if found is None:
        of = "is not known from HubClientInfo" if peer.is_hub else "is not a party of this platform"
        raise InvalidParameters(f"{where}: {party} {of}")
    return found
