"""Databases for tests: copied from a template, which a service's migrations made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from urllib.parse import urlsplit

import psycopg
from anyio.from_thread import BlockingPortal

_NUMBERS = count(1)
_DISCONNECT = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = '{name}' AND usename = current_user
"""


def template(
    postgres_url: str,
    name: str,
    *,
    migrate: Callable[[str], Awaitable[None]],
    beside: BlockingPortal,
) -> str:
    """Makes a database with a schema, and gives its name."""
    _execute(postgres_url, f"CREATE DATABASE {name}")
    beside.call(migrate, _with_name(postgres_url, name))
    return name


def copied(postgres_url: str, template_name: str) -> Iterator[str]:
    """A copy of a template, dropped afterwards."""
    name = f"test_{next(_NUMBERS)}"
    _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template_name}")
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
