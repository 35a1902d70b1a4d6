"""Running a service from its command: its port, its database, its app, and the stop."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic

import typer

from ocpi_hub.node import kept
from ocpi_hub.node.output import CommandError, Exit, answer, document, say
from ocpi_hub.node.schema import Schema
from ocpi_hub.node.settings import NodeSettings, SettingsT, read_settings
from ocpi_hub.service import database, lifecycle, logs
from ocpi_hub.service.postgres import Postgres
from ocpi_hub.service.websocket import SocketLimits

Host = Annotated[
    str | None, typer.Option(help="The address to listen on, before the setting HOST.")
]
Port = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, help="The port to listen on, before the setting PORT; 0 is any."
    ),
]


def _usual(_: NodeSettings) -> SocketLimits:
    return SocketLimits()


@asynccontextmanager
async def _nobody(_: NodeSettings, __: Postgres) -> AsyncIterator[None]:
    yield


@dataclass(frozen=True, slots=True)
class Program(Generic[SettingsT]):
    """A service as its commands see it.

    `make_app` gives the ASGI application from settings and database URL; `known` is entered when
    the database is ready and left after the last answer, where somebody else has to know where the
    service is; `announce` says that it listens. `given`
    are settings of the command line, which come before those of the environment; `sockets` bounds
    the websockets on its port.
    """

    settings: type[SettingsT]
    schema: Schema
    make_app: Callable[[SettingsT, str], Callable[..., Any]]
    announce: Callable[[SettingsT], None]
    known: Callable[[SettingsT, Postgres], AbstractAsyncContextManager[None]] = _nobody
    given: Mapping[str, object] = field(default_factory=dict)
    sockets: Callable[[SettingsT], SocketLimits] = _usual

    def read(self) -> SettingsT:
        """The settings for running it; from here on the logs know its secrets."""
        settings = read_settings(self.settings, self.given)
        logs.configure(settings.log_level)
        for secret in settings.secrets():
            logs.register_secret(secret)
        return settings

    async def up(self, settings: SettingsT) -> None:
        """Run it with a database of its own unless one is given, and brought up to date."""
        if settings.database_url is None:
            database.refuse_second(settings.data_dir)
        await self._run(settings, migrate=True)

    async def serve(self, settings: SettingsT) -> None:
        """Run it on a given database that is up to date; nothing is migrated."""
        self.require_database(settings)
        await self._run(settings, migrate=False)

    def require_database(self, settings: SettingsT) -> None:
        """CommandError where no database is given."""
        if settings.database_url is None:
            raise CommandError(
                f"{settings.variable('database_url')} is missing: expected a PostgreSQL URL; to "
                f"run with a database of its own: `{self.schema.program} up`",
                code=Exit.SETTING,
            )

    @asynccontextmanager
    async def ready_database(
        self, settings: SettingsT, *, migrate: bool
    ) -> AsyncIterator[Postgres]:
        """The service's database, up to date."""
        async with database.for_service(settings.database_url, settings.data_dir) as postgres:
            logs.register_secret(postgres.dsn)
            await self.schema.require_own(postgres.dsn, settings)
            await self.schema.prepare(postgres.dsn, migrate=migrate)
            yield postgres

    async def _run(self, settings: SettingsT, *, migrate: bool) -> None:
        """From the first signal handler to the last answer."""
        with (
            lifecycle.stop_signals() as stop,
            lifecycle.bound(settings.host, settings.port) as sock,
        ):
            settings = self._on_real_port(settings, sock)
            async with self.ready_database(settings, migrate=migrate) as postgres:
                settings = await kept.for_service(postgres.dsn, self.schema, settings)
                async with self.known(settings, postgres), _stopped_with(postgres, stop):
                    app = self.make_app(settings, postgres.dsn)
                    lifecycle.expect_little_garbage()
                    await lifecycle.serve(
                        app,
                        sock,
                        stop=stop,
                        on_ready=lambda: self.announce(settings),
                        sockets=self.sockets(settings),
                    )
                if postgres.failed.is_set():
                    raise CommandError("the database ended by itself", code=Exit.UNAVAILABLE)

    def _on_real_port(self, settings: SettingsT, sock: socket.socket) -> SettingsT:
        """With port 0 the port is known once it is bound."""
        port = int(sock.getsockname()[1])
        if settings.port == port:
            return settings
        return read_settings(self.settings, {**self.given, "port": port})


@asynccontextmanager
async def _stopped_with(postgres: Postgres, stop: asyncio.Event) -> AsyncIterator[None]:
    """Stops the service when its database ends."""

    async def watch() -> None:
        await postgres.failed.wait()
        stop.set()

    # Not a TaskGroup: that would wrap whatever the block raises.
    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


async def migrate(settings: NodeSettings, schema: Schema, *, json: bool) -> None:
    """Bring the database up to date; nothing to do is fine."""
    async with database.for_command(settings.database_url, settings.data_dir) as url:
        await schema.require_own(url, settings)
        before = await schema.current(url)
        await schema.prepare(url, migrate=True)
    found = schema.head()
    answer(
        {"before": before, "schema": found},
        json=json,
        show=lambda: say(f"the database is at schema {found}, it was {before or 'empty'}"),
    )


def typed(program: str) -> str:
    """How this program is called from where it was started."""
    if shutil.which(program):
        return program
    package = program.replace("-", "_")
    started = sys.argv[0]
    return f"python -m {package}" if started.endswith("__main__.py") else started


def listening(settings: SettingsT, versions_url: str) -> dict[str, Any]:
    """What a service says of itself once it takes connections."""
    own = settings.database_url is None
    return {
        "status": "listening",
        "host": settings.host,
        "port": settings.port,
        "public_url": settings.public_url,
        "versions_url": versions_url,
        "data_dir": str(settings.data_dir) if own else None,
        "pid": os.getpid(),
    }


def announce(running: dict[str, Any], *, json: bool) -> None:
    """A service has its JSON document when it is ready: it has no other result."""
    if json:
        document(running)
