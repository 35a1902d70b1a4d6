"""`ocpi-hub cdr release` and `refuse`: deciding about a CDR that was withheld."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ocpi_hub.cli.cdr import Cpo, Id, find_cdr, id_of, name_of, subject_of
from ocpi_hub.cli.session import open_hub, record
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.output import CommandError, Exit, answer, say
from ocpi_hub.protocol.party import Party
from ocpi_hub.store import custody
from ocpi_hub.store.custody import Cdr

Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever looks at it later.")]


def add_to(group: typer.Typer) -> None:
    """Makes them commands of `cdr`."""
    command(group, "release", example="ocpi-hub cdr release NL/TNM CDR1")(release)
    example = 'ocpi-hub cdr refuse NL/TNM CDR1 --reason "no such session"'
    command(group, "refuse", example=example)(refuse)


async def release(cpo: Cpo, id_: Id, *, json: Json = False) -> None:
    """Let a withheld CDR go on its way to its receiver."""
    async with open_hub() as hub:
        cdr = await find_cdr(hub, cpo, id_)
        async with hub.db.begin() as conn, hub.db.hot_transaction() as hot:
            changed = await custody.release(hot, cdr.owner, cdr_id=cdr.id, now=datetime.now(UTC))
            found = _decided(cdr, changed)
            await record(conn, "cdr.release", subject_of(cdr))
    answer(
        _document(found),
        json=json,
        show=lambda: say(f"{name_of(cdr)} goes to its receiver now"),
    )


async def refuse(cpo: Cpo, id_: Id, *, reason: Reason, json: Json = False) -> None:
    """Refuse a withheld CDR in its receiver's place: it is never sent."""
    if not reason.strip():
        raise CommandError("--reason is empty, expected why", code=Exit.BAD_INPUT)
    async with open_hub() as hub:
        cdr = await find_cdr(hub, cpo, id_)
        async with hub.db.begin() as conn, hub.db.hot_transaction() as hot:
            changed = await custody.refuse(hot, cdr.owner, cdr_id=cdr.id, reason=reason)
            found = _decided(cdr, changed)
            await record(conn, "cdr.refuse", subject_of(cdr), {"reason": reason})
    answer(_document(found), json=json, show=lambda: say(f"{name_of(cdr)} is refused"))


def _decided(before: Cdr, after: Cdr | None) -> Cdr:
    if after is None:
        raise CommandError(f"{name_of(before)} is {before.state}, expected one that is withheld")
    return after


def _document(cdr: Cdr) -> dict[str, Any]:
    return {
        "cpo": str(Party.of_key(cdr.owner)),
        "id": id_of(cdr),
        "emsp": str(Party.of_key(cdr.emsp)),
        "state": cdr.state,
        "reason": cdr.answer_message,
    }
