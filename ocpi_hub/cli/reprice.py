"""`ocpi-hub cdr reprice`: clearing CDRs again, with the engine and the facts of now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer

from ocpi_hub.clearing import Clearing
from ocpi_hub.cli.cdr import find_cdr, id_of, subject_of
from ocpi_hub.cli.session import Session, open_hub, record
from ocpi_hub.leader import Leader
from ocpi_hub.month import Month
from ocpi_hub.node.command import Json, command, parsed
from ocpi_hub.node.output import CommandError, Exit, answer, say, table
from ocpi_hub.pricing_process import PricingProcess
from ocpi_hub.protocol.party import Party
from ocpi_hub.repricing import Answer
from ocpi_hub.store import clearings, custody
from ocpi_hub.store.cdr_listing import Wanted, listed
from ocpi_hub.store.clearings import Cleared
from ocpi_hub.store.custody import Cdr

Cpo = Annotated[str | None, typer.Argument(metavar="CPO", help="The CPO whose CDR it is.")]
Id = Annotated[str | None, typer.Argument(metavar="ID", help="The CDR's id.")]
All = Annotated[bool, typer.Option("--all", help="All CDRs instead of one.")]
InMonth = Annotated[
    str | None, typer.Option(metavar="2026-10", help="With --all: sessions that ended in it.")
]


def add_to(group: typer.Typer) -> None:
    """Makes `reprice` one of the commands of `cdr`."""
    command(group, "reprice", example="ocpi-hub cdr reprice --all --month 2026-10")(reprice)


async def reprice(
    cpo: Cpo = None,
    id_: Id = None,
    *,
    all_: All = False,
    month: InMonth = None,
    json: Json = False,
) -> None:
    """Price a CDR again, or all of them, with the engine and the facts of now."""
    named = cpo is not None or id_ is not None
    if all_ is named or (named and (cpo is None or id_ is None or month is not None)):
        raise CommandError("expected CPO ID, or --all [--month 2026-10]", code=Exit.BAD_INPUT)
    span = None if month is None else parsed(Month.parse, month)
    async with open_hub() as hub:
        one = None if cpo is None or id_ is None else await find_cdr(hub, cpo, id_)
        keys = [(one.owner, one.id)] if one is not None else await _keys(hub, span)
        shown = await _repriced(hub, keys, everything=one is not None)
        subject = f"all of {span}" if span else "all" if one is None else subject_of(one)
        async with hub.db.begin() as conn:
            await record(conn, "cdr.reprice", subject, {"repriced": len(keys)})
    answer(
        {"repriced": len(keys), "cdrs": shown},
        json=json,
        show=lambda: _show(shown, len(keys)),
    )


async def _keys(hub: Session, span: Month | None) -> list[tuple[str, str]]:
    """Every CDR that is meant, the last to arrive first."""
    wanted = Wanted() if span is None else Wanted(ended_from=span.start, ended_to=span.end)
    async with hub.db.hot() as conn:
        return [(row.owner, row.id) async for row in listed(conn, wanted, limit=None)]


async def _repriced(
    hub: Session, keys: Sequence[tuple[str, str]], *, everything: bool
) -> list[dict[str, Any]]:
    """What is said of each CDR before and after; without `everything` of those that differ."""
    shown = []
    async with _clearing(hub) as clearing:
        for owner, cdr_id in keys:
            async with hub.db.hot() as conn:
                cdr = await custody.by_id(conn, owner, cdr_id=cdr_id)
                before = await clearings.find(conn, owner, cdr_id=cdr_id)
            if cdr is None:
                raise LookupError("a CDR in custody is gone")
            told = _told(cdr, before, await clearing.reprice(cdr))
            if everything or told["before"] != told["after"]:
                shown.append(told)
    return shown


@asynccontextmanager
async def _clearing(hub: Session) -> AsyncIterator[Clearing]:
    """Clearing as the hub does it, with a process of its own."""
    process = PricingProcess()
    leader = Leader(hub.db, "clearing", holder="cli")
    try:
        yield Clearing(hub.db, process, leader, count=lambda verdict: None)
    finally:
        await process.stop()


def _told(cdr: Cdr, before: Cleared | None, after: Answer) -> dict[str, Any]:
    return {
        "cpo": str(Party.of_key(cdr.owner)),
        "id": id_of(cdr),
        "emsp": str(Party.of_key(cdr.emsp)),
        "before": None
        if before is None
        else {"verdict": before.verdict, "sentence": before.sentence},
        "after": {"verdict": str(after.verdict), "sentence": after.sentence},
    }


def _show(shown: list[dict[str, Any]], count: int) -> None:
    table(
        ["CPO", "EMSP", "ID", "BEFORE", "NOW", "SENTENCE"],
        [
            [
                *(each[name] for name in ("cpo", "emsp", "id")),
                each["before"] and each["before"]["verdict"],
                each["after"]["verdict"],
                each["after"]["sentence"],
            ]
            for each in shown
        ],
        empty="nothing else is said of any",
    )
    say(f"{count} CDRs were priced again")
