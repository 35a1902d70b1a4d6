"""`ocpi-hub up`, `serve`, `fanout` and `migrate`: running the hub, and readying its database."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer

from ocpi_hub import keys
from ocpi_hub.app import HubApp, running
from ocpi_hub.cli.command import Json, command
from ocpi_hub.cli.output import CommandError, Exit, answer, document, say
from ocpi_hub.cli.session import open_session, prepare_schema, read_settings
from ocpi_hub.rewriting import HubUrls
from ocpi_hub.service import database, lifecycle, logs
from ocpi_hub.service.postgres import Postgres
from ocpi_hub.settings import HubSettings
from ocpi_hub.store import numbers, schema
from ocpi_hub.store.engine import open_database
from ocpi_hub.store.restamp import adopt_cluster

Host = Annotated[str | None, typer.Option(help="The address to listen on, before OCPI_HUB_HOST.")]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="The port to listen on, before OCPI_HUB_PORT; 0 is any."),
]


def add_to(app: typer.Typer) -> None:
    """Makes these four of the commands."""
    command(app, "up", example="ocpi-hub up --port 8000")(up)
    command(app, "serve", example="ocpi-hub serve --host 0.0.0.0")(serve)
    command(app, "fanout", example="ocpi-hub fanout")(fanout)
    command(app, "migrate", example="ocpi-hub migrate")(migrate)


async def up(*, host: Host = None, port: Port = None, json: Json = False) -> None:
    """Run the hub: with a database of its own unless one is given, and brought up to date."""
    settings = _settings(host, port)
    if settings.database_url is None:
        database.refuse_second(settings.data_dir)
    await _run(settings, migrate=True, fanout=True, json=json)


async def serve(
    *,
    host: Host = None,
    port: Port = None,
    no_fanout: Annotated[
        bool, typer.Option("--no-fanout", help="Leave telling the receivers to `ocpi-hub fanout`.")
    ] = False,
    json: Json = False,
) -> None:
    """Run the hub on a given database that is up to date; nothing is migrated."""
    settings = _settings(host, port)
    _require_database(settings)
    await _run(settings, migrate=False, fanout=not no_fanout, json=json)


async def fanout(*, json: Json = False) -> None:
    """Run only what tells the receivers, beside `ocpi-hub serve --no-fanout`."""
    settings = _settings(None, None)
    _require_database(settings)
    with lifecycle.stop_signals() as stop:
        async with (
            _ready_database(settings, migrate=False) as postgres,
            running(settings, postgres.dsn, keys.current(settings), serving=False),
        ):
            _announce({"status": "running", "pid": os.getpid()}, json=json)
            say("The fan-out runs")
            await stop.wait()


async def migrate(*, json: Json = False) -> None:
    """Bring the database up to date; nothing to do is fine."""
    settings = read_settings()
    async with database.for_command(settings.database_url, settings.data_dir) as url:
        before = await schema.current(url)
        await prepare_schema(url, migrate=True)
    answer(
        {"before": before, "schema": schema.head()},
        json=json,
        show=lambda: say(f"the database is at schema {schema.head()}, it was {before or 'empty'}"),
    )


def _settings(host: str | None, port: int | None) -> HubSettings:
    settings = read_settings(host=host, port=None if port is None else str(port))
    logs.configure(settings.log_level)
    for secret in settings.secrets():
        logs.register_secret(secret)
    return settings


def _require_database(settings: HubSettings) -> None:
    if settings.database_url is None:
        raise CommandError(
            f"{settings.variable('database_url')} is missing: expected a PostgreSQL URL; for a hub "
            "with a database of its own run `ocpi-hub up`",
            code=Exit.SETTING,
        )


async def _run(settings: HubSettings, *, migrate: bool, fanout: bool, json: bool) -> None:
    """From the first signal handler to the last answer."""
    with (
        lifecycle.stop_signals() as stop,
        lifecycle.bound(settings.host, settings.port) as sock,
    ):
        settings = _on_real_port(settings, sock)
        async with _ready_database(settings, migrate=migrate) as postgres:
            async with open_session(settings, postgres.dsn):
                pass  # a key that does not fit is one sentence now, a failed start later
            app = HubApp(settings, postgres.dsn, keys.current(settings), fanout=fanout)
            lifecycle.expect_little_garbage()
            async with _known(settings, postgres), _stopped_with(postgres, stop):
                await lifecycle.serve(
                    app, sock, stop=stop, on_ready=lambda: _listening(settings, json=json)
                )
            if postgres.failed.is_set():
                raise CommandError("the database ended by itself", code=Exit.UNAVAILABLE)


def _on_real_port(settings: HubSettings, sock: socket.socket) -> HubSettings:
    """With port 0 the port is known once it is bound."""
    port = int(sock.getsockname()[1])
    return settings if settings.port == port else read_settings(host=settings.host, port=str(port))


@asynccontextmanager
async def _ready_database(settings: HubSettings, *, migrate: bool) -> AsyncIterator[Postgres]:
    """The hub's database, up to date, and of the cluster it is on."""
    async with database.for_service(settings.database_url, settings.data_dir) as postgres:
        logs.register_secret(postgres.dsn)
        await prepare_schema(postgres.dsn, migrate=migrate)
        if await adopt_cluster(postgres.dsn):
            say("The database comes from another server: receivers continue from its present state")
        yield postgres


@asynccontextmanager
async def _known(settings: HubSettings, postgres: Postgres) -> AsyncIterator[None]:
    """Commands learn from the database where the hub is reached, and when it has stopped."""
    async with open_database(postgres.dsn, pool_size=1) as db, db.hot() as conn:
        await numbers.announce(conn, settings.public_url)
    yield
    # One that broke down does not get here: its sign of life fades.
    if not postgres.failed.is_set():
        async with open_database(postgres.dsn, pool_size=1) as db, db.hot() as conn:
            await numbers.rest(conn)


@asynccontextmanager
async def _stopped_with(postgres: Postgres, stop: asyncio.Event) -> AsyncIterator[None]:
    """Stops the hub when its database ends."""

    async def watch() -> None:
        await postgres.failed.wait()
        stop.set()

    # Not a TaskGroup: that would wrap whatever the block raises.
    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def _listening(settings: HubSettings, *, json: bool) -> None:
    urls = HubUrls(settings.public_url)
    own = settings.database_url is None
    _announce(
        {
            "status": "listening",
            "host": settings.host,
            "port": settings.port,
            "public_url": settings.public_url,
            "versions_url": urls.versions,
            "data_dir": str(settings.data_dir) if own else None,
            "pid": os.getpid(),
        },
        json=json,
    )
    say(f"The hub listens on {settings.public_url}")
    say(f"  versions URL   {urls.versions}")
    say(f"  database       {f'its own, in {settings.data_dir}' if own else 'as given'}")
    say(f"Next: invite a partner, in another terminal, with `{_program()} partner invite NAME`")


def _program() -> str:
    """How this program is called from where it was started."""
    return "ocpi-hub" if shutil.which("ocpi-hub") else sys.argv[0]


def _announce(running_: dict[str, Any], *, json: bool) -> None:
    """A service has its JSON document when it is ready: it has no other result."""
    if json:
        document(running_)
