"""`ocpi-hub up`, `serve`, `fanout` and `migrate`: running the hub, and readying its database."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

import typer

from ocpi_hub.app import HubApp, running
from ocpi_hub.cli.session import open_session
from ocpi_hub.node import kept, keys
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.engine import open_database
from ocpi_hub.node.output import say
from ocpi_hub.node.running import Host, Port, Program, announce, listening, typed
from ocpi_hub.node.running import migrate as run_migrations
from ocpi_hub.node.settings import read_settings
from ocpi_hub.rewriting import HubUrls
from ocpi_hub.service import lifecycle
from ocpi_hub.service.postgres import Postgres
from ocpi_hub.settings import HubSettings
from ocpi_hub.store import numbers
from ocpi_hub.store.restamp import adopt_cluster
from ocpi_hub.store.schema import HUB_SCHEMA
from ocpi_hub.store.tables import SCHEMA


def add_to(app: typer.Typer) -> None:
    """Makes these four of the commands."""
    command(app, "up", example="ocpi-hub up --port 8000")(up)
    command(app, "serve", example="ocpi-hub serve --host 0.0.0.0")(serve)
    command(app, "fanout", example="ocpi-hub fanout")(fanout)
    command(app, "migrate", example="ocpi-hub migrate")(migrate)


async def up(*, host: Host = None, port: Port = None, json: Json = False) -> None:
    """Run the hub: with a database of its own unless one is given, and brought up to date."""
    hub = _program({"host": host, "port": port}, json=json)
    await hub.up(hub.read())


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
    hub = _program({"host": host, "port": port}, json=json, fanout=not no_fanout)
    await hub.serve(hub.read())


async def fanout(*, json: Json = False) -> None:
    """Run only what tells the receivers, beside `ocpi-hub serve --no-fanout`."""
    hub = _program({}, json=json)
    settings = hub.read()
    hub.require_database(settings)
    with lifecycle.stop_signals() as stop:
        async with hub.ready_database(settings, migrate=False) as postgres:
            settings = await kept.for_command(postgres.dsn, HUB_SCHEMA, settings)
            await _adopt(postgres)
            async with running(settings, postgres.dsn, keys.current(settings), serving=False):
                announce({"status": "running", "pid": os.getpid()}, json=json)
                say("The fan-out runs")
                await stop.wait()


async def migrate(*, json: Json = False) -> None:
    """Bring the database up to date; nothing to do is fine."""
    await run_migrations(read_settings(HubSettings), HUB_SCHEMA, json=json)


def _program(
    given: Mapping[str, object], *, json: bool, fanout: bool = True
) -> Program[HubSettings]:
    def make_app(settings: HubSettings, url: str) -> HubApp:
        return HubApp(settings, url, keys.current(settings), fanout=fanout)

    return Program(
        settings=HubSettings,
        schema=HUB_SCHEMA,
        make_app=make_app,
        known=_known,
        announce=partial(_listening, json=json),
        given=given,
    )


@asynccontextmanager
async def _known(settings: HubSettings, postgres: Postgres) -> AsyncIterator[None]:
    """Commands learn from the database when the hub has stopped."""
    await _adopt(postgres)
    async with open_session(settings, postgres.dsn):
        pass  # a key that does not fit is one sentence now, a failed start later
    yield
    # One that broke down does not get here: its sign of life fades.
    if not postgres.failed.is_set():
        async with open_database(postgres.dsn, schema=SCHEMA, pool_size=1) as db, db.hot() as conn:
            await numbers.rest(conn)


async def _adopt(postgres: Postgres) -> None:
    """The database may be of another cluster than when it was last used."""
    if await adopt_cluster(postgres.dsn):
        say("The database comes from another server: receivers continue from its present state")


def _listening(settings: HubSettings, *, json: bool) -> None:
    urls = HubUrls(settings.public_url)
    announce(listening(settings, urls.versions), json=json)
    own = settings.database_url is None
    say(f"The hub listens on {settings.public_url}")
    say(f"  versions URL   {urls.versions}")
    say(f"  database       {f'its own, in {settings.data_dir}' if own else 'as given'}")
    invite = f"{typed('ocpi-hub')} partner invite NAME"
    say(f"Next: invite a partner, in another terminal, with `{invite}`")
