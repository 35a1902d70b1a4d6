"""`emsp-adapter up`, `serve` and `migrate`: running the adapter, and readying its database."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import typer

from emsp_adapter.app import EmspApp, versions_url
from emsp_adapter.drivers.mail_carriers import mail_folder
from emsp_adapter.settings import EmspSettings
from emsp_adapter.store.schema import EMSP_SCHEMA
from ocpi_hub.node import keys
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.output import say
from ocpi_hub.node.running import Host, Port, Program, announce, listening, typed
from ocpi_hub.node.running import migrate as run_migrations
from ocpi_hub.node.settings import read_settings


def add_to(app: typer.Typer) -> None:
    """Makes these three of the commands."""
    command(app, "up", example="emsp-adapter up --port 8020")(up)
    command(app, "serve", example="emsp-adapter serve --host 0.0.0.0")(serve)
    command(app, "migrate", example="emsp-adapter migrate")(migrate)


async def up(*, host: Host = None, port: Port = None, json: Json = False) -> None:
    """Run the adapter: with a database of its own unless one is given, brought up to date."""
    program = _program({"host": host, "port": port}, json=json)
    await program.up(program.read())


async def serve(*, host: Host = None, port: Port = None, json: Json = False) -> None:
    """Run the adapter on a given database that is up to date; nothing is migrated."""
    program = _program({"host": host, "port": port}, json=json)
    await program.serve(program.read())


async def migrate(*, json: Json = False) -> None:
    """Bring the database up to date; nothing to do is fine."""
    await run_migrations(read_settings(EmspSettings), EMSP_SCHEMA, json=json)


def _program(given: Mapping[str, object], *, json: bool) -> Program[EmspSettings]:
    def make_app(settings: EmspSettings, url: str) -> EmspApp:
        return EmspApp(settings, url, keys.current(settings))

    return Program(
        settings=EmspSettings,
        schema=EMSP_SCHEMA,
        make_app=make_app,
        announce=partial(_listening, json=json),
        given=given,
    )


def _listening(settings: EmspSettings, *, json: bool) -> None:
    own = settings.database_url is None
    announce(listening(settings, versions_url(settings)), json=json)
    say(f"The eMSP adapter listens on {settings.public_url}")
    say(f"  drivers        {settings.public_url}/")
    say(f"  versions URL   {versions_url(settings)}")
    if settings.smtp_url is None:
        say(f"  mails          no mail server is set (EMSP_SMTP_URL): {mail_folder(settings)}")
    say(f"  driver API     {settings.public_url}/app/v1/openapi.json")
    say(f"  database       {f'its own, in {settings.data_dir}' if own else 'as given'}")
    connect = f"{typed('emsp-adapter')} connect --versions-url URL --token TOKEN"
    say(f"Next: join a hub, in another terminal, with `{connect}`")
