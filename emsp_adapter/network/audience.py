"""Whose places drivers see, and whether their owner can be asked now: told from the peers."""

from __future__ import annotations

from collections.abc import Iterable

from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.store.peers import Presence
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus

# Who is PLANNED or SUSPENDED cannot be charged at; who is OFFLINE may be back in a minute.
_TAKES_PART = frozenset({ConnectionStatus.CONNECTED, ConnectionStatus.OFFLINE})


def shown_owners(peers: Iterable[Peer]) -> list[str]:
    """The keys of the CPOs whose places are shown."""
    found = {party.key for peer in peers if peer.registered for party in _cpos(peer, _TAKES_PART)}
    return sorted(found)


def is_shown(peers: Iterable[Peer], party: Party) -> bool:
    """Whether a CPO's places are shown."""
    return any(party in _cpos(peer, _TAKES_PART) for peer in peers if peer.registered)


def is_connected(peers: Iterable[Peer], party: Party) -> bool:
    """Whether a CPO would tell of a change now: itself, or through a hub that says it is there."""
    connected = frozenset({ConnectionStatus.CONNECTED})
    return any(
        party in _cpos(peer, connected)
        for peer in peers
        if peer.registered and peer.presence is Presence.CONNECTED
    )


def _cpos(peer: Peer, statuses: frozenset[ConnectionStatus]) -> set[Party]:
    own = {entry.party for entry in peer.roles if entry.role is Role.CPO}
    behind = {
        client.party
        for client in peer.clients
        if client.role is Role.CPO and client.status in statuses
    }
    return own | behind
