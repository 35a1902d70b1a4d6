"""A partner's message with who sent it; whose object it is about has been checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ocpi_hub.peering.peers import Peer
from ocpi_hub.protocol.message import Message
from ocpi_hub.protocol.party import Party


@dataclass(frozen=True, slots=True)
class Asking:
    """`sender` is the party that speaks: on a hub connection the hub for what it passes on."""

    message: Message
    sender: Party
    peer: Peer

    @property
    def owner(self) -> Party:
        """Whose object it is."""
        return self.message.owner or self.sender

    @property
    def document(self) -> dict[str, Any]:
        """The body, which has been validated."""
        return self.message.document or {}

    def param(self, name: str) -> str:
        """An id of the path, as it is spelled there."""
        return self.message.params[name]
