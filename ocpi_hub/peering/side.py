"""Everything of a party's own side of OCPI, put together once, and run in one task group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import Vault
from ocpi_hub.peering.clients import Clients
from ocpi_hub.peering.gateway import Functional, Gateway
from ocpi_hub.peering.handshake import Caller, Registrar
from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peers
from ocpi_hub.peering.presence import Presence
from ocpi_hub.peering.publisher import Publisher
from ocpi_hub.protocol.modules import Operation
from ocpi_hub.protocol.server import Exchange, Server
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.lane import Lanes
from ocpi_hub.service.tls import tls_context


@dataclass(frozen=True, slots=True)
class OcpiSide:
    """The parts; `outgoing` and `publisher` are what the adapter itself uses.

    `returned` is to be called when a peer that had counted as away is heard of.
    """

    identity: Identity
    db: Database
    peers: Peers
    outgoing: Outgoing
    registrar: Registrar
    clients: Clients
    publisher: Publisher
    presence: Presence
    returned: Callable[[], None]

    def server(
        self,
        operations: Sequence[Operation],
        functional: Functional,
        *,
        observed: Callable[[Exchange], None],
    ) -> Server[Caller]:
        """The ASGI application below /ocpi."""
        gateway = Gateway(
            identity=self.identity,
            operations=operations,
            functional=functional,
            peers=self.peers,
            registrar=self.registrar,
            clients=self.clients,
            outgoing=self.outgoing,
            returned=self.returned,
            observed=observed,
        )
        return Server(gateway, gateway.routes)

    async def run(self) -> None:
        """What runs beside the requests, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.peers.run())
            group.create_task(self.clients.run())
            group.create_task(self.publisher.run())
            group.create_task(self.presence.run())


@asynccontextmanager
async def open_side(
    identity: Identity,
    db: Database,
    vault: Vault,
    *,
    allow_private_networks: bool,
    timeout: float,
    pull_interval: float,
) -> AsyncIterator[OcpiSide]:
    """The parts, knowing all peers; connections end with the block.

    `timeout` is what a peer has for an answer, `pull_interval` how often a hub's list is read, both
    in seconds.
    """
    guard = AddressGuard(allow_private_networks, own_urls=(identity.public_url,))
    lanes = Lanes(guard, tls_context())
    try:
        peers = Peers(db, vault)
        await peers.refresh()
        outgoing = Outgoing(identity, peers, lanes, timeout)
        publisher = Publisher(db, peers, outgoing)
        clients = Clients(db, peers, outgoing, pull_interval)

        def returned() -> None:
            clients.returned()
            publisher.returned()

        yield OcpiSide(
            identity=identity,
            db=db,
            peers=peers,
            outgoing=outgoing,
            registrar=Registrar(db, vault, lanes.lane("registration"), peers, identity),
            clients=clients,
            publisher=publisher,
            presence=Presence(db, peers, outgoing, returned),
            returned=returned,
        )
    finally:
        lanes.close()
