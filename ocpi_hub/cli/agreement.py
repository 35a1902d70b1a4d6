"""`ocpi-hub agreement`: which two parties exchange which modules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ocpi_hub import resend
from ocpi_hub.cli.session import Session, open_hub, record
from ocpi_hub.node.command import Json, command, group, parsed
from ocpi_hub.node.output import CommandError, Exit, answer, say, table
from ocpi_hub.protocol.modules import BROADCAST_MODULES, FUNCTIONAL_MODULES
from ocpi_hub.protocol.party import Party
from ocpi_hub.resend import Walk
from ocpi_hub.snapshot import Snapshot
from ocpi_hub.store import agreements as store
from ocpi_hub.store import clearing_modes
from ocpi_hub.store.agreements import Agreement
from ocpi_hub.store.clearing_modes import ClearingMode

agreements = group("Agreements: which two parties exchange which modules.")

One = Annotated[str, typer.Argument(metavar="CC/PID", help="A party, as NL/TNM.")]
Other = Annotated[str, typer.Argument(metavar="CC/PID", help="The other party.")]
Modules = Annotated[
    str | None,
    typer.Option(metavar="a,b", help="Modules, separated by commas. Default: all functional ones."),
]

Mode = Annotated[str, typer.Argument(metavar="MODE", help="observe, hold or reject.")]

# 2.2.1 custom modules: their names begin with the party that made them.
_CUSTOM = re.compile(r"[a-z]{2}[a-z0-9]{3}-[a-z0-9_-]+")


@command(
    agreements, "add", example="ocpi-hub agreement add NL/TNM DE/EVC --modules locations,tariffs"
)
async def add(one: One, other: Other, *, modules: Modules = None, json: Json = False) -> None:
    """Let two parties exchange modules; what they already have is sent both ways."""
    async with open_hub() as hub:
        a, b = _parties(hub, one, other)
        wanted = _modules(modules)
        async with hub.db.begin() as conn:
            added = await store.add(conn, a, b=b, modules=wanted, now=datetime.now(UTC))
            await record(conn, "agreement.add", f"{a} {b}", {"modules": added})
        walks = await _backfilled(hub, a, b, added)
    if hub.settings.agreements == "open":
        say("OCPI_HUB_AGREEMENTS is open: everybody roams with everybody, agreements wait")
    named = ", ".join(added) or "nothing new"
    answer(
        {"parties": [str(a), str(b)], "modules": added, "backfills": len(walks)},
        json=json,
        show=lambda: say(f"{a} and {b} now exchange: {named}"),
    )


@command(agreements, "list", example="ocpi-hub agreement list --json")
async def list_(*, json: Json = False) -> None:
    """Every agreement there is or was, and what its parties do with a CDR that is wrong."""
    async with open_hub() as hub:
        snapshot = hub.snapshot
    pairs = sorted({*snapshot.agreements, *snapshot.clearing_modes})
    answer(
        [_pair(snapshot, pair) for pair in pairs],
        json=json,
        show=lambda: table(
            ["PARTY", "PARTY", "IN FORCE", "ENDED", "CLEARING"],
            [
                (
                    *map(Party.of_key, pair),
                    _names(snapshot.agreements.get(pair, {}), ended=False),
                    _names(snapshot.agreements.get(pair, {}), ended=True),
                    snapshot.clearing_modes.get(pair, ClearingMode.OBSERVE),
                )
                for pair in pairs
            ],
            empty="no agreements: add one with `ocpi-hub agreement add CC/PID CC/PID`",
        ),
    )


@command(agreements, "remove", example="ocpi-hub agreement remove NL/TNM DE/EVC")
async def remove(one: One, other: Other, *, modules: Modules = None, json: Json = False) -> None:
    """End an agreement; sessions begun under it are still carried to their end."""
    async with open_hub() as hub:
        a, b = _parties(hub, one, other)
        known = hub.snapshot.agreements.get(store.pair(a.key, b.key), {})
        named = list(known) if modules is None else _modules(modules)
        async with hub.db.begin() as conn:
            ended = await store.end(conn, a, b=b, modules=named, now=datetime.now(UTC))
            if not ended:
                raise CommandError(f"{a} and {b} have no such agreement in force")
            await record(conn, "agreement.remove", f"{a} {b}", {"modules": ended})
    answer(
        {"parties": [str(a), str(b)], "modules": ended},
        json=json,
        show=lambda: say(f"{a} and {b} no longer exchange: {', '.join(ended)}"),
    )


@command(agreements, "clearing", example="ocpi-hub agreement clearing NL/TNM DE/EVC hold")
async def clearing(one: One, other: Other, mode: Mode, *, json: Json = False) -> None:
    """What two parties do with a CDR that is wrong: observe, hold it, or reject it."""
    wanted = _mode(mode)
    async with open_hub() as hub:
        a, b = _parties(hub, one, other)
        async with hub.db.begin() as conn:
            await record(conn, "agreement.clearing", f"{a} {b}", {"mode": wanted})
            await clearing_modes.set_mode(conn, a, b=b, mode=wanted)
    answer(
        {"parties": [str(a), str(b)], "clearing": wanted},
        json=json,
        show=lambda: say(f"{a} and {b} now {wanted} a CDR that is wrong"),
    )


def _mode(text: str) -> ClearingMode:
    try:
        return ClearingMode(text)
    except ValueError:
        known = ", ".join(ClearingMode)
        raise CommandError(
            f"mode: expected one of {known}, got {text}", code=Exit.BAD_INPUT
        ) from None


def _parties(hub: Session, one: str, other: str) -> tuple[Party, Party]:
    """The two parties; neither may be the hub, which nobody roams with."""
    a, b = parsed(Party.parse, one), parsed(Party.parse, other)
    if a == b:
        raise CommandError(f"expected two parties, got {a} twice", code=Exit.BAD_INPUT)
    if hub.party in (a, b):
        raise CommandError(f"{hub.party} is the hub's own party", code=Exit.BAD_INPUT)
    return a, b


def _modules(text: str | None) -> list[str]:
    if text is None:
        return list(FUNCTIONAL_MODULES)
    named = [name.strip() for name in text.split(",") if name.strip()]
    for name in named:
        if name not in FUNCTIONAL_MODULES and not _CUSTOM.fullmatch(name):
            raise CommandError(
                f"--modules: {name} is no module, expected some of {', '.join(FUNCTIONAL_MODULES)}",
                code=Exit.BAD_INPUT,
            )
    if not named:
        raise CommandError("--modules is empty, expected names", code=Exit.BAD_INPUT)
    return named


async def _backfilled(hub: Session, a: Party, b: Party, added: list[str]) -> list[Walk]:
    """The walks begun because of modules that came into force; none where all see all anyway."""
    if hub.settings.agreements == "open":
        return []
    await hub.registry.refresh()
    modules = [module for module in added if module in BROADCAST_MODULES]
    walks = resend.between(hub.snapshot, a.key, b.key, modules=modules)
    await resend.start(hub.db, walks)
    return walks


def _pair(snapshot: Snapshot, pair: tuple[str, str]) -> dict[str, Any]:
    modules = snapshot.agreements.get(pair, {})
    return {
        "parties": [str(Party.of_key(key)) for key in pair],
        "modules": [_listed(module, agreement) for module, agreement in modules.items()],
        "clearing": snapshot.clearing_modes.get(pair, ClearingMode.OBSERVE),
    }


def _listed(module: str, agreement: Agreement) -> dict[str, Any]:
    return {"module": module, "since": agreement.since, "ended_at": agreement.ended_at}


def _names(modules: Mapping[str, Agreement], *, ended: bool) -> str:
    return ", ".join(m for m, a in modules.items() if (a.ended_at is not None) is ended)
