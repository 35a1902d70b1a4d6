"""The command line, `cpo-adapter`: runs the adapter, and everything an operator does with it."""

from __future__ import annotations

from typing import Annotated

import typer

from cpo_adapter.cli import simulate, up
from cpo_adapter.cli.charging import sessions
from cpo_adapter.cli.offer import locations, tariffs
from cpo_adapter.cli.problem import problems
from cpo_adapter.cli.session import open_adapter
from cpo_adapter.cli.station import stations
from cpo_adapter.cli.token import operators, tokens
from cpo_adapter.store.tables import metadata
from ocpi_hub.node.command import CommandLine, version_of
from ocpi_hub.peering import commands as peers
from ocpi_hub.peering.commands import Adapter
from ocpi_hub.protocol.roles import Role
from ocpi_hub.service import logs

app = typer.Typer(
    cls=CommandLine,
    help="A CPO for OCPP chargers. Settings: CPO_* variables, see docs/settings.md.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

up.add_to(app)
peers.add_to(app, Adapter("cpo-adapter", Role.CPO, open_adapter, metadata))
app.add_typer(locations, name="location")
app.add_typer(tariffs, name="tariff")
app.add_typer(stations, name="station")
app.add_typer(tokens, name="token")
app.add_typer(sessions, name="session")
app.add_typer(operators, name="operator")
app.add_typer(problems, name="problem")
simulate.add_to(app)


_show_version = version_of("cpo-adapter")


@app.callback()
def _adapter(
    version_: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="The version."),
    ] = False,
) -> None:
    """A CPO for OCPP chargers. Settings: CPO_* variables, see docs/settings.md."""


def main() -> None:
    """What `cpo-adapter` runs."""
    logs.configure("warning")
    app(prog_name="cpo-adapter")
