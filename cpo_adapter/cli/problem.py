"""`cpo-adapter problem`: what drivers report, and what they are told."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from cpo_adapter import problems as work
from cpo_adapter.cli.session import open_adapter, record
from cpo_adapter.problems import State
from cpo_adapter.rules import Rules
from cpo_adapter.store import problems as rows
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.output import CommandError, Exit, answer, say, table
from ocpi_hub.node.session import actor

problems = group("Problems that drivers report through their eMSPs.")

_LONGEST = 2000


@command(problems, "list", example="cpo-adapter problem list --state open --json")
async def list_(
    *,
    state: Annotated[State | None, typer.Option(help="Those in this state only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    json: Json = False,
) -> None:
    """Reports, the newest first."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await rows.listed(conn, state=state, limit=limit)
    answer(
        [asdict(each) for each in found],
        json=json,
        show=lambda: table(
            ["NUMBER", "STATE", "PROVIDER", "LOCATION", "EVSE", "KIND", "TEXT"],
            [
                (
                    each.number,
                    each.state,
                    each.owner.upper(),
                    each.location_id,
                    each.evse_uid,
                    each.kind,
                    each.text,
                )
                for each in found
            ],
            empty="no problems reported",
        ),
    )


@command(problems, "answer", example="cpo-adapter problem answer 7 'Repaired.' --close")
async def answer_(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Of the list.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the driver is told.")],
    *,
    close: Annotated[bool, typer.Option("--close", help="That is the end of it.")] = False,
    json: Json = False,
) -> None:
    """Answer a report; the driver hears it through its eMSP."""
    words = " ".join(text.split())
    if not words or len(words) > _LONGEST or not words.isprintable():
        raise CommandError(
            f"TEXT: expected 1 to {_LONGEST} printable characters", code=Exit.BAD_INPUT
        )
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        found = await rows.find(conn, number, lock=True)
        if found is None or found.state == State.CLOSED:
            raise CommandError(f"there is no open problem {number}", code=Exit.REFUSED)
        await work.answer(
            conn,
            found,
            words,
            closes=close,
            operator=actor(),
            rules=Rules.of(adapter.settings),
            now=datetime.now(UTC),
        )
        await record(conn, "problem answer", str(number), {"close": close})
    state = State.CLOSED if close else State.ANSWERED
    answer(
        {"number": number, "state": state.value},
        json=json,
        show=lambda: say(f"problem {number} is {state.value}"),
    )
