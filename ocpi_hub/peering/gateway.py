"""The door: what peers say comes in here, is checked, and goes to the adapter.

Credentials and HubClientInfo are answered here. Of a functional message the adapter hears only when
the peer may say it: see `authority`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ocpi_hub.node.engine import UNAVAILABLE
from ocpi_hub.peering import authority
from ocpi_hub.peering.clients import Clients
from ocpi_hub.peering.handshake import Caller, Registrar
from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peer, Peers
from ocpi_hub.protocol.errors import ServerError, Unauthorized
from ocpi_hub.protocol.exchange_log import log_exchange
from ocpi_hub.protocol.headers import TokenForms
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import CONFIGURATION, VERSION, Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.routes import Routes
from ocpi_hub.protocol.server import Exchange

log = logging.getLogger(__name__)

_CONFIGURATION = tuple(
    row
    for row in CONFIGURATION
    if row.module == "credentials" or row.interface is Interface.RECEIVER
)


class Functional(Protocol):
    """What the adapter does with a message that is allowed.

    `sender` is the party that speaks: on a hub connection the hub itself for what it passes on from
    `message.owner`.
    """

    async def __call__(self, message: Message, sender: Party, peer: Peer) -> Reply: ...


@dataclass(slots=True)
class Gateway:
    """What the OCPI server asks: a protocol.server.Service.

    `operations` are the functional rows that the adapter serves. `returned` is told when a peer
    that had counted as away is heard of, `observed` of every exchange.
    """

    identity: Identity
    operations: Sequence[Operation]
    functional: Functional
    peers: Peers
    registrar: Registrar
    clients: Clients
    outgoing: Outgoing
    returned: Callable[[], None]
    observed: Callable[[Exchange], None]
    party: Party = field(init=False)

    def __post_init__(self) -> None:
        self.party = self.identity.party

    @property
    def routes(self) -> Routes:
        """Everything that is served."""
        return Routes([*self.operations, *_CONFIGURATION])

    # --- at the door ---------------------------------------------------------------------------

    async def authenticate(self, token: TokenForms) -> Caller:
        """The peer a token belongs to; 401 for every other."""
        caller = self._look_up(token)
        if caller is None:
            # A command, or another process, may have issued it a moment ago.
            await self._refresh()
            caller = self._look_up(token)
        if caller is None:
            raise Unauthorized
        if self.outgoing.heard(caller.peer):
            self.returned()
        return caller

    def _look_up(self, token: TokenForms) -> Caller | None:
        """The decoded form first; the raw one only where a peer is known for it (AUTH-09)."""
        if token.decoded is not None:
            entry = self.peers.authenticate(token.decoded)
            if entry is not None:
                return Caller(entry, token.decoded, plain=False)
        entry = self.peers.authenticate(token.raw)
        if entry is not None and (entry.invited or Quirk.PLAIN_TOKEN in entry.quirks):
            return Caller(entry, token.raw, plain=True)
        return None

    async def _refresh(self) -> None:
        try:
            await self.peers.refresh()
        except UNAVAILABLE as error:
            raise ServerError("the database is not available", http_status=503) from error

    async def versions(self, version: str | None, caller: Caller) -> Reply:
        """The versions, or the details of one."""
        await self.registrar.promote(caller)
        if version is None:
            listed = [{"version": VERSION, "url": self.identity.details_url}]
            return Reply(data=dumps(listed))
        return Reply(data=dumps(self.version_details()))

    def version_details(self) -> dict[str, object]:
        """Every module and interface that is served (VER-08)."""
        rows = {(row.module, row.interface): row for row in (*self.operations, *_CONFIGURATION)}
        endpoints = [
            {"identifier": module, "role": side.value, "url": self.identity.endpoint(row)}
            for (module, side), row in rows.items()
        ]
        return {"version": VERSION, "endpoints": endpoints}

    # --- one message ---------------------------------------------------------------------------

    async def handle(self, message: Message, caller: Caller) -> Reply:
        """The answer to one message."""
        try:
            await self.registrar.promote(caller)
            if message.operation.kind is Kind.CONFIG:
                return await self._configuration(message, caller)
            return await self._functional(message, caller)
        except UNAVAILABLE as error:
            raise ServerError("the database is not available", http_status=503) from error

    async def _configuration(self, message: Message, caller: Caller) -> Reply:
        if message.operation.module == "hubclientinfo":
            return await self.clients.answer(message, caller.peer)
        reply = await self.registrar.answer(message, caller)
        if message.operation.method == "DELETE":
            self.outgoing.forget(caller.peer)
        return reply

    async def _functional(self, message: Message, caller: Caller) -> Reply:
        peer = await self._known(message, caller.peer)
        authority.check_receiver(message, self.party)
        sender = authority.sender_of(message, peer)
        return await self.functional(message, sender, peer)

    async def _known(self, message: Message, peer: Peer) -> Peer:
        """The peer, with all that a hub can tell of who is behind it."""
        if peer.ready and not authority.strangers(message, peer):
            return peer
        if not peer.registered:
            raise ServerError("the registration is not finished yet", http_status=503)
        await self.clients.look_again(peer)
        found = self.peers.get(peer.id)
        if found is None or not found.ready:
            raise ServerError("who is behind this hub is not known yet", http_status=503)
        return found

    # --- afterwards ----------------------------------------------------------------------------

    def observe(self, exchange: Exchange) -> None:
        """Count it, and log it: refusals at info, the others at debug."""
        self.observed(exchange)
        log_exchange(log, exchange)
