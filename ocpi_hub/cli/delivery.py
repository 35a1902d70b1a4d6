"""`ocpi-hub delivery`: what has not reached its receiver, and trying again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ocpi_hub import resend
from ocpi_hub.cli.object import Key
from ocpi_hub.cli.session import Session, open_hub, record
from ocpi_hub.node.command import Json, command, group, parsed
from ocpi_hub.node.output import CommandError, Exit, answer, say, table
from ocpi_hub.protocol.party import Party
from ocpi_hub.resend import Walk
from ocpi_hub.store import custody, parked
from ocpi_hub.store.custody import Cdr, CdrState
from ocpi_hub.store.parked import Parked

deliveries = group("Deliveries: what has not reached its receiver, and trying again.")

_GIVEN_UP = (CdrState.REFUSED, CdrState.DEAD)
_UNDELIVERED = (CdrState.HELD, *_GIVEN_UP)

To = Annotated[str | None, typer.Option("--to", metavar="CC/PID", help="Only for this receiver.")]


@command(deliveries, "list", example="ocpi-hub delivery list --dead --json")
async def list_(
    *,
    only_parked: Annotated[
        bool, typer.Option("--parked", help="Only objects that receivers refused.")
    ] = False,
    only_dead: Annotated[
        bool, typer.Option("--dead", help="Only CDRs that were refused or given up.")
    ] = False,
    to: To = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many of each kind.")] = 200,
    json: Json = False,
) -> None:
    """Objects that receivers refused, and CDRs that are still in the hub's custody."""
    if only_parked and only_dead:
        raise CommandError("expected --parked or --dead, got both", code=Exit.BAD_INPUT)
    receiver = None if to is None else parsed(Party.parse, to).key
    async with open_hub() as hub:
        refused = [] if only_dead else await _parked(hub, receiver, limit)
        states = _GIVEN_UP if only_dead else _UNDELIVERED
        cdrs = [] if only_parked else await _cdrs(hub, states, receiver, limit)
    listed = [*map(_of_parked, refused), *map(_of_cdr, cdrs)]
    answer(
        listed,
        json=json,
        show=lambda: table(
            ["RECEIVER", "MODULE", "OWNER", "ID", "STATE", "ATTEMPTS", "REASON"],
            [
                [d[k] for k in ("receiver", "module", "owner", "id", "state", "attempts", "reason")]
                for d in listed
            ],
            empty="nothing waits: every receiver has taken what it was sent",
        ),
    )


@command(deliveries, "replay", example="ocpi-hub delivery replay cdrs NL/TNM/CDR1")
async def replay(
    module: Annotated[
        str | None, typer.Argument(metavar="MODULE", help="Of one object; see `object show`.")
    ] = None,
    id_: Annotated[
        str | None, typer.Argument(metavar="CC/PID/ID", help="Its owner and id.")
    ] = None,
    *,
    to: To = None,
    json: Json = False,
) -> None:
    """Send again what was refused or given up: one object, or with --to all of a receiver.

    Objects are sent in their present state, CDRs as they were received.
    """
    receiver = None if to is None else parsed(Party.parse, to).key
    if module is None and receiver is None:
        raise CommandError("expected MODULE CC/PID/ID, or --to CC/PID", code=Exit.BAD_INPUT)
    if module is not None and id_ is None:
        raise CommandError("expected CC/PID/ID after MODULE", code=Exit.BAD_INPUT)
    key = None if module is None or id_ is None else Key.parse(module, id_)
    async with open_hub() as hub:
        refused, cdrs = await _chosen(hub, key, receiver)
        if not refused and not cdrs:
            raise CommandError("nothing of the kind was refused or given up")
        await _send_again(hub, refused)
        await _hold_again(hub, cdrs)
        async with hub.db.begin() as conn:
            count = {"objects": len(refused), "cdrs": len(cdrs)}
            await record(conn, "delivery.replay", str(key or to), count)
    replayed = [*map(_of_parked, refused), *map(_of_cdr, cdrs)]
    answer(
        {"replayed": [_without_state(entry) for entry in replayed]},
        json=json,
        show=lambda: say(f"{len(refused)} objects and {len(cdrs)} CDRs are sent again"),
    )


async def _chosen(
    hub: Session, key: Key | None, receiver: str | None
) -> tuple[list[Parked], list[Cdr]]:
    """What is to be sent again: of one object, or everything of a receiver."""
    if key is None:
        refused = await _parked(hub, receiver, parked.MOST_PER_RECEIVER)
        return refused, await _cdrs(hub, _GIVEN_UP, receiver, parked.MOST_PER_RECEIVER)
    if key.module == "cdrs":
        async with hub.db.hot() as conn:
            cdr = await custody.by_id(conn, key.owner.key, cdr_id=key.id)
        stuck = cdr is not None and cdr.state in _GIVEN_UP and receiver in (None, cdr.emsp)
        return [], [cdr] if cdr is not None and stuck else []
    async with hub.db.hot() as conn:
        found = await parked.of_object(conn, key.module, owner=key.owner.key, id_=key.id)
    return [entry for entry in found if receiver in (None, entry.receiver)], []


async def _send_again(hub: Session, refused: Sequence[Parked]) -> None:
    """A walk over the owner's objects sends the refused ones too, in their present state."""
    async with hub.db.hot_transaction() as conn:
        for entry in refused:
            await parked.unpark(
                conn,
                entry.receiver,
                module=entry.module,
                owner=entry.owner,
                id_=entry.id,
                sub=entry.sub,
            )
    await resend.start(hub.db, {Walk(e.receiver, e.owner, e.module) for e in refused})


async def _hold_again(hub: Session, cdrs: Sequence[Cdr]) -> None:
    now = datetime.now(UTC)
    async with hub.db.hot() as conn:
        for cdr in cdrs:
            await custody.replay(conn, cdr.owner, cdr_id=cdr.id, now=now)


async def _parked(hub: Session, receiver: str | None, limit: int) -> list[Parked]:
    async with hub.db.hot() as conn:
        return await parked.parked(conn, receiver=receiver, limit=limit)


async def _cdrs(
    hub: Session, states: Sequence[CdrState], receiver: str | None, limit: int
) -> list[Cdr]:
    async with hub.db.hot() as conn:
        return await custody.in_state(conn, states, emsp=receiver, limit=limit)


def _of_parked(entry: Parked) -> dict[str, Any]:
    return {
        "receiver": str(Party.of_key(entry.receiver)),
        "module": entry.module,
        "owner": str(Party.of_key(entry.owner)),
        "id": f"{entry.id}/{entry.sub}" if entry.sub else entry.id,
        "state": "parked",
        "attempts": entry.attempts,
        "reason": entry.reason,
        "since": entry.since,
        "correlation_id": entry.correlation_id,
    }


def _of_cdr(cdr: Cdr) -> dict[str, Any]:
    return {
        "receiver": str(Party.of_key(cdr.emsp)),
        "module": "cdrs",
        "owner": str(Party.of_key(cdr.owner)),
        "id": cdr.id,
        "state": cdr.state,
        "attempts": cdr.attempts,
        "reason": cdr.answer_message,
        "since": cdr.received_at,
        "correlation_id": cdr.correlation_id,
    }


def _without_state(entry: dict[str, Any]) -> dict[str, Any]:
    return {k: entry[k] for k in ("receiver", "module", "owner", "id", "correlation_id")}
