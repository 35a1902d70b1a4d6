"""`emsp-adapter cdr`: what CPOs charge for, and what staff decides on what is disputed."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import typer

from emsp_adapter.cli.session import open_adapter, open_office, record
from emsp_adapter.contracts import decisions
from emsp_adapter.contracts.decisions import BilledByAnother, Undecidable
from emsp_adapter.store import cdrs as store
from emsp_adapter.store import drivers
from emsp_adapter.store.cdrs import CdrRow, CdrState
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.output import CommandError, Exit, answer, facts, say, table
from ocpi_hub.node.session import actor

cdrs = group("CDRs: what CPOs charge for.")

Name = Annotated[
    str, typer.Argument(metavar="ID", help="The CDR's id, the CPO's or the adapter's.")
]
Why = Annotated[str, typer.Option(metavar="TEXT", help="The reason, which is kept.")]


@command(cdrs, "list", example="emsp-adapter cdr list --disputed --json")
async def list_(
    *,
    disputed: Annotated[
        bool, typer.Option("--disputed", help="Those that wait for a decision only.")
    ] = False,
    driver: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Of this driver only.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    json: Json = False,
) -> None:
    """CDRs, the newest first."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await store.listed(
            conn,
            state=CdrState.DISPUTED if disputed else None,
            driver_id=None if driver is None else await _driver_id(conn, driver),
            limit=limit,
        )
    answer(
        [_brief(each) for each in found],
        json=json,
        show=lambda: table(
            ["CDR", "CPO", "START", "KWH", "TOTAL", "STATE", "VERDICT", "REASON"],
            [_row(each) for each in found],
            empty="no CDR waits for a decision" if disputed else "no CDRs yet",
        ),
    )


@command(cdrs, "show", example="emsp-adapter cdr show CDR1 --json")
async def show(cdr: Name, *, json: Json = False) -> None:
    """One CDR: what was claimed, what it should cost, and what is odd about it."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await _named(conn, cdr)
    whole = _whole(found)
    answer(whole, json=json, show=lambda: _print(found, whole))


@command(cdrs, "accept", example='emsp-adapter cdr accept CDR1 --why "agreed with the CPO"')
async def accept(
    cdr: Name,
    *,
    why: Why,
    even_if_billed: Annotated[
        bool,
        typer.Option("--even-if-billed", help="Also beside another CDR of the same charge."),
    ] = False,
    json: Json = False,
) -> None:
    """Have a disputed CDR billed after all."""
    await _decide(cdr, CdrState.ACCEPTED, why, even_if_billed=even_if_billed, json=json)


@command(cdrs, "refuse", example='emsp-adapter cdr refuse CDR1 --why "a new one will come"')
async def refuse(cdr: Name, *, why: Why, json: Json = False) -> None:
    """Leave a disputed CDR unbilled for good."""
    await _decide(cdr, CdrState.REFUSED, why, json=json)


async def _decide(
    name: str, state: CdrState, why: str, *, even_if_billed: bool = False, json: bool
) -> None:
    if not why.strip():
        raise CommandError("--why: expected a reason", code=Exit.BAD_INPUT)
    async with open_office() as office, office.db.hot_transaction() as conn:
        found = await _named(conn, name)
        try:
            decided = await decisions.decide(
                conn,
                office,
                found.id,
                state=state,
                by=actor(),
                why=why.strip(),
                even_if_billed=even_if_billed,
            )
        except BilledByAnother as error:
            raise CommandError(f"{error}; --even-if-billed accepts it nevertheless") from error
        except Undecidable as error:
            raise CommandError(str(error)) from error
        await record(conn, f"cdr {state}", found.id, {"why": why.strip()})
    answer(
        _brief(decided),
        json=json,
        show=lambda: say(f"CDR {decided.cdr_id} of {decided.party} is {decided.state}"),
    )


async def _named(conn: Hot, name: str) -> CdrRow:
    found = await store.named(conn, name)
    if not found:
        raise CommandError(f"there is no CDR {name}")
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise CommandError(f"several CPOs have a CDR {name}; name one of {ids}")
    return found[0]


async def _driver_id(conn: Hot, email: str) -> str:
    found = await drivers.by_email(conn, email.strip().lower())
    if found is None:
        raise CommandError(f"there is no driver {email}")
    return found.id


def _brief(row: CdrRow) -> dict[str, Any]:
    cdr = row.document
    return {
        "id": row.id,
        "cpo": str(row.party),
        "cdr_id": row.cdr_id,
        "session_id": cdr.get("session_id"),
        "driver_id": row.driver_id,
        "charge_id": row.charge_id,
        "bill_id": row.bill_id,
        "credit": row.is_credit,
        "start_date_time": cdr["start_date_time"],
        "end_date_time": cdr["end_date_time"],
        "energy_kwh": _text(cdr["total_energy"]),
        "currency": cdr["currency"],
        "total_excl_vat": _text(cdr["total_cost"]["excl_vat"]),
        "total_incl_vat": _text(cdr["total_cost"].get("incl_vat")),
        "state": row.state,
        "verdict": row.verdict,
        "reason": row.reason,
        "received_at": row.received_at,
    }


def _whole(row: CdrRow) -> dict[str, Any]:
    return _brief(row) | {
        "flags": row.flags,
        "clearing": row.clearing,
        "tariffs": row.tariffs,
        "sha256": row.sha256.hex(),
        "cleared_at": row.cleared_at,
        "decided_by": row.decided_by,
        "decided_at": row.decided_at,
        "decision": row.decision,
        "document": row.document,
    }


def _row(row: CdrRow) -> tuple[object, ...]:
    brief = _brief(row)
    total = f"{brief['total_incl_vat'] or brief['total_excl_vat']} {brief['currency']}"
    return (
        row.cdr_id,
        row.party,
        brief["start_date_time"],
        brief["energy_kwh"],
        total,
        row.state,
        row.verdict,
        row.reason,
    )


def _print(row: CdrRow, whole: dict[str, Any]) -> None:
    hidden = ("flags", "clearing", "tariffs", "document")
    facts((name, value) for name, value in whole.items() if name not in hidden)
    for flag in row.flags:
        say(f"  {flag['code']} ({flag['field']}): {flag['message']}")
    for each in (row.clearing or {}).get("fields", ()):
        say(f"  {each['field']}: claimed {each['claimed']}, exact {each['exact']}")


def _text(value: Decimal | int | None) -> str | None:
    return None if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
