"""The command line, `emsp-adapter`: runs the adapter, and everything an operator does with it."""

from __future__ import annotations

from typing import Annotated

import typer

from emsp_adapter.cli import qr, up
from emsp_adapter.cli.cdr import cdrs
from emsp_adapter.cli.client import clients
from emsp_adapter.cli.driver import drivers
from emsp_adapter.cli.plan import plans
from emsp_adapter.cli.session import open_adapter
from emsp_adapter.cli.token import cards
from emsp_adapter.store.tables import metadata
from ocpi_hub.node.command import CommandLine, version_of
from ocpi_hub.peering import commands as peers
from ocpi_hub.peering.commands import Adapter
from ocpi_hub.protocol.roles import Role
from ocpi_hub.service import logs

_ABOUT = "An eMSP for driver apps. Settings: EMSP_* variables, see docs/settings.md."

app = typer.Typer(
    cls=CommandLine,
    help=_ABOUT,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

up.add_to(app)
qr.add_to(app)
app.add_typer(cards, name="token")
app.add_typer(cdrs, name="cdr")
app.add_typer(plans, name="plan")
peers.add_to(app, Adapter("emsp-adapter", Role.EMSP, open_adapter, metadata))
app.add_typer(drivers, name="driver")
app.add_typer(clients, name="client")


_show_version = version_of("emsp-adapter")


@app.callback(help=_ABOUT)
def _adapter(
    version_: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="The version."),
    ] = False,
) -> None:
    """The options before any command."""


def main() -> None:
    """What `emsp-adapter` runs."""
    logs.configure("warning")
    app(prog_name="emsp-adapter")
