"""`ocpi-hub settlement`: what one eMSP owes one CPO for a month."""

from __future__ import annotations

from typing import Annotated

import typer

from ocpi_hub.cli.session import open_hub
from ocpi_hub.cli.sheet import Csv, sheet
from ocpi_hub.month import Month
from ocpi_hub.node.command import Json, command, group, parsed
from ocpi_hub.node.output import CommandError, Exit, answer, say, table
from ocpi_hub.node.spreadsheet import write_row
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role
from ocpi_hub.settlement import Settlement, settle
from ocpi_hub.statement import COLUMNS, document, rows

settlements = group("Settlements: what an eMSP owes a CPO for a month, beside the exact prices.")

Cpo = Annotated[str, typer.Argument(metavar="CPO", help="Whose CDRs, as NL/TNM.")]
Emsp = Annotated[str, typer.Argument(metavar="EMSP", help="Who owes them, as DE/EVC.")]
InMonth = Annotated[
    str, typer.Option("--month", metavar="2026-10", help="Sessions that ended in it, in UTC.")
]

# Those that differ from row to row.
_SHOWN = ("currency", "part", "vat_rate", "cdrs", "energy_kwh", "excl_vat", "vat", "incl_vat")


@command(
    settlements, "show", example="ocpi-hub settlement show NL/TNM DE/EVC --month 2026-10 --json"
)
async def show(
    cpo: Cpo, emsp: Emsp, *, month: InMonth, csv: Csv = None, json: Json = False
) -> None:
    """What the CDRs of a month claim by currency and VAT rate, what is disputed and credited."""
    if csv is not None and json:
        raise CommandError("expected --csv or --json, got both", code=Exit.BAD_INPUT)
    owner, receiver = parsed(Party.parse, cpo), parsed(Party.parse, emsp)
    span = parsed(Month.parse, month)
    async with open_hub() as hub:
        settlement = await settle(hub.db, owner, emsp=receiver, month=span)
        # Who has left may have been billed; who never was here is a slip of the pen.
        if settlement.empty:
            for party in (owner, receiver):
                if party.key not in hub.snapshot.parties:
                    raise CommandError(f"the hub knows no party {party}")
            for party, role in ((owner, Role.CPO), (receiver, Role.EMSP)):
                if hub.snapshot.platform_of(party, frozenset({role})) is None:
                    raise CommandError(
                        f"{party} is no {role}: expected the CPO first, then the eMSP"
                    )
    if csv is not None:
        _write(csv, settlement)
    else:
        answer(document(settlement), json=json, show=lambda: _show(settlement))
    if settlement.unpriced:
        say(f"{settlement.unpriced} CDRs have not been priced yet and are left out")


def _write(csv: str, settlement: Settlement) -> None:
    with sheet(csv) as to:
        write_row(to, COLUMNS)
        for row in rows(settlement):
            write_row(to, [row.get(name) for name in COLUMNS])


def _show(settlement: Settlement) -> None:
    table(
        [name.upper().replace("_", " ") for name in _SHOWN],
        [[row.get(name) for name in _SHOWN] for row in rows(settlement)],
        empty=f"{settlement.emsp} owes {settlement.cpo} nothing for {settlement.month}: no CDRs",
    )
