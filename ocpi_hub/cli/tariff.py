"""`ocpi-hub tariff`: what is wrong with a tariff, and what a session with it would cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from ocpi_hub.cli.documents import read_document
from ocpi_hub.node.command import Json, command, group, parsed
from ocpi_hub.node.output import CommandError, Exit, answer, print_line, table
from ocpi_hub.pricing import Estimate, Plan, Severity, compile_tariff, explain, sentences
from ocpi_hub.pricing import estimate as estimate_plan
from ocpi_hub.pricing import lint as lint_tariff
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.types import parse_datetime

tariffs = group("Tariffs in files: what is wrong with them, and what they cost.")

TariffFile = Annotated[Path, typer.Argument(metavar="FILE", help="The tariff, a JSON file.")]
Energy = Annotated[str, typer.Option("--kwh", help="How much to charge.")]
Power = Annotated[str, typer.Option("--kw", help="How fast.")]
Start = Annotated[str, typer.Option("--start", help="From when, in UTC: 2026-01-31T12:00:00Z.")]
Minutes = Annotated[
    int | None, typer.Option("--minutes", help="How long the car stays, if longer than it charges.")
]
TimeZone = Annotated[
    str | None, typer.Option("--time-zone", help="That of the Location: Europe/Amsterdam.")
]

_LONGEST = 31 * 24 * 60
_NO_PRICE = 2


@command(tariffs, "lint", example="ocpi-hub tariff lint tariff.json")
async def lint(file: TariffFile, *, json: Json = False) -> None:
    """What a tariff gets wrong or leaves open. Ends with 1 if there is more than advice."""
    document = read_document(file)
    try:
        remarks = lint_tariff(document, now=datetime.now(UTC))
    except InvalidParameters as error:
        raise CommandError(f"{file}: {error.message}", code=Exit.BAD_INPUT) from error
    rows = [(each.severity.value, each.code, each.where, each.message) for each in remarks]
    answer(
        [each.document() for each in remarks],
        json=json,
        show=lambda: table(("severity", "code", "where", "message"), rows, empty="no remarks"),
    )
    if any(each.severity is not Severity.INFO for each in remarks):
        raise typer.Exit(Exit.REFUSED)


@command(
    tariffs,
    "estimate",
    example="ocpi-hub tariff estimate tariff.json --kwh 20 --kw 11 --start 2026-01-31T12:00:00Z",
)
async def estimate(
    file: TariffFile,
    *,
    kwh: Energy,
    kw: Power,
    start: Start,
    minutes: Minutes = None,
    time_zone: TimeZone = None,
    json: Json = False,
) -> None:
    """The price of a session that has not happened, line by line. Ends with 2 if it has none."""
    document = read_document(file)
    plan = _plan(kwh, kw, start, minutes)
    try:
        found = estimate_plan(compile_tariff(document), plan, time_zone=time_zone)
        explanation = explain({}, found.priced)
    except InvalidParameters as error:
        raise CommandError(error.message, code=Exit.BAD_INPUT) from error
    answer(_document(found, explanation), json=json, show=lambda: _show(explanation))
    if found.priced.total_cost is None:
        raise typer.Exit(_NO_PRICE)


def _plan(kwh: str, kw: str, start: str, minutes: int | None) -> Plan:
    if minutes is not None and not 0 <= minutes <= _LONGEST:
        raise CommandError("--minutes: expected 0 up to a month", code=Exit.BAD_INPUT)
    return Plan(
        parsed(_number, kwh),
        parsed(_number, kw),
        parsed(_moment, start),
        None if minutes is None else timedelta(minutes=minutes),
    )


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise InvalidParameters(f"expected a number such as 11.5, got {text[:40]!r}") from None


def _moment(text: str) -> datetime:
    try:
        return parse_datetime(text)
    except ValueError as error:
        raise InvalidParameters(f"--start: {error}") from None


def _document(found: Estimate, explanation: dict[str, Any]) -> dict[str, Any]:
    minute = timedelta(minutes=1)
    price: dict[str, Any] = explanation["price"]
    return price | {
        "charging_minutes": found.charging // minute,
        "parking_minutes": found.parking // minute,
        "time_zone": explanation["time_zone"],
        "tariffs": explanation["tariffs"],
        "lines": explanation["lines"],
        "vat": explanation["vat"],
    }


def _show(explanation: dict[str, Any]) -> None:
    for sentence in sentences(explanation):
        print_line(sentence)
