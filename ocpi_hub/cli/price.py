"""`ocpi-hub price`: what a CDR should cost, why, and whether it does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ocpi_hub.cli.documents import read_document
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.output import CommandError, Exit, answer, facts, print_line
from ocpi_hub.pricing import (
    Circumstances,
    Verdict,
    compare,
    compile_tariff,
    explain,
    reservation_outcome,
    sentences,
    tariffs_of,
)
from ocpi_hub.pricing import price as price_cdr
from ocpi_hub.protocol.errors import InvalidParameters

_NOT_COMPARABLE = 2
_EXIT = {
    Verdict.MATCH: int(Exit.DONE),
    Verdict.ROUNDING: int(Exit.DONE),
    Verdict.MISMATCH: int(Exit.REFUSED),
    Verdict.UNVERIFIABLE: _NOT_COMPARABLE,
    Verdict.NOT_COMPARABLE: _NOT_COMPARABLE,
}

CdrFile = Annotated[Path, typer.Option("--cdr", help="The CDR, a JSON file.")]
TariffFile = Annotated[
    Path | None, typer.Option("--tariff", help="The tariff, if not those of the CDR.")
]
TimeZone = Annotated[
    str | None, typer.Option("--time-zone", help="That of the Location: Europe/Amsterdam.")
]
Outcome = Annotated[
    str | None,
    typer.Option("--reservation-outcome", help="What became of it: used, expired, cancelled."),
]


def add_to(app: typer.Typer) -> None:
    """Makes `price` one of the commands."""
    example = "ocpi-hub price --cdr cdr.json --time-zone Europe/Amsterdam"
    command(app, "price", example=example)(price)


async def price(
    *,
    cdr: CdrFile,
    tariff: TariffFile = None,
    time_zone: TimeZone = None,
    outcome: Outcome = None,
    json: Json = False,
) -> None:
    """The price of a CDR, line by line, and whether the CDR claims it.

    Ends with 0 if it does, but for rounding; 1 if not; 2 if that cannot be said.
    """
    document = read_document(cdr)
    only = None if tariff is None else read_document(tariff)
    try:
        explanation, verdict = _cleared(document, only, time_zone, outcome)
    except InvalidParameters as error:
        raise CommandError(error.message, code=Exit.BAD_INPUT) from error
    answer(_flat(explanation), json=json, show=lambda: _show(explanation))
    if code := _EXIT[verdict]:
        raise typer.Exit(code)


def _cleared(
    cdr: dict[str, Any], tariff: dict[str, Any] | None, time_zone: str | None, outcome: str | None
) -> tuple[dict[str, Any], Verdict]:
    known = Circumstances(
        time_zone=time_zone,
        reservation_outcome=None if outcome is None else reservation_outcome(outcome),
    )
    tariffs = tariffs_of(cdr) if tariff is None else (compile_tariff(tariff),)
    priced = price_cdr(cdr, tariffs, circumstances=known)
    clearing = compare(cdr, priced)
    return explain(cdr, priced, clearing), clearing.verdict


def _flat(explanation: dict[str, Any]) -> dict[str, Any]:
    """The price first, the explanation beside it."""
    price: dict[str, Any] = explanation["price"]
    return price | {name: value for name, value in explanation.items() if name != "price"}


def _show(explanation: dict[str, Any]) -> None:
    for sentence in sentences(explanation):
        print_line(sentence)
    invoice = explanation["price"]["rounded_half_up"]["total_cost"]
    # A price in another currency than the CDR's is nobody's to pay.
    if invoice is not None and explanation["clearing"]["verdict"] != Verdict.NOT_COMPARABLE:
        currency = explanation["currency"]
        facts(
            [
                ("without VAT", f"{invoice['excl_vat']} {currency}"),
                ("with VAT", f"{invoice['incl_vat']} {currency}"),
            ]
        )
