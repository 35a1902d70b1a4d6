"""Which database a service uses: the one whose URL is given, else a Postgres of its own.

A service has it to itself for as long as it runs; a command borrows it from the running service,
or starts it for its own time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from ocpi_hub.service import data_dir as data_folder
from ocpi_hub.service import lock
from ocpi_hub.service.binaries import OLDEST_MAJOR
from ocpi_hub.service.data_dir import DSN
from ocpi_hub.service.lock import Lock, Purpose
from ocpi_hub.service.postgres import Postgres, postgres
from ocpi_hub.service.refusals import AlreadyRunning, DatabaseError

_CONNECT_SECONDS = 5
# How long one waits for another command to finish with the database, or a service to start it.
_TURN_SECONDS = 30
_POLL_SECONDS = 0.1

_SWITCHES = ("fsync", "full_page_writes", "synchronous_commit")
_DURABLE = """
    SELECT current_setting('server_version_num')::int / 10000,
           current_setting('fsync'),
           current_setting('full_page_writes'),
           current_setting('synchronous_commit')
"""


@asynccontextmanager
async def for_service(url: str | None, data_dir: Path) -> AsyncIterator[Postgres]:
    """The service's database; AlreadyRunning when another service works on DATA_DIR."""
    if url is not None:
        await assert_durable(url)
        yield Postgres(url, asyncio.Event())
        return
    data_folder.prepare(data_dir)
    with await _service_turn(data_dir):
        async with postgres(data_dir) as own:
            await assert_durable(own.dsn)
            yield own


def refuse_second(data_dir: Path) -> None:
    """AlreadyRunning when a service works on DATA_DIR: to be said before anything is started."""
    data_folder.prepare(data_dir)
    taken = lock.take(data_dir, Purpose.COMMAND)
    if taken is not None:
        taken.release()
    elif _held_by_service(data_dir):
        raise _taken(data_dir)


@asynccontextmanager
async def for_command(url: str | None, data_dir: Path) -> AsyncIterator[str]:
    """How to reach the service's database for the time of one command."""
    if url is not None:
        await assert_durable(url)
        yield url
        return
    data_folder.prepare(data_dir)
    turn = await _command_turn(data_dir)
    if isinstance(turn, str):
        yield turn
        return
    with turn:
        async with postgres(data_dir) as own:
            yield own.dsn


async def server_major(url: str) -> int:
    """The version of the database's server, such as 18."""
    try:
        (major,) = await _ask(url, "SELECT current_setting('server_version_num')::int / 10000")
    except psycopg.Error as error:
        raise DatabaseError(f"the database cannot be reached: {_first_line(error)}") from error
    return int(major)


def without_password(url: str) -> tuple[str, str]:
    """The database for a command line, where everybody reads along, and the password apart."""
    given = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    password = given.pop("password", "")
    return make_conninfo("", **given), password


async def assert_durable(dsn: str) -> None:
    """DatabaseError when the database is too old, or would lose what it said was committed."""
    try:
        version, *switches = await _ask(dsn, _DURABLE)
    except (psycopg.Error, TimeoutError) as error:
        raise DatabaseError(f"the database cannot be reached: {_first_line(error)}") from error
    if int(version) < OLDEST_MAJOR:
        raise DatabaseError(
            f"the database is PostgreSQL {version}: expected {OLDEST_MAJOR} or later"
        )
    for name, value in zip(_SWITCHES, switches, strict=True):
        if value == "off":
            raise DatabaseError(f"the database has {name}=off: expected on, or commits can be lost")


async def _service_turn(data_dir: Path) -> Lock:
    """The lock, once no command has it; a service does not give it back."""
    async for _ in _tries():
        taken = lock.take(data_dir, Purpose.SERVICE)
        if taken is not None:
            return taken
        if _held_by_service(data_dir):
            break
    raise _taken(data_dir)


async def _command_turn(data_dir: Path) -> Lock | str:
    """The lock, or how to reach the database of the service that has it."""
    async for _ in _tries():
        taken = lock.take(data_dir, Purpose.COMMAND)
        if taken is not None:
            return taken
        if _held_by_service(data_dir):
            dsn = data_folder.read_private(data_dir, DSN)
            if dsn is not None and await _answers(dsn):
                return dsn
    raise _taken(data_dir)


async def _tries() -> AsyncIterator[None]:
    now = asyncio.get_running_loop().time
    end = now() + _TURN_SECONDS
    while now() < end:
        yield
        await asyncio.sleep(_POLL_SECONDS)


def _held_by_service(data_dir: Path) -> bool:
    holder = lock.holder(data_dir)
    return holder is not None and holder.purpose is Purpose.SERVICE


def _taken(data_dir: Path) -> AlreadyRunning:
    holder = lock.holder(data_dir)
    who = f"process {holder.pid}" if holder else "another process"
    return AlreadyRunning(f"already running: {who} works on {data_dir}; stop it first")


async def _answers(dsn: str) -> bool:
    try:
        await _ask(dsn, "SELECT 1")
    except (psycopg.OperationalError, TimeoutError):
        return False
    return True


async def _ask(dsn: str, query: LiteralString) -> TupleRow:
    conn = await psycopg.AsyncConnection.connect(
        dsn, connect_timeout=_CONNECT_SECONDS, autocommit=True
    )
    async with conn:
        async with asyncio.timeout(_CONNECT_SECONDS):
            row = await (await conn.execute(query)).fetchone()
    assert row is not None  # noqa: S101 - none of the queries is without a row
    return row


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or f"no answer in {_CONNECT_SECONDS} seconds"
