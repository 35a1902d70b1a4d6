"""What the eMSP adapter's tests share: a database of its own, and an adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from anyio.from_thread import BlockingPortal

from emsp_adapter.store.schema import EMSP_SCHEMA
from emsp_adapter.store.tables import SCHEMA
from ocpi_hub.node.engine import Database, open_database
from tests.databases import copied, template
from tests.emsp_adapter.running import Adapter, Cpo, adapter, cpo


@pytest.fixture(scope="session")
def emsp_template(postgres_url: str, beside: BlockingPortal) -> str:
    """The name of a database with the adapter's schema, made by its migrations."""
    return template(postgres_url, "emsp_template", migrate=EMSP_SCHEMA.migrate, beside=beside)


@pytest.fixture
def emsp_database_url(postgres_url: str, emsp_template: str) -> Iterator[str]:
    """A database with the adapter's schema and no rows, for one test."""
    yield from copied(postgres_url, emsp_template)


@pytest.fixture
async def emsp_db(emsp_database_url: str) -> AsyncIterator[Database]:
    """The adapter's database, open, without an adapter."""
    async with open_database(emsp_database_url, schema=SCHEMA, pool_size=8) as opened:
        yield opened


@pytest.fixture
async def emsp(emsp_database_url: str) -> AsyncIterator[Adapter]:
    """A running adapter on a real socket, with no peer."""
    async with adapter(emsp_database_url) as running:
        yield running


@pytest.fixture
async def partner(emsp: Adapter) -> AsyncIterator[Cpo]:
    """NL/CPO, an OCPI platform that is registered at the adapter."""
    async with cpo(emsp) as registered:
        yield registered
