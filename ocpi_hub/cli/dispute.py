"""`ocpi-hub cdr dispute`: opening a dispute about a CDR, and ending it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from ocpi_hub.cli.cdr import Cpo, Id, dispute_document, find_cdr, id_of, name_of, subject_of
from ocpi_hub.cli.session import Session, open_hub, record
from ocpi_hub.node.command import Json, command, parsed
from ocpi_hub.node.output import CommandError, Exit, answer, say
from ocpi_hub.protocol.party import Party
from ocpi_hub.store import disputes
from ocpi_hub.store.custody import Cdr
from ocpi_hub.store.disputes import HUB, Dispute, DisputeState

Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="What is wrong with the CDR.")]
By = Annotated[
    str | None, typer.Option(metavar="CC/PID", help="Which of its parties. Default: the hub.")
]
Settle = Annotated[
    str | None, typer.Option(metavar="NOTE", help="End it: what the parties agreed.")
]
Withdraw = Annotated[str | None, typer.Option(metavar="NOTE", help="End it: why it was wrong.")]


def add_to(group: typer.Typer) -> None:
    """Makes `dispute` one of the commands of `cdr`."""
    example = 'ocpi-hub cdr dispute NL/TNM CDR1 --reason "charged twice" --by DE/EVC'
    command(group, "dispute", example=example)(dispute)


async def dispute(
    cpo: Cpo,
    id_: Id,
    *,
    reason: Reason = None,
    by: By = None,
    settle: Settle = None,
    withdraw: Withdraw = None,
    json: Json = False,
) -> None:
    """Open a dispute about a CDR, or settle or withdraw the one that is open."""
    texts = [text for text in (reason, settle, withdraw) if text is not None]
    if len(texts) != 1 or not texts[0].strip():
        raise CommandError(
            "expected --reason TEXT, --settle NOTE or --withdraw NOTE", code=Exit.BAD_INPUT
        )
    if by is not None and reason is None:
        raise CommandError("--by says who opens a dispute: expected --reason", code=Exit.BAD_INPUT)
    async with open_hub() as hub:
        cdr = await find_cdr(hub, cpo, id_)
        if reason is not None:
            found = await _opened(hub, cdr, _opener(cdr, by), reason)
        else:
            state = DisputeState.WITHDRAWN if settle is None else DisputeState.SETTLED
            found = await _ended(hub, cdr, state, texts[0])
    answer(
        {"cpo": str(Party.of_key(cdr.owner)), "id": id_of(cdr), "dispute": dispute_document(found)},
        json=json,
        show=lambda: say(f"the dispute about {name_of(cdr)} is {found.state}"),
    )


def _opener(cdr: Cdr, by: str | None) -> str:
    """A party of the CDR, or the hub."""
    if by is None:
        return HUB
    party = parsed(Party.parse, by)
    if party.key not in (cdr.owner, cdr.emsp):
        raise CommandError(f"--by {party} is no party of {name_of(cdr)}", code=Exit.BAD_INPUT)
    return party.key


async def _opened(hub: Session, cdr: Cdr, by: str, reason: str) -> Dispute:
    async with hub.db.begin() as conn, hub.db.hot_transaction() as hot:
        found = await disputes.open_dispute(
            hot, cdr.owner, cdr_id=cdr.id, by=by, reason=reason, now=datetime.now(UTC)
        )
        if found is None:
            raise CommandError(f"a dispute about {name_of(cdr)} is open already")
        await record(conn, "cdr.dispute", subject_of(cdr), {"by": by, "reason": reason})
    return found


async def _ended(hub: Session, cdr: Cdr, state: DisputeState, note: str) -> Dispute:
    async with hub.db.begin() as conn, hub.db.hot_transaction() as hot:
        found = await disputes.end(
            hot, cdr.owner, cdr_id=cdr.id, state=state, note=note, now=datetime.now(UTC)
        )
        if found is None:
            raise CommandError(f"no dispute about {name_of(cdr)} is open")
        await record(conn, "cdr.dispute", subject_of(cdr), {"state": state, "note": note})
    return found
