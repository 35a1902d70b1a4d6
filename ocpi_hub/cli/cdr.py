"""`ocpi-hub cdr`: one CDR, what it claims and what it should cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ocpi_hub.cli.explanation import receipt
from ocpi_hub.cli.session import Session, open_hub
from ocpi_hub.credit import credit_cdr
from ocpi_hub.node.command import Json, command, group, parsed
from ocpi_hub.node.engine import json_loads
from ocpi_hub.node.output import CommandError, Exit, answer, document, facts, print_line, say, table
from ocpi_hub.pricing import sentences
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.store import clearings, custody, disputes
from ocpi_hub.store.cdr_listing import credited_by
from ocpi_hub.store.clearings import Cleared
from ocpi_hub.store.custody import Cdr
from ocpi_hub.store.disputes import HUB, Dispute

cdrs = group("CDRs: what they claim, what they should cost, and what to do about it.")

Cpo = Annotated[str, typer.Argument(metavar="CPO", help="The CPO whose CDR it is, as NL/TNM.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The CDR's id.")]


@command(cdrs, "show", example="ocpi-hub cdr show NL/TNM CDR1")
async def show(cpo: Cpo, id_: Id, *, json: Json = False) -> None:
    """Everything about a CDR: where it is, what it claims against what is exact, its dispute."""
    async with open_hub() as hub:
        cdr = await find_cdr(hub, cpo, id_)
        async with hub.db.hot() as conn:
            cleared = await clearings.find(conn, cdr.owner, cdr_id=cdr.id)
            dispute = await disputes.latest(conn, cdr.owner, cdr_id=cdr.id)
    found = _document(cdr, cleared, dispute)
    answer(found, json=json, show=lambda: _show(found))


@command(cdrs, "explain", example="ocpi-hub cdr explain NL/TNM CDR1")
async def explain(cpo: Cpo, id_: Id, *, json: Json = False) -> None:
    """The exact price of a CDR, one sentence for each charge; they sum to the total."""
    async with open_hub() as hub:
        cdr = await find_cdr(hub, cpo, id_)
        async with hub.db.hot() as conn:
            cleared = await clearings.find(conn, cdr.owner, cdr_id=cdr.id)
            explanation = await clearings.explanation(conn, cdr.owner, cdr_id=cdr.id)
    if cleared is None:
        raise CommandError(f"{name_of(cdr)} has not been priced yet; it is within seconds")
    if explanation is None:
        raise CommandError(f"{name_of(cdr)} has no exact price: {cleared.sentence}")
    answer(
        explanation | {"sentences": list(sentences(explanation))},
        json=json,
        show=lambda: _print([name_of(cdr), *receipt(cleared, explanation)]),
    )


@command(cdrs, "credit", example="ocpi-hub cdr credit NL/TNM CDR1 --id CDR1-C > credit.json")
async def credit(
    cpo: Cpo,
    id_: Id,
    *,
    credit_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its own id. Default: ID and -C.")
    ] = None,
    json: Json = False,
) -> None:
    """The Credit CDR that takes a CDR back, ready for its CPO to POST; the hub sends nothing."""
    async with open_hub() as hub:
        cdr = await find_cdr(hub, cpo, id_)
        made = _credit(cdr, credit_id)
        await _check_new(hub, cdr, made["id"])
    document(made)
    if not json:
        say(f"nothing was sent or changed: {Party.of_key(cdr.owner)} may POST this to its receiver")


async def find_cdr(hub: Session, cpo: str, id_: str) -> Cdr:
    """The CDR of a CPO, or CommandError."""
    owner = parsed(Party.parse, cpo)
    async with hub.db.hot() as conn:
        cdr = await custody.by_id(conn, owner.key, cdr_id=id_)
    if cdr is None:
        raise CommandError(f"the hub has no CDR {id_} of {owner}")
    return cdr


def id_of(cdr: Cdr) -> str:
    """Its id as the CPO spells it."""
    return str(json_loads(cdr.raw)["id"])


def name_of(cdr: Cdr) -> str:
    """A CDR for people."""
    return f"{id_of(cdr)} of {Party.of_key(cdr.owner)} for {Party.of_key(cdr.emsp)}"


def subject_of(cdr: Cdr) -> str:
    """A CDR in the audit log."""
    return f"{Party.of_key(cdr.owner)}/{cdr.id}"


def dispute_document(dispute: Dispute | None) -> dict[str, Any] | None:
    """A dispute as JSON."""
    if dispute is None:
        return None
    by = dispute.opened_by
    return {
        "state": dispute.state,
        "opened_by": by if by == HUB else str(Party.of_key(by)),
        "reason": dispute.reason,
        "opened_at": dispute.opened_at,
        "settled_at": dispute.settled_at,
        "note": dispute.note,
    }


def readable(value: object) -> object:
    """A moment as an OCPI DateTime, anything else as it is."""
    return format_datetime(value) if isinstance(value, datetime) else value


# --- show ----------------------------------------------------------------------------------------


def _document(cdr: Cdr, cleared: Cleared | None, dispute: Dispute | None) -> dict[str, Any]:
    claimed = json_loads(cdr.raw)
    return {
        "cpo": str(Party.of_key(cdr.owner)),
        "id": claimed["id"],
        "emsp": str(Party.of_key(cdr.emsp)),
        "session_id": claimed.get("session_id"),
        "credit_reference_id": claimed.get("credit_reference_id"),
        "start_date_time": claimed["start_date_time"],
        "end_date_time": claimed["end_date_time"],
        "state": cdr.state,
        "attempts": cdr.attempts,
        "received_at": cdr.received_at,
        "delivered_at": cdr.delivered_at,
        "answer_code": cdr.answer_code,
        "answer_message": cdr.answer_message,
        "correlation_id": cdr.correlation_id,
        "currency": claimed["currency"],
        "total_cost": claimed["total_cost"],
        "total_energy": claimed["total_energy"],
        **_verdict(cleared),
        "dispute": dispute_document(dispute),
    }


def _verdict(cleared: Cleared | None) -> dict[str, Any]:
    if cleared is None:
        return {"verdict": None, "sentence": None, "flags": [], "fields": []}
    clearing = cleared.clearing or {}
    return {
        "verdict": cleared.verdict,
        "sentence": cleared.sentence,
        "flags": cleared.flags,
        "fields": clearing.get("fields", []),
        "recipes": clearing.get("recipes", []),
        "vat": cleared.vat,
        "tariff": cleared.tariff,
        "time_zone": cleared.time_zone,
        "reservation_outcome": cleared.reservation_outcome,
        "engine": cleared.engine,
        "cleared_at": cleared.cleared_at,
    }


_FACTS = (
    "cpo",
    "emsp",
    "id",
    "session_id",
    "credit_reference_id",
    "start_date_time",
    "end_date_time",
    "state",
    "received_at",
    "delivered_at",
    "answer_code",
    "answer_message",
    "time_zone",
    "reservation_outcome",
    "verdict",
    "sentence",
)
_FIELDS = ("field", "claimed", "exact", "difference", "verdict")


def _show(found: dict[str, Any]) -> None:
    shown = [(name.replace("_", " "), found.get(name)) for name in _FACTS]
    shown += [("flag", f"{flag['message']} ({flag['code']})") for flag in found["flags"]]
    shown += [("billed as if", recipe["as_if"]) for recipe in found.get("recipes", [])]
    if found["dispute"] is not None:
        shown.append(("dispute", _told(found["dispute"])))
    facts((name, readable(value)) for name, value in shown)
    if found["verdict"] is None:
        say("it has not been priced yet; the hub prices what it receives within seconds")
        return
    table(
        [name.upper() for name in _FIELDS],
        [[field[name] for name in _FIELDS] for field in found["fields"]],
        empty="no field was compared",
    )


def _told(dispute: dict[str, Any]) -> str:
    note = f"; {dispute['note']}" if dispute["note"] else ""
    return f"{dispute['state']}, opened by {dispute['opened_by']}: {dispute['reason']}{note}"


def _print(lines: list[str]) -> None:
    for line in lines:
        print_line(line)


# --- credit --------------------------------------------------------------------------------------


def _credit(cdr: Cdr, credit_id: str | None) -> dict[str, Any]:
    try:
        return credit_cdr(json_loads(cdr.raw), credit_id=credit_id, now=datetime.now(UTC))
    except InvalidParameters as error:
        raise CommandError(error.message, code=Exit.BAD_INPUT) from error


async def _check_new(hub: Session, cdr: Cdr, credit_id: str) -> None:
    """A CDR is credited once, under an id that its CPO has not used."""
    async with hub.db.hot() as conn:
        earlier = await credited_by(conn, cdr.owner, cdr_id=cdr.id)
        taken = await custody.by_id(conn, cdr.owner, cdr_id=credit_id)
    if earlier is not None:
        raise CommandError(f"{name_of(cdr)} was credited already, by {earlier}")
    if taken is not None:
        raise CommandError(f"--id {credit_id} is a CDR of that CPO already, expected a new id")
