"""What the CPO adapter's tests share: a database of its own, migrated and empty."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from anyio.from_thread import BlockingPortal

from cpo_adapter.store.schema import CPO_SCHEMA
from cpo_adapter.store.tables import SCHEMA
from ocpi_hub.node.engine import Database, open_database
from tests.cpo_adapter.operating import Operated, operated
from tests.databases import copied, template


@pytest.fixture(scope="session")
def cpo_template(postgres_url: str, beside: BlockingPortal) -> str:
    """The name of a database with the adapter's schema, made by its migrations."""
    return template(postgres_url, "cpo_template", migrate=CPO_SCHEMA.migrate, beside=beside)


@pytest.fixture
def cpo_database_url(postgres_url: str, cpo_template: str) -> Iterator[str]:
    """A database with the adapter's schema and no rows, for one test."""
    yield from copied(postgres_url, cpo_template)


@pytest.fixture
async def cpo_db(cpo_database_url: str) -> AsyncIterator[Database]:
    """The adapter's database, open."""
    async with open_database(cpo_database_url, schema=SCHEMA, pool_size=8) as opened:
        yield opened


@pytest.fixture
async def operator(cpo_db: Database, cpo_database_url: str) -> AsyncIterator[Operated]:
    """An adapter with LOC1 and two stations, asked by its operators."""
    async with operated(cpo_db, cpo_database_url) as ask:
        yield ask


@pytest.fixture(scope="module")
async def shared_operator(postgres_url: str, cpo_template: str) -> AsyncIterator[Operated]:
    """The same for all tests of a module that leave nothing behind which others would see."""
    with contextmanager(copied)(postgres_url, cpo_template) as url:
        async with open_database(url, schema=SCHEMA, pool_size=2) as db, operated(db, url) as ask:
            yield ask
