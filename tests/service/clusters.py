"""What the tests of the service's own Postgres do to it and ask it."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from ocpi_hub.service import database
from ocpi_hub.service.data_dir import POSTGRES

_ROOT = Path(__file__).parents[2]


async def ask(dsn: str, statement: LiteralString) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    conn = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    async with conn:
        cursor = await conn.execute(statement)
        return await cursor.fetchall() if cursor.description else []


async def make(data_dir: Path) -> None:
    """A database that holds one row, made and stopped."""
    async with database.for_service(None, data_dir) as own:
        await ask(own.dsn, "CREATE TABLE kept (number int)")
        await add_row(own.dsn)


async def add_row(dsn: str) -> None:
    """One row more: 1, 2, 3."""
    await ask(dsn, "INSERT INTO kept SELECT count(*) + 1 FROM kept")


async def kept(dsn: str) -> list[int]:
    """The rows that are there."""
    return [number for (number,) in await ask(dsn, "SELECT number FROM kept ORDER BY number")]


@contextmanager
def keeper(data_dir: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A service in a process of its own, gone at the end of the block."""
    command = [sys.executable, "-m", "tests.service.keeper", str(data_dir), *arguments]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    """What the process says first; waits for it."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def postmaster(data_dir: Path) -> int:
    """The process that is the database."""
    return int((data_dir / POSTGRES / "postmaster.pid").read_text().split()[0])


def runs(data_dir: Path) -> bool:
    """Whether a database runs there, or one was killed."""
    return (data_dir / POSTGRES / "postmaster.pid").exists()


async def until_gone(pid: int) -> None:
    """Returns when the process has ended."""
    async with asyncio.timeout(10):
        while alive(pid):  # noqa: ASYNC110 - no event tells of a process not ours
            await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process is there, and not only its number."""
    with suppress(FileNotFoundError):
        status = Path(f"/proc/{pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] != "Z"
    return False


def uid_of(pid: int) -> int:
    """Who the process runs as."""
    return Path(f"/proc/{pid}").stat().st_uid


def program_of(pid: int) -> Path:
    """The file the process runs."""
    return Path(f"/proc/{pid}/exe").readlink()


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def copy(data_dir: Path, target: Path) -> Path:
    """The folder a second time, owners and modes included."""
    subprocess.run(["cp", "-a", data_dir, target], check=True)
    return target
