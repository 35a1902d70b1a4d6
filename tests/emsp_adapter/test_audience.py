"""Whose places drivers see, and who would tell of a change now."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from emsp_adapter.network.audience import is_connected, is_shown, shown_owners
from ocpi_hub.peering.peers import Peer, PeerRole
from ocpi_hub.peering.store.clients import Client
from ocpi_hub.peering.store.peers import PeerStatus, Presence
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus

NOW = datetime(2026, 1, 15, tzinfo=UTC)
CPO, HUB = Party("NL", "CPO"), Party("NL", "HUB")


def _peer(
    role: PeerRole,
    *clients: Client,
    status: PeerStatus = PeerStatus.REGISTERED,
    presence: Presence = Presence.CONNECTED,
) -> Peer:
    return Peer(
        id="peer",
        name="peer",
        status=status,
        version="2.2.1",
        versions_url="https://peer.example/ocpi/versions",
        token_out="a-token-for-the-peer",
        endpoints={},
        quirks=frozenset(),
        bound_to=None,
        roles=(role,),
        clients=clients,
        clients_read_at=NOW,
        presence=presence,
        last_seen=NOW,
    )


def _itself(
    *, status: PeerStatus = PeerStatus.REGISTERED, presence: Presence = Presence.CONNECTED
) -> Peer:
    return _peer(PeerRole(CPO, Role.CPO, {}), status=status, presence=presence)


def _behind_a_hub(
    status: ConnectionStatus, *, role: Role = Role.CPO, presence: Presence = Presence.CONNECTED
) -> Peer:
    client = Client(CPO, role, status, NOW)
    return _peer(PeerRole(HUB, Role.HUB, {}), client, presence=presence)


CASES: dict[str, tuple[Peer, bool, bool]] = {
    "itself": (_itself(), True, True),
    "itself, and it does not answer": (_itself(presence=Presence.OFFLINE), True, False),
    "itself, and it has left": (_itself(status=PeerStatus.REMOVED), False, False),
    "behind a hub": (_behind_a_hub(ConnectionStatus.CONNECTED), True, True),
    "behind a hub that does not answer": (
        _behind_a_hub(ConnectionStatus.CONNECTED, presence=Presence.OFFLINE),
        True,
        False,
    ),
    "offline behind a hub": (_behind_a_hub(ConnectionStatus.OFFLINE), True, False),
    "planned": (_behind_a_hub(ConnectionStatus.PLANNED), False, False),
    "suspended": (_behind_a_hub(ConnectionStatus.SUSPENDED), False, False),
    "no CPO": (_behind_a_hub(ConnectionStatus.CONNECTED, role=Role.EMSP), False, False),
}


@pytest.mark.parametrize(("peer", "shown", "connected"), CASES.values(), ids=CASES)
def test_a_cpo_is_shown_and_connected(peer: Peer, shown: bool, connected: bool) -> None:
    assert (is_shown([peer], CPO), is_connected([peer], CPO)) == (shown, connected)
    assert shown_owners([peer]) == (["nl/cpo"] if shown else [])
