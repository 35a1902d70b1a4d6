"""HubClientInfo on the receiving side: who is behind each hub, by pull and by push.

A hub's list is read before anything of others is accepted from it or told to it, and again every
PULL_INTERVAL. Source: 2.2.1 HubClientInfo, Receiver interface; checklist section 21.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ocpi_hub.node.engine import Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peer, Peers
from ocpi_hub.peering.pull import pull
from ocpi_hub.peering.store import clients as store
from ocpi_hub.peering.store.clients import Client
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound, OcpiError, ServerError
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.paging import object_of
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.types import format_datetime, parse_datetime
from ocpi_hub.protocol.v2_2_1.hub_client_info import ClientInfo, ConnectionStatus
from ocpi_hub.protocol.validation import check

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_RETRY_SECONDS = 5.0
_MODULE = "hubclientinfo"


@dataclass(slots=True)
class Clients:
    """Keeps who is behind the hubs. `interval` is in seconds, `clock` monotonic."""

    db: Database
    peers: Peers
    outgoing: Outgoing
    interval: float
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    clock: Callable[[], float] = time.monotonic
    # When each hub was asked last.
    _asked: dict[str, float] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Read the list of each hub when it is due, until cancelled."""
        await steadily("hub client info", self._read_due, pause=_TICK_SECONDS)

    async def _read_due(self) -> None:
        async with asyncio.TaskGroup() as group:
            for peer in self.peers:
                if peer.is_hub and peer.registered and self._due(peer):
                    group.create_task(self._try(peer))

    def _due(self, peer: Peer) -> bool:
        asked = self._asked.get(peer.id)
        if asked is None:
            # While this process, or the hub, was away, news may have been missed (HCI-10).
            return True
        if self.clock() - asked < _RETRY_SECONDS:
            return False
        read = peer.clients_read_at
        return read is None or self.now() - read >= timedelta(seconds=self.interval)

    def returned(self) -> None:
        """A hub has come back: what it could not tell meanwhile is read."""
        self._asked.clear()

    async def look_again(self, peer: Peer) -> bool:
        """Read a hub's list now, unless that was done a moment ago; whether it was.

        A hub tells of a newcomer and passes on what it says at the same time.
        """
        async with self._turn:
            asked = self._asked.get(peer.id)
            recently = asked is not None and self.clock() - asked < _RETRY_SECONDS
            return False if recently else await self._try(peer)

    async def _try(self, peer: Peer) -> bool:
        try:
            await self.read(peer)
        except OcpiError as error:
            log.warning(
                "a hub does not say who is behind it",
                extra={"action": "clients", "peer": peer.name, "reason": error.message},
            )
            return False
        return True

    async def read(self, peer: Peer) -> None:
        """Read a hub's whole list and keep it; one that does not offer it tells by itself."""
        self._asked[peer.id] = self.clock()
        begun = self.now()
        found = await self._listed(peer)
        async with self.db.hot_transaction() as conn:
            if found is not None:
                await store.replace_all(conn, peer.id, found, now=begun)
            await store.mark_read(conn, peer.id, now=begun)
        await self.peers.refresh()

    async def _listed(self, peer: Peer) -> list[Client] | None:
        """Everybody on a hub's list; None when it offers none."""
        if (_MODULE, Interface.SENDER) not in peer.endpoints:
            return None
        found = [_usable(listed, peer) async for listed in pull(self.outgoing, peer, _MODULE)]
        return [client for client in found if client is not None]

    async def answer(self, message: Message, peer: Peer) -> Reply:
        """The answer to GET or PUT on our Receiver interface."""
        owner = Party(message.params["country_code"], message.params["party_id"])
        if message.operation.method == "GET":
            return _shown(owner, peer)
        if not peer.roles:
            # A hub that has just let us in may tell of others before we have its answer.
            raise ServerError("the registration is not complete yet", http_status=503)
        if not peer.is_hub:
            raise InvalidParameters("only a hub tells who is connected to it")
        client = _client(message.document)
        if client.party != owner:
            raise InvalidParameters(
                f"country_code, party_id: {client.party} does not match {owner} in the URL"
            )
        async with self.db.hot() as conn:
            await store.put(conn, peer.id, client, now=self.now())
        await self.peers.refresh()
        return Reply()


def _shown(owner: Party, peer: Peer) -> Reply:
    for client in peer.clients:
        if client.party == owner:
            return Reply(data=dumps(_document(client)))
    raise ObjectNotFound(f"{owner} is not known here")


def _usable(listed: Any, peer: Peer) -> Client | None:
    """An object of a hub's list; one that cannot be used is skipped (ROB-01)."""
    try:
        document = object_of(listed)
        check(ClientInfo, document)
    except OcpiError as error:
        skipped = {"action": "clients", "peer": peer.name, "reason": error.message}
        log.info("a client info was skipped", extra=skipped)
        return None
    return _client(document)


def _client(document: Mapping[str, Any]) -> Client:
    return Client(
        Party(document["country_code"], document["party_id"]),
        Role(document["role"]),
        ConnectionStatus(document["status"]),
        parse_datetime(document["last_updated"]),
    )


def _document(client: Client) -> dict[str, Any]:
    return {
        "country_code": client.party.country_code,
        "party_id": client.party.party_id,
        "role": client.role.value,
        "status": client.status.value,
        "last_updated": format_datetime(client.last_updated),
    }
