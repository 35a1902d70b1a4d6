"""The CPO adapter's process, furnished, with an eMSP and a hub around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from cpo_adapter.store.schema import CPO_SCHEMA
from tests.cpo_adapter.commands import CpoCommands
from tests.cpo_adapter.running import Emsp
from tests.databases import copied, template
from tests.e2e.conftest import HubProcess
from tests.e2e.cpo.process import QUICK, CpoProcess, cpo_process, emsp_of, offer
from tests.partners import eventually
from tests.serving import free_port

StartCpo = Callable[..., AbstractAsyncContextManager[CpoProcess]]


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

    @asynccontextmanager
    async def starting(**settings: str) -> AsyncIterator[CpoProcess]:
        given = {"DATABASE_URL": furnished_database_url, "DATA_DIR": str(tmp_path)}
        cpo = cpo_process(given | {"PORT": str(free_port())} | settings)
        try:
            await cpo.start()
            yield cpo
        finally:
            await cpo.stop()

    return starting


@pytest.fixture
async def cpo(start_cpo: StartCpo) -> AsyncIterator[CpoProcess]:
    """A furnished adapter."""
    async with start_cpo() as running:
        yield running


@pytest.fixture
async def ems(cpo: CpoProcess) -> AsyncIterator[Emsp]:
    """DE/EMS, registered at the adapter."""
    async with emsp_of(cpo) as registered:
        yield registered


@pytest.fixture
async def behind(hub: HubProcess, cpo: CpoProcess) -> Emsp:
    """DE/EMS, at the hub where the adapter is too."""
    ems = await hub.join("DE/EMS/EMSP")
    token = await hub.invite("cpo", ["NL/CPO/CPO"])
    connected = await cpo.run(
        "connect", "--name", "hub", "--versions-url", hub.versions_url, "--token", token
    )
    assert [client["party_id"] for client in connected["clients"]] == ["EMS"]
    await eventually(lambda: bool(ems.of("PUT", "/receiver/locations/NL/CPO/LOC1")))
    await eventually(lambda: bool(ems.of("PUT", "/receiver/tariffs/NL/CPO/TARIFF1")))
    return Emsp(ems)
