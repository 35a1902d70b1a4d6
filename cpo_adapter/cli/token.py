"""`cpo-adapter token` and `operator`: cards of the operator's own, and who may operate."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from cpo_adapter.cli.session import open_adapter, record
from cpo_adapter.store import operator_tokens
from cpo_adapter.store import tokens as rows
from cpo_adapter.store.operator_tokens import Role
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.output import CommandError, Exit, answer, facts, say, table
from ocpi_hub.node.secrets import hash_token, new_token

tokens = group("Tokens of the operator's own: cards of staff and fleet.")
operators = group("Operators: bearer tokens for the operator API.")

_UID = re.compile(r"[\x21-\x7e]{1,36}")


class Status(StrEnum):
    """What a token of the operator's own is worth."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"


@command(tokens, "add", example="cpo-adapter token add 04A2B3C4D5 --label workshop")
async def add(
    uid: Annotated[str, typer.Argument(metavar="UID", help="The card's uid.")],
    *,
    status: Annotated[Status, typer.Option(help="What it is worth.")] = Status.ACCEPTED,
    label: Annotated[str | None, typer.Option(help="Whose it is, for people.")] = None,
    json: Json = False,
) -> None:
    """Let a card of the operator's own charge, or give it another status."""
    if _UID.fullmatch(uid) is None:
        raise CommandError(
            "UID: expected 1 to 36 printable characters without spaces", code=Exit.BAD_INPUT
        )
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        await rows.put_local(conn, uid, status=status, label=label, now=datetime.now(UTC))
        await record(conn, "token add", uid[:4] + "…", {"status": status.value})
    answer(
        {"uid": uid, "status": status.value, "label": label},
        json=json,
        show=lambda: say(f"token {uid} is {status.value}"),
    )


@command(tokens, "list", example="cpo-adapter token list --json")
async def list_(*, json: Json = False) -> None:
    """Every card of the operator's own."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await rows.locals_(conn)
    answer(
        [{"uid": each.spelling, "status": each.status, "label": each.label} for each in found],
        json=json,
        show=lambda: table(
            ["UID", "STATUS", "LABEL"],
            [(each.spelling, each.status, each.label) for each in found],
            empty="no tokens of the operator's own",
        ),
    )


@command(operators, "token", example="cpo-adapter operator token --role operate")
async def token(
    *,
    role: Annotated[
        Role, typer.Option(help="read, operate or admin; each may what the one before may.")
    ],
    label: Annotated[str | None, typer.Option(help="Whose it is, for people.")] = None,
    json: Json = False,
) -> None:
    """Make a bearer token for the operator API; it is shown this once."""
    made = new_token()
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        await operator_tokens.add(conn, hash_token(made), role=role, label=label)
        await record(conn, "operator token", label or role.value, {"role": role.value})
    answer(
        {"token": made, "role": role.value},
        json=json,
        show=lambda: _show(made, role),
    )


def _show(made: str, role: Role) -> None:
    facts([("token", made), ("role", role.value)])
    say("It is not shown again. Send it as `Authorization: Bearer TOKEN`.")
