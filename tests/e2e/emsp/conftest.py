"""The eMSP adapter's process, at a hub where a CPO adapter is too, and a browser."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from playwright.async_api import Browser

from emsp_adapter.store.schema import EMSP_SCHEMA
from emsp_adapter.store.tables import SCHEMA
from ocpi_hub.node.engine import open_database
from tests.databases import copied, template
from tests.e2e.conftest import running_cpo, running_hub
from tests.e2e.emsp.browser import browsing
from tests.e2e.emsp.process import App, EmspProcess, emsp_process
from tests.e2e.emsp.world import World
from tests.serving import free_port


@pytest.fixture(scope="session")
def emsp_process_template(postgres_url: str, beside: BlockingPortal) -> str:
    """The name of a database with the adapter's schema."""
    name = "emsp_process_template"
    return template(postgres_url, name, migrate=EMSP_SCHEMA.migrate, beside=beside)


@pytest.fixture
def emsp_process_url(postgres_url: str, emsp_process_template: str) -> Iterator[str]:
    """The adapter's database, for one test."""
    yield from copied(postgres_url, emsp_process_template)


@asynccontextmanager
async def running_emsp(database_url: str, folder: Path) -> AsyncIterator[EmspProcess]:
    """An adapter on that database."""
    given = {"DATABASE_URL": database_url, "DATA_DIR": str(folder), "PORT": str(free_port())}
    async with (
        open_database(database_url, schema=SCHEMA, pool_size=2) as db,
        AsyncExitStack() as clients,
    ):
        emsp = emsp_process(given, db=db, clients=clients)
        try:
            await emsp.start()
            yield emsp
        finally:
            await emsp.stop()


@pytest.fixture
async def emsp(emsp_process_url: str, tmp_path: Path) -> AsyncIterator[EmspProcess]:
    """An adapter that knows nobody."""
    async with running_emsp(emsp_process_url, tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
async def world(
    postgres_url: str,
    hub_template: str,
    furnished_template: str,
    emsp_process_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    """Everybody, for all tests of this process; those that ask for it are one group of xdist."""
    with (
        contextmanager(copied)(postgres_url, hub_template) as hub_url,
        contextmanager(copied)(postgres_url, furnished_template) as cpo_url,
        contextmanager(copied)(postgres_url, emsp_process_template) as emsp_url,
    ):
        async with (
            running_hub(hub_url) as hub,
            running_cpo(cpo_url, tmp_path_factory.mktemp("cpo")) as cpo,
            running_emsp(emsp_url, tmp_path_factory.mktemp("emsp")) as emsp,
        ):
            for service, party in ((emsp, "NL/EMS/EMSP"), (cpo, "NL/CPO/CPO")):
                token = await hub.invite(party, [party])
                await service.run("connect", "--versions-url", hub.versions_url, "--token", token)
            world = World(hub, cpo, emsp)
            await world.offer(tmp_path_factory.mktemp("offer"))
            yield world


@pytest.fixture
async def ada(world: World) -> App:
    """A driver with an app."""
    return await world.driver()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium of the test's own."""
    async with browsing() as opened:
        yield opened


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: PICTURES, for whoever looks at them, else the test's own folder."""
    folder = Path(os.environ.get("PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
