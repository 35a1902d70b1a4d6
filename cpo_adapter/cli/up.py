"""`cpo-adapter up`, `serve` and `migrate`: running the adapter, and readying its database."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated

import typer

from cpo_adapter.app import CpoApp, socket_limits, versions_url
from cpo_adapter.settings import CpoSettings
from cpo_adapter.store.schema import CPO_SCHEMA
from ocpi_hub.node import keys
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.output import say
from ocpi_hub.node.running import Host, Port, Program, announce, listening, typed
from ocpi_hub.node.running import migrate as run_migrations
from ocpi_hub.node.settings import read_settings

OcppPort = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="A port of its own for stations, before CPO_OCPP_PORT."),
]


def add_to(app: typer.Typer) -> None:
    """Makes these three of the commands."""
    command(app, "up", example="cpo-adapter up --port 8010")(up)
    command(app, "serve", example="cpo-adapter serve --host 0.0.0.0")(serve)
    command(app, "migrate", example="cpo-adapter migrate")(migrate)


async def up(
    *, host: Host = None, port: Port = None, ocpp_port: OcppPort = None, json: Json = False
) -> None:
    """Run the adapter: with a database of its own unless one is given, brought up to date."""
    given = {"host": host, "port": port, "ocpp_port": ocpp_port}
    program = _program(given, json=json)
    await program.up(program.read())


async def serve(
    *, host: Host = None, port: Port = None, ocpp_port: OcppPort = None, json: Json = False
) -> None:
    """Run the adapter on a given database that is up to date; nothing is migrated."""
    given = {"host": host, "port": port, "ocpp_port": ocpp_port}
    program = _program(given, json=json)
    await program.serve(program.read())


async def migrate(*, json: Json = False) -> None:
    """Bring the database up to date; nothing to do is fine."""
    await run_migrations(read_settings(CpoSettings), CPO_SCHEMA, json=json)


def _program(given: Mapping[str, object], *, json: bool) -> Program[CpoSettings]:
    def make_app(settings: CpoSettings, url: str) -> CpoApp:
        return CpoApp(settings, url, keys.current(settings))

    return Program(
        settings=CpoSettings,
        schema=CPO_SCHEMA,
        make_app=make_app,
        announce=partial(_listening, json=json),
        given=given,
        sockets=socket_limits,
    )


def _listening(settings: CpoSettings, *, json: bool) -> None:
    own = settings.database_url is None
    stations = f"{settings.public_url.replace('http', 'ws', 1)}/ocpp/STATION_ID"
    announce(
        listening(settings, versions_url(settings)) | {"ocpp_url": stations},
        json=json,
    )
    say(f"The CPO adapter listens on {settings.public_url}")
    say(f"  stations       {stations}")
    say(f"  versions URL   {versions_url(settings)}")
    say(f"  operator API   {settings.public_url}/operator/v1/openapi.json")
    say(f"  database       {f'its own, in {settings.data_dir}' if own else 'as given'}")
    add = f"{typed('cpo-adapter')} location import FILE"
    say(f"Next: say what you have, in another terminal, with `{add}`")
