"""A peer as commands show it: as JSON, and in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ocpi_hub.node.output import say
from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.store.peers import PeerStatus
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus

# Beside OCPI's words: a peer that was removed has no business here any more.
REMOVED = "REMOVED"
_MOST_BEHIND = 10


def peer_status(peer: Peer) -> str:
    """OCPI's ConnectionStatus of a peer; PLANNED is invited and never connected."""
    match peer.status:
        case PeerStatus.INVITED:
            return ConnectionStatus.PLANNED.value
        case PeerStatus.REGISTERED:
            return peer.presence.value
        case PeerStatus.REMOVED:
            return REMOVED


def parties_of(peer: Peer) -> str:
    """The parties it speaks for, on one line."""
    return ", ".join(f"{role.party}/{role.role}" for role in peer.roles)


def behind(peer: Peer) -> str:
    """Who is behind a hub, on one line; who is not connected with its status."""
    said = [
        f"{client.party}/{client.role}"
        + ("" if client.status is ConnectionStatus.CONNECTED else f" ({client.status})")
        for client in peer.clients
    ]
    more = len(said) - _MOST_BEHIND
    return ", ".join((*said[:_MOST_BEHIND], *([f"and {more} more"] if more > 0 else [])))


def summary(peer: Peer) -> dict[str, Any]:
    """Its name, status and parties."""
    status = peer_status(peer)
    return {
        "name": peer.name,
        "status": status,
        "parties": [
            {
                "country_code": entry.party.country_code,
                "party_id": entry.party.party_id,
                "role": entry.role.value,
                "status": status,
            }
            for entry in peer.roles
        ],
    }


def described(peer: Peer) -> dict[str, Any]:
    """Everything but its tokens; `clients` are those behind a hub."""
    return summary(peer) | {
        "versions_url": peer.versions_url,
        "version": peer.version,
        "invited_parties": peer.bound_to,
        "clients": [
            {
                "country_code": client.party.country_code,
                "party_id": client.party.party_id,
                "role": client.role.value,
                "status": client.status.value,
            }
            for client in peer.clients
        ],
    }


def show_registered(peer: Peer) -> None:
    """One sentence about a peer that has just registered."""
    spoken = parties_of(peer) or "no party"
    others = f"; behind it: {behind(peer) or 'nobody yet'}" if peer.is_hub else ""
    say(f"{peer.name} is {peer_status(peer)} and speaks for {spoken}{others}")


def moment_of(moment: datetime | None) -> str | None:
    """A moment for people."""
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M:%SZ")
