"""What all tests share: a real Postgres, and a database of their own for each test that asks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from ocpi_hub.service import database
from ocpi_hub.store.schema import HUB_SCHEMA

_NUMBERS = count(1)
_DISCONNECT = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = '{name}' AND usename = current_user
"""


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
    # Not in pytest's folder: that is private, and as root Postgres runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="ocpi-tests-") as folder:
        running = database.for_service(None, Path(folder))
        with beside.wrap_async_context_manager(running) as postgres:
            yield postgres.dsn


@pytest.fixture(scope="session")
def hub_template(postgres_url: str, beside: BlockingPortal) -> str:
    """The name of a database with the hub's schema, made by its migrations."""
    name = "hub_template"
    _execute(postgres_url, f"CREATE DATABASE {name}")
    beside.call(HUB_SCHEMA.migrate, _with_name(postgres_url, name))
    return name


@pytest.fixture
def database_url(postgres_url: str, hub_template: str) -> Iterator[str]:
    """A database with the hub's schema and no rows, for one test."""
    yield from _database(postgres_url, template=hub_template)


@pytest.fixture(scope="module")
def shared_database_url(postgres_url: str, hub_template: str) -> Iterator[str]:
    """A database with the hub's schema, for all tests of one module."""
    yield from _database(postgres_url, template=hub_template)


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A database without a schema, for one test."""
    yield from _database(postgres_url, template="template1")


def _database(postgres_url: str, *, template: str) -> Iterator[str]:
    name = f"test_{next(_NUMBERS)}"
    _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _with_name(postgres_url, name)
    finally:
        # Not WITH (FORCE), which may not end an autovacuum worker: a plain DROP waits for those.
        _execute(postgres_url, _DISCONNECT.format(name=name))
        _execute(postgres_url, f"DROP DATABASE {name}")


def _with_name(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(statement.encode())
