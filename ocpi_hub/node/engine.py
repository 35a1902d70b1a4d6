"""Connections to a service's database: SQLAlchemy for most, psycopg for the hot statements.

Both speak psycopg, see the service's schema first, work in UTC and give up rather than wait for
long: an open write transaction anywhere on the cluster holds back the delivery of changes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.abc import Params
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.sql import Composed
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg.types.numeric import IntLoader
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ocpi_hub.protocol.jsontext import dumps

# A connection for the hot statements. It is in autocommit: a statement alone is a transaction.
Hot = psycopg.AsyncConnection[TupleRow]
# A connection of SQLAlchemy Core, in a transaction.
Connection = AsyncConnection

# How a database shows that is lost, stopping or does not answer in time.
UNAVAILABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,
    OSError,
)

_XID8_OID = 5069
_CONNECT_SECONDS = 5
_OPEN_SECONDS = 10.0
_TURN_SECONDS = 30.0
_CORE_CONNECTIONS = 4

_SESSION = {
    "timezone": "UTC",
    "synchronous_commit": "on",  # invariant 1: what was answered with 1000 is on disk
}
_LIMITS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "15s",
}


def json_loads(text: str | bytes) -> Any:
    """JSON of the database as Python, its numbers exact."""
    return json.loads(text, parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class Database:
    """A service's database, open."""

    engine: AsyncEngine
    pool: AsyncConnectionPool[Hot]
    conninfo: str = field(repr=False)
    turns: asyncio.Semaphore | None = None

    def in_turns(self, at_once: int) -> Database:
        """The same for work that comes in crowds: so much of it has a hot connection at once, the
        rest stands in line, longer than it would wait for the pool, and others find one free."""
        return replace(self, turns=asyncio.Semaphore(at_once))

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction of SQLAlchemy Core; commits at the end of the block."""
        return self.engine.begin()

    def hot(self) -> AbstractAsyncContextManager[Hot]:
        """A connection for hot statements, each a transaction of its own."""
        return self.pool.connection() if self.turns is None else self._in_turn(self.turns)

    @asynccontextmanager
    async def _in_turn(self, turns: asyncio.Semaphore) -> AsyncIterator[Hot]:
        async with asyncio.timeout(_TURN_SECONDS):
            await turns.acquire()
        try:
            async with self.pool.connection() as conn:
                yield conn
        finally:
            turns.release()

    @asynccontextmanager
    async def hot_transaction(self) -> AsyncIterator[Hot]:
        """A connection for hot statements in one transaction; commits at the end of the block."""
        async with self.hot() as conn, conn.transaction():
            yield conn

    async def connect(self) -> Hot:
        """A connection outside the pools, for LISTEN; the caller closes it."""
        return await _connect(self.conninfo, autocommit=True)


@asynccontextmanager
async def open_database(url: str, *, schema: str, pool_size: int) -> AsyncIterator[Database]:
    """The database at `url`, any form libpq knows, with `pool_size` hot connections."""
    conninfo = _conninfo(url, schema, _SESSION | _LIMITS)
    pool: AsyncConnectionPool[Hot] = AsyncConnectionPool(
        conninfo,
        connection_class=Hot,
        kwargs={"autocommit": True, "prepare_threshold": 1},
        min_size=pool_size,
        max_size=pool_size,
        timeout=_CONNECT_SECONDS,
        configure=_configure,
        open=False,
    )
    engine = _engine(conninfo, size=_CORE_CONNECTIONS)
    try:
        await pool.open(wait=True, timeout=_OPEN_SECONDS)
        yield Database(engine, pool, conninfo)
    finally:
        await pool.close()
        await engine.dispose()


@asynccontextmanager
async def open_unlimited(url: str, *, schema: str) -> AsyncIterator[AsyncConnection]:
    """One transaction without the limits on time, for migrations and other work of an operator."""
    engine = _engine(_conninfo(url, schema, _SESSION), size=1)
    try:
        async with engine.begin() as conn:
            yield conn
    finally:
        await engine.dispose()


async def one_row(
    conn: Hot, statement: str | Composed, values: Params = (), **options: bool
) -> TupleRow:
    """The row of a statement that always gives one."""
    row = await (await conn.execute(statement, values, **options)).fetchone()
    if row is None:
        raise LookupError("the statement gave no row")
    return row


def _conninfo(url: str, schema: str, session: dict[str, str]) -> str:
    given = conninfo_to_dict(url)
    options = [str(given["options"])] if given.get("options") else []
    settings = {"search_path": schema, **session}
    options += [f"-c {name}={value}" for name, value in settings.items()]
    timeout = given.get("connect_timeout") or _CONNECT_SECONDS
    return make_conninfo(
        url, options=" ".join(options), connect_timeout=timeout, application_name=f"ocpi-{schema}"
    )


def _engine(conninfo: str, *, size: int) -> AsyncEngine:
    async def connect() -> Hot:
        return await _connect(conninfo, autocommit=False)

    return create_async_engine(
        "postgresql+psycopg://",
        async_creator=connect,
        pool_size=size,
        pool_timeout=_CONNECT_SECONDS,
        pool_pre_ping=True,
        use_native_hstore=False,
    )


async def _connect(conninfo: str, *, autocommit: bool) -> Hot:
    conn = await psycopg.AsyncConnection.connect(conninfo, autocommit=autocommit)
    await _configure(conn)
    return conn


async def _configure(conn: Hot) -> None:
    set_json_loads(json_loads, conn)
    set_json_dumps(dumps, conn)
    conn.adapters.register_loader(_XID8_OID, IntLoader)
