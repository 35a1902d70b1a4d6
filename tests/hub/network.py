"""A hub and parties around it, all on real sockets in one event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ocpi_hub import onboarding
from ocpi_hub.app import HubApp
from ocpi_hub.hub import Hub
from ocpi_hub.node.engine import Database
from ocpi_hub.settings import HubSettings
from tests.hub.commands import KEY, Commands
from tests.partners import Partners
from tests.partners import data_of as data_of
from tests.partners import eventually as eventually
from tests.partners import status as status
from tests.serving import free_port, serving

_QUICK = {
    "ALLOW_PRIVATE_NETWORKS": "true",
    "SECRET_KEY": KEY,
    "FORWARD_TIMEOUT": "3",
    "AUTHORIZE_TIMEOUT": "1",
    "RATE_LIMIT": "0",
    "POOL_SIZE": "4",
}


@dataclass
class Network(Partners):
    """A hub in this process; parties join it and are served until the test ends."""

    app: HubApp

    @property
    def hub(self) -> Hub:
        """The hub's switchboard."""
        assert self.app.running is not None
        service = self.app.running.server.service
        assert isinstance(service, Hub)
        return service

    @property
    def db(self) -> Database:
        """The hub's own connections."""
        return self.hub.db

    async def invite(self, name: str, bound_to: list[str] | None = None) -> str:
        """A fresh token A."""
        token, _ = await onboarding.invite(self.db, name, bound_to=bound_to, now=datetime.now(UTC))
        await self.hub.registry.refresh()
        return token


@asynccontextmanager
async def running_network(database_url: str, **settings: str) -> AsyncIterator[Network]:
    """A hub on 127.0.0.1, on a free port unless one is set."""
    given = _QUICK | {"PORT": str(free_port()), "DATABASE_URL": database_url}
    given |= {name.upper(): value for name, value in settings.items()}
    configured = HubSettings.from_env({f"OCPI_HUB_{name}": v for name, v in given.items()})
    assert configured.secret_key is not None
    app = HubApp(configured, database_url, configured.secret_key)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(app, configured.port))
        yield Network(configured.public_url, stack, Commands(given), app)
