"""Real-time authorization: asking the eMSP of a token, or whoever a hub finds.

2.2.1 tokens, POST authorize. An answer that is none (no way, no time, an error of theirs) is None:
the whitelist decides then. 2004 is an answer: the token is nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peer, Peers
from ocpi_hub.protocol.client import data_of
from ocpi_hub.protocol.errors import OcpiError, UnknownToken
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface

_AUTHORIZE = operation("tokens", Interface.SENDER, "POST", "{token_uid}/authorize")


@dataclass(frozen=True, slots=True)
class Owners:
    """Implements `authorization.AskOwner`; `timeout` is in seconds."""

    peers: Peers
    outgoing: Outgoing
    timeout: float

    async def __call__(
        self,
        uid: str,
        *,
        type_: str,
        owner: Party | None,
        references: Mapping[str, Any] | None,
    ) -> Mapping[str, Any] | None:
        """The AuthorizationInfo, None where nobody could be reached; UnknownToken: nobody's."""
        unknown = False
        for peer in self._peers(owner):
            try:
                reply = await self.outgoing.send(
                    _AUTHORIZE,
                    to=owner,
                    peer=peer,
                    params={"token_uid": uid},
                    query=f"type={type_}",
                    body=references,
                    timeout=self.timeout,
                    urgent=True,
                )
            except OcpiError:
                continue
            if reply.ok:
                return _info(reply)
            unknown = unknown or reply.status_code == UnknownToken.status_code
        if unknown:
            raise UnknownToken(f"nobody knows the token {uid!r}")
        return None

    def _peers(self, owner: Party | None) -> list[Peer]:
        if owner is not None:
            way = self.peers.route(owner)
            return [] if way is None else [way]
        return [peer for peer in self.peers.ready if ("tokens", Interface.SENDER) in peer.endpoints]


def _info(reply: Reply) -> Mapping[str, Any] | None:
    found = data_of(reply)
    return found if isinstance(found, Mapping) else None
