"""A hub and parties around it, all on real sockets in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from cryptography.fernet import Fernet

from ocpi_hub import onboarding
from ocpi_hub.app import HubApp
from ocpi_hub.hub import Hub
from ocpi_hub.settings import HubSettings
from ocpi_hub.store.engine import Database
from tests.parties import RecordingParty
from tests.serving import free_port, serving

_QUICK = {
    "OCPI_HUB_ALLOW_PRIVATE_NETWORKS": "true",
    "OCPI_HUB_SECRET_KEY": Fernet.generate_key().decode(),
    "OCPI_HUB_FORWARD_TIMEOUT": "3",
    "OCPI_HUB_AUTHORIZE_TIMEOUT": "1",
    "OCPI_HUB_RATE_LIMIT": "0",
    "OCPI_HUB_POOL_SIZE": "4",
}


@dataclass
class Network:
    """A running hub; parties join it and are served until the test ends."""

    app: HubApp
    url: str
    stack: AsyncExitStack
    parties: list[RecordingParty] = field(default_factory=list)

    @property
    def hub(self) -> Hub:
        """The hub's switchboard."""
        assert self.app.ocpi is not None
        service = self.app.ocpi.service
        assert isinstance(service, Hub)
        return service

    @property
    def db(self) -> Database:
        """The hub's own connections."""
        return self.hub.db

    @property
    def versions_url(self) -> str:
        """Where partners start."""
        return f"{self.url}/ocpi/versions"

    async def stranger(self, *roles: str, **options: Any) -> RecordingParty:
        """A served platform that is not registered."""
        port = free_port()
        name = f"token-{len(self.parties)}-for-the-hub"
        party = RecordingParty(
            url=f"http://127.0.0.1:{port}", roles=list(roles), token=name, **options
        )
        party.hub_versions_url = self.versions_url
        await self.stack.enter_async_context(serving(party, port))
        self.parties.append(party)
        return party

    async def invite(self, name: str, bound_to: list[str] | None = None) -> str:
        """A fresh token A."""
        token, _ = await onboarding.invite(self.db, name, bound_to=bound_to, now=datetime.now(UTC))
        await self.hub.registry.refresh()
        return token

    async def join(self, *roles: str, **options: Any) -> RecordingParty:
        """A registered platform; its roles are like "NL/CPO/CPO"."""
        party = await self.stranger(*roles, **options)
        token = await self.invite(f"platform-{len(self.parties)}")
        response = await party.register(self.versions_url, token)
        assert response.json()["status_code"] == 1000, response.text
        return party


@asynccontextmanager
async def running_network(database_url: str, **settings: str) -> AsyncIterator[Network]:
    """A hub on a free port of 127.0.0.1."""
    port = free_port()
    environ = _QUICK | {f"OCPI_HUB_{name.upper()}": value for name, value in settings.items()}
    environ |= {"OCPI_HUB_PORT": str(port), "OCPI_HUB_DATABASE_URL": database_url}
    configured = HubSettings.from_env(environ)
    assert configured.secret_key is not None
    app = HubApp(configured, database_url, configured.secret_key)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(app, port))
        yield Network(app, f"http://127.0.0.1:{port}", stack)


async def eventually(check: Callable[[], bool | Awaitable[bool]], *, within: float = 10.0) -> None:
    """Wait until it is so; the test fails when it is not in time."""
    async with asyncio.timeout(within):
        while True:
            found = check()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


def status(response: httpx.Response) -> tuple[int, int]:
    """HTTP status and OCPI code."""
    return response.status_code, response.json()["status_code"]
