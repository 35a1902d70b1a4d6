"""The command line, `ocpi-hub`: runs the hub, and everything an operator does with it."""

from __future__ import annotations

from typing import Annotated

import typer

from ocpi_hub.cli import backup, cdr_list, decision, dispute, price, reprice, status, trace, up
from ocpi_hub.cli.agreement import agreements
from ocpi_hub.cli.cdr import cdrs
from ocpi_hub.cli.delivery import deliveries
from ocpi_hub.cli.key import keys
from ocpi_hub.cli.object import objects
from ocpi_hub.cli.partner import partners
from ocpi_hub.cli.settlement import settlements
from ocpi_hub.cli.tariff import tariffs
from ocpi_hub.node.command import CommandLine, version_of
from ocpi_hub.service import logs

# Without rich's markup, which takes text in brackets for its own, and without its tracebacks,
# which show local variables: tokens among them.
app = typer.Typer(
    cls=CommandLine,
    help="An OCPI 2.2.1 roaming hub. Settings: OCPI_HUB_* variables, see docs/settings.md.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

up.add_to(app)
app.add_typer(partners, name="partner")
app.add_typer(agreements, name="agreement")
app.add_typer(objects, name="object")
app.add_typer(deliveries, name="delivery")
for commands in (cdr_list, dispute, decision, reprice):
    commands.add_to(cdrs)
app.add_typer(cdrs, name="cdr")
app.add_typer(settlements, name="settlement")
trace.add_to(app)
status.add_to(app)
backup.add_to(app)
app.add_typer(keys, name="key")
price.add_to(app)
app.add_typer(tariffs, name="tariff")


_show_version = version_of("ocpi-hub")


@app.callback()
def _hub(
    version_: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="The version."),
    ] = False,
) -> None:
    """An OCPI 2.2.1 roaming hub. Settings: OCPI_HUB_* variables, see docs/settings.md."""


def main() -> None:
    """What `ocpi-hub` runs."""
    logs.configure("warning")
    app(prog_name="ocpi-hub")
