"""`ocpi-hub cdr list`: CDRs with their verdicts, for people, scripts and spreadsheets."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer

from ocpi_hub.cli.cdr import readable
from ocpi_hub.cli.session import open_hub
from ocpi_hub.cli.sheet import Csv, sheet
from ocpi_hub.month import Month
from ocpi_hub.node.command import Json, command, parsed
from ocpi_hub.node.output import CommandError, Exit, answer, say, table
from ocpi_hub.node.spreadsheet import write_row
from ocpi_hub.pricing import Verdict
from ocpi_hub.pricing.money import EXACT, minor_unit, padded, plain
from ocpi_hub.pricing.rules import Rule
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.repricing import ERROR
from ocpi_hub.store.cdr_listing import Listed, Wanted, listed
from ocpi_hub.store.custody import CdrState

_MOST = 200
_VERDICTS = (*Verdict, ERROR)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

COLUMNS = (
    "cpo",
    "id",
    "emsp",
    "session_id",
    "credit",
    "credit_reference_id",
    "start_date_time",
    "end_date_time",
    "received_at",
    "state",
    "energy",
    "currency",
    "claimed_excl_vat",
    "claimed_incl_vat",
    "exact_excl_vat",
    "exact_incl_vat",
    "difference_excl_vat",
    "difference_incl_vat",
    "verdict",
    "sentence",
    "flags",
    "dispute",
    "dispute_reason",
)
_SHOWN = {
    "CPO": "cpo",
    "EMSP": "emsp",
    "ID": "id",
    "END": "end_date_time",
    "KWH": "energy",
    "": "currency",
    "CLAIMED": "claimed_excl_vat",
    "TOO HIGH BY": "difference_excl_vat",
    "VERDICT": "verdict",
    "FLAGS": "flags",
    "STATE": "state",
    "DISPUTE": "dispute",
}

Cpo = Annotated[str | None, typer.Option(metavar="CC/PID", help="Only CDRs of this CPO.")]
Emsp = Annotated[str | None, typer.Option(metavar="CC/PID", help="Only CDRs for this eMSP.")]
Verdicts = Annotated[
    str | None, typer.Option(metavar="a,b", help=f"Only these: {', '.join(_VERDICTS)}.")
]
Flag = Annotated[str | None, typer.Option(metavar="CODE", help="Only those that break this rule.")]
State = Annotated[str | None, typer.Option(metavar="STATE", help=f"One of {', '.join(CdrState)}.")]
Disputed = Annotated[
    bool, typer.Option("--disputed", help="Only those about which a dispute is open.")
]
InMonth = Annotated[
    str | None, typer.Option(metavar="2026-10", help="Sessions that ended in it, in UTC.")
]
From = Annotated[
    str | None, typer.Option("--from", metavar="WHEN", help="Sessions that ended then or later.")
]
To = Annotated[str | None, typer.Option(metavar="WHEN", help="Sessions that ended before.")]
Limit = Annotated[
    int | None, typer.Option(min=1, help=f"At most so many. Default: {_MOST}; with --csv all.")
]


def add_to(group: typer.Typer) -> None:
    """Makes `list` one of the commands of `cdr`."""
    example = "ocpi-hub cdr list --cpo NL/TNM --month 2026-10 --verdict mismatch --csv cdrs.csv"
    command(group, "list", example=example)(list_)


async def list_(
    *,
    cpo: Cpo = None,
    emsp: Emsp = None,
    verdict: Verdicts = None,
    flag: Flag = None,
    state: State = None,
    disputed: Disputed = False,
    month: InMonth = None,
    from_: From = None,
    to: To = None,
    limit: Limit = None,
    csv: Csv = None,
    json: Json = False,
) -> None:
    """CDRs with their verdicts, the last to arrive first."""
    if csv is not None and json:
        raise CommandError("expected --csv or --json, got both", code=Exit.BAD_INPUT)
    start, end = _span(month, from_, to)
    wanted = Wanted(
        owner=None if cpo is None else parsed(Party.parse, cpo).key,
        emsp=None if emsp is None else parsed(Party.parse, emsp).key,
        verdicts=None if verdict is None else _verdicts(verdict),
        flag=None if flag is None else _known("--flag", flag, Rule),
        state=None if state is None else _known("--state", state, CdrState),
        disputed=disputed,
        ended_from=start,
        ended_to=end,
    )
    if csv is not None:
        await _write(csv, wanted, limit)
        return
    most = limit or _MOST
    async with open_hub() as hub, hub.db.hot() as conn:
        found = [_document(row) async for row in listed(conn, wanted, limit=most)]
    answer(found, json=json, show=lambda: _show(found))
    if len(found) == most:
        say(f"these are the newest {most}; --limit shows more")


async def _write(csv: str, wanted: Wanted, limit: int | None) -> None:
    count = 0
    async with open_hub() as hub, hub.db.hot() as conn:
        with sheet(csv) as to:
            write_row(to, COLUMNS)
            async for row in listed(conn, wanted, limit=limit):
                shown = _document(row) | {"flags": " ".join(_codes(row))}
                write_row(to, [shown[name] for name in COLUMNS])
                count += 1
    say(f"{count} CDRs written")


def _span(
    month: str | None, from_: str | None, to: str | None
) -> tuple[datetime | None, datetime | None]:
    """What the dates ask for; a month is a span of its own."""
    if month is None:
        start = None if from_ is None else _moment("--from", from_)
        return start, None if to is None else _moment("--to", to)
    if from_ is not None or to is not None:
        raise CommandError("expected --month, or --from and --to, got both", code=Exit.BAD_INPUT)
    whole = parsed(Month.parse, month)
    return whole.start, whole.end


def _moment(option: str, text: str) -> datetime:
    """A DateTime, or the first moment of a date."""
    try:
        return parse_datetime(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)
    except ValueError:
        raise CommandError(
            f"{option}: expected a date such as 2026-10-01, or 2026-10-01T12:00:00Z, got {text!r}",
            code=Exit.BAD_INPUT,
        ) from None


def _verdicts(text: str) -> list[str]:
    named = [name.strip() for name in text.split(",")]
    for name in named:
        if name not in _VERDICTS:
            raise CommandError(
                f"--verdict {name!r}: expected some of {', '.join(_VERDICTS)}", code=Exit.BAD_INPUT
            )
    return named


def _known(option: str, text: str, names: type[StrEnum]) -> str:
    if text not in list(names):
        raise CommandError(
            f"{option} {text!r}: expected one of {', '.join(names)}", code=Exit.BAD_INPUT
        )
    return text


def _document(row: Listed) -> dict[str, Any]:
    return {
        "cpo": str(Party.of_key(row.owner)),
        "id": row.id,
        "emsp": str(Party.of_key(row.emsp)),
        "session_id": row.session_id,
        "credit": row.credit,
        "credit_reference_id": row.credit_reference_id,
        "start_date_time": row.started_at,
        "end_date_time": row.ended_at,
        "received_at": row.received_at,
        "state": row.state,
        "energy": plain(row.energy),
        "currency": row.currency,
        "claimed_excl_vat": _money(row, row.excl_vat),
        "claimed_incl_vat": _money(row, row.incl_vat),
        "exact_excl_vat": _money(row, row.exact_excl_vat),
        "exact_incl_vat": _money(row, row.exact_incl_vat),
        "difference_excl_vat": _money(row, _difference(row.excl_vat, row.exact_excl_vat)),
        "difference_incl_vat": _money(row, _difference(row.incl_vat, row.exact_incl_vat)),
        "verdict": row.verdict,
        "sentence": row.sentence,
        "flags": _codes(row),
        "dispute": row.dispute,
        "dispute_reason": row.dispute_reason,
    }


def _money(row: Listed, amount: Decimal | None) -> str | None:
    return None if amount is None else padded(amount, minor_unit(row.currency))


def _difference(claimed: Decimal | None, exact: Decimal | None) -> Decimal | None:
    """How much too high the claim is."""
    return None if claimed is None or exact is None else EXACT.subtract(claimed, exact)


def _codes(row: Listed) -> list[str]:
    return list(dict.fromkeys(flag["code"] for flag in row.flags))


def _show(found: list[dict[str, Any]]) -> None:
    table(
        list(_SHOWN),
        [[_cell(row[name]) for name in _SHOWN.values()] for row in found],
        empty="no such CDRs",
    )


def _cell(value: object) -> object:
    return ", ".join(value) if isinstance(value, list) else readable(value)
