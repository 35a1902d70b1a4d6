"""Parties around a node: an eMSP it is registered with directly, and somebody else's hub."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ocpi_hub.peering.peers import Peer
from tests.parties import MODULES, RecordingParty
from tests.peering.node import Node
from tests.samples import client_info
from tests.serving import free_port, serving


@dataclass
class Scene:
    """The parties are served until the test ends, or until they are stopped."""

    node: Node
    _stack: AsyncExitStack
    _served: dict[str, AsyncExitStack]

    @classmethod
    @asynccontextmanager
    async def around(cls, node: Node) -> AsyncIterator[Scene]:
        """Nobody yet."""
        async with AsyncExitStack() as stack:
            yield cls(node, stack, {})

    async def party(self, *roles: str, **options: Any) -> RecordingParty:
        """A served platform that knows nobody; its roles are like "DE/EMS/EMSP"."""
        url = f"http://127.0.0.1:{free_port()}"
        found = RecordingParty(url=url, roles=list(roles), **options)
        found.hub_versions_url = self.node.identity.versions_url
        await self.start(found)
        return found

    async def emsp(self, *roles: str, name: str = "emsp", **options: Any) -> RecordingParty:
        """An eMSP that our node has registered at: DE/EMS unless said otherwise."""
        found = await self.party(*(roles or ("DE/EMS/EMSP",)), **options)
        await self.node.connect(found, name)
        return found

    async def hub(self, *clients: dict[str, Any], name: str = "hub") -> RecordingParty:
        """A hub that our node has registered at, with these ClientInfos."""
        found = await self.party("XX/HUB/HUB", senders=(*MODULES, "hubclientinfo"))
        found.lists["hubclientinfo"] = list(clients)
        await self.node.connect(found, name)
        return found

    def peer(self, name: str) -> Peer:
        """As our node knows it now."""
        return self.node.side.peers.named(name)

    async def start(self, party: RecordingParty) -> None:
        """Serve it where it says it is."""
        served = await self._stack.enter_async_context(AsyncExitStack())
        port = urlsplit(party.url).port
        assert port is not None
        await served.enter_async_context(serving(party, port))
        served.callback(party.released.set)
        self._served[party.url] = served

    async def stop(self, party: RecordingParty) -> None:
        """From now on nobody listens there."""
        await self._served.pop(party.url).aclose()


def behind(party: str, role: str = "EMSP", status: str = "CONNECTED") -> dict[str, Any]:
    """A ClientInfo."""
    country_code, party_id = party.split("/")
    return client_info(country_code=country_code, party_id=party_id, role=role, status=status)
