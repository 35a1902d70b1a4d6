"""The hub as a process of its own, driven by its commands, with parties on real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from subprocess import Popen

import pytest

from tests.hub.commands import KEY, Commands
from tests.partners import Partners
from tests.serving import free_port

_QUICK = {
    "SECRET_KEY": KEY,
    "ALLOW_PRIVATE_NETWORKS": "true",
    "FORWARD_TIMEOUT": "2",
    "AUTHORIZE_TIMEOUT": "1",
    "ALIVE_INTERVAL": "1",
    "LOG_LEVEL": "error",
}


@dataclass
class HubProcess(Partners):
    """A running `ocpi-hub serve`."""

    process: Popen[str]

    async def invite(self, name: str, bound_to: list[str] | None = None) -> str:
        """A fresh token A, from `partner invite`."""
        bound = [word for party in bound_to or () for word in ("--party", party)]
        return str((await self.run("partner", "invite", name, *bound))["token"])


Start = Callable[..., AbstractAsyncContextManager[HubProcess]]


@pytest.fixture
def start(database_url: str) -> Start:
    """Starts a hub with settings of its own."""

    @asynccontextmanager
    async def starting(**settings: str) -> AsyncIterator[HubProcess]:
        port = free_port()
        given = _QUICK | settings | {"DATABASE_URL": database_url, "PORT": str(port)}
        commands = Commands(given)
        with commands.running("serve") as process:
            async with AsyncExitStack() as stack:
                yield HubProcess(f"http://127.0.0.1:{port}", stack, commands, process)

    return starting


@pytest.fixture
async def hub(start: Start) -> AsyncIterator[HubProcess]:
    """A hub where everybody roams with everybody."""
    async with start() as running:
        yield running
