"""The command line, `emsp-adapter`: runs the adapter, and everything an operator does with it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from emsp_adapter.cli import up
from emsp_adapter.cli.session import open_adapter
from ocpi_hub.peering import commands as peers
from ocpi_hub.peering.commands import Adapter
from ocpi_hub.protocol.roles import Role
from ocpi_hub.service import logs

_DISTRIBUTION = "ocpi-roaming-hub"
_ABOUT = "An eMSP for driver apps. Settings: EMSP_* variables, see docs/settings.md."

app = typer.Typer(
    help=_ABOUT,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

up.add_to(app)
peers.add_to(app, Adapter("emsp-adapter", Role.EMSP, open_adapter))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"emsp-adapter {version(_DISTRIBUTION)}")
        raise typer.Exit


@app.callback(help=_ABOUT)
def _adapter(
    version_: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="The version."),
    ] = False,
) -> None:
    """The options before any command."""


def main() -> None:
    """What `emsp-adapter` runs."""
    logs.configure("warning")
    app(prog_name="emsp-adapter")
