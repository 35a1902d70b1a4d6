"""Databases for tests: copied from a template, which a service's migrations made."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from anyio.from_thread import BlockingPortal

_NUMBERS = count(1)
_DISCONNECT = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = '{name}' AND usename = current_user
"""


# Where waiting for the disk takes no time. Nothing here has to survive a power cut.
_MEMORY = Path("/dev/shm")  # noqa: S108 - as a place for folders with names of their own
_ENOUGH_BYTES = 4 * 2**30


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for a Postgres, in memory where there is enough of it.

    Not in pytest's folder: that is private, and as root Postgres runs as somebody else.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES
    with tempfile.TemporaryDirectory(
        prefix="ocpi-tests-", dir=_MEMORY if roomy else None
    ) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


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
    _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template_name} STRATEGY file_copy")
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
