"""What drivers are told an operator is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ocpi_hub.peering.peers import Peer
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role


def operator_of(location: Mapping[str, Any]) -> str:
    """Who runs a Location: its operator's name, else the party's id."""
    operator = location.get("operator")
    if operator is None:
        return _called(Party(location["country_code"], location["party_id"]))
    return str(operator["name"])


def names(peers: Iterable[Peer]) -> dict[str, str]:
    """What CPOs that are registered here call themselves, by Party.key; a hub does not tell the
    names of those behind it."""
    return {
        entry.party.key: str(entry.business_details["name"])
        for peer in peers
        if peer.registered
        for entry in peer.roles
        if entry.role is Role.CPO
    }


def shown(operator: str, owner: str, names: Mapping[str, str]) -> str:
    """The operator of a place by its name, where it or its CPO (a Party.key) has one."""
    return names.get(owner, operator) if operator == _called(Party.of_key(owner)) else operator


def _called(party: Party) -> str:
    return f"{party.country_code}-{party.party_id}".upper()
