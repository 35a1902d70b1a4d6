"""The hub and the CPO adapter as processes of their own, driven by their commands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import Popen

import pytest
from anyio.from_thread import BlockingPortal

from cpo_adapter.store.schema import CPO_SCHEMA
from tests.cpo_adapter.commands import CpoCommands
from tests.databases import copied, template
from tests.e2e.cpo.process import QUICK, CpoProcess, cpo_process, offer
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
StartCpo = Callable[..., AbstractAsyncContextManager[CpoProcess]]


@pytest.fixture
def start(database_url: str) -> Start:
    """Starts a hub with settings of its own."""

    return partial(running_hub, database_url)


@asynccontextmanager
async def running_hub(database_url: str, **settings: str) -> AsyncIterator[HubProcess]:
    """A hub on that database."""
    port = free_port()
    given = _QUICK | settings | {"DATABASE_URL": database_url, "PORT": str(port)}
    commands = Commands(given)
    with commands.running("serve") as process:
        async with AsyncExitStack() as stack:
            yield HubProcess(f"http://127.0.0.1:{port}", stack, commands, process)


@pytest.fixture
async def hub(start: Start) -> AsyncIterator[HubProcess]:
    """A hub where everybody roams with everybody."""
    async with start() as running:
        yield running


@pytest.fixture(scope="session")
def furnished_template(
    postgres_url: str, beside: BlockingPortal, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The name of a database in which the adapter has its Location, Tariff and stations."""
    folder = tmp_path_factory.mktemp("offer")

    async def make(url: str) -> None:
        await CPO_SCHEMA.migrate(url)
        await offer(CpoCommands(QUICK | {"DATABASE_URL": url}), folder)

    return template(postgres_url, "furnished_cpo_template", migrate=make, beside=beside)


@pytest.fixture
def furnished_database_url(postgres_url: str, furnished_template: str) -> Iterator[str]:
    """A database of one test in which everything is there to begin with."""
    yield from copied(postgres_url, furnished_template)


@pytest.fixture
def start_cpo(furnished_database_url: str, tmp_path: Path) -> StartCpo:
    """Starts a furnished adapter with settings of its own."""

    return partial(running_cpo, furnished_database_url, tmp_path)


@asynccontextmanager
async def running_cpo(
    database_url: str, folder: Path, **settings: str
) -> AsyncIterator[CpoProcess]:
    """An adapter on that database."""
    given = {"DATABASE_URL": database_url, "DATA_DIR": str(folder)}
    cpo = cpo_process(given | {"PORT": str(free_port())} | settings)
    try:
        await cpo.start()
        yield cpo
    finally:
        await cpo.stop()


@pytest.fixture
async def cpo(start_cpo: StartCpo) -> AsyncIterator[CpoProcess]:
    """A furnished adapter."""
    async with start_cpo() as running:
        yield running
