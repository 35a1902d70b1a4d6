"""What all tests share: a real Postgres, and a database of their own for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from ocpi_hub.service import database
from ocpi_hub.store.schema import HUB_SCHEMA
from tests.databases import copied, data_folder, template


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of every async test."""
    return "asyncio"


@pytest.fixture(scope="session")
def beside() -> Iterator[BlockingPortal]:
    """An event loop in a thread of its own, for what lives longer than a test."""
    with start_blocking_portal("asyncio") as portal:
        yield portal


@pytest.fixture(scope="session")
def postgres_url(beside: BlockingPortal) -> Iterator[str]:
    """A Postgres of this test process's own, run the way a service runs it."""
    with data_folder() as folder:
        running = database.for_service(None, folder)
        with beside.wrap_async_context_manager(running) as postgres:
            yield postgres.dsn


@pytest.fixture(scope="session")
def hub_template(postgres_url: str, beside: BlockingPortal) -> str:
    """The name of a database with the hub's schema, made by its migrations."""
    return template(postgres_url, "hub_template", migrate=HUB_SCHEMA.migrate, beside=beside)


@pytest.fixture
def database_url(postgres_url: str, hub_template: str) -> Iterator[str]:
    """A database with the hub's schema and no rows, for one test."""
    yield from copied(postgres_url, hub_template)


@pytest.fixture(scope="module")
def shared_database_url(postgres_url: str, hub_template: str) -> Iterator[str]:
    """A database with the hub's schema, for all tests of one module."""
    yield from copied(postgres_url, hub_template)


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A database without a schema, for one test."""
    yield from copied(postgres_url, "template1")
