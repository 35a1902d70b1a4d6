"""`ocpi-hub trace`: the way of one message through the hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote

import typer

from ocpi_hub.cli.session import Session, open_hub
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.output import CommandError, answer, say, table
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.modules import BROADCAST_MODULES
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.store import exchanges, inspection, parked
from ocpi_hub.store.exchanges import Exchange
from ocpi_hub.store.parked import Parked
from ocpi_hub.whereabouts import Sight, sights

_TO_THE_HUB = 0


@dataclass(frozen=True, slots=True)
class Shared:
    """An object that the message changed for everybody; `current`: nothing changed it since."""

    module: str
    owner: Party
    id: str
    current: bool
    receivers: list[Sight]


def add_to(app: typer.Typer) -> None:
    """Makes `trace` one of the commands."""
    command(app, "trace", example="ocpi-hub trace 2f0b7c1e-5a64-4c2b-9f0e-0a1d5c3e7b11")(trace)


async def trace(
    correlation_id: Annotated[
        str, typer.Argument(metavar="CORRELATION_ID", help="The X-Correlation-ID of the message.")
    ],
    *,
    json: Json = False,
) -> None:
    """Every leg of a message, and for a broadcast which receivers have that version."""
    async with open_hub() as hub, hub.db.hot() as conn:
        legs = await exchanges.trace(conn, correlation_id)
        refused = await parked.of_message(conn, correlation_id)
        shared = await _shared(hub, conn, legs, correlation_id)
        names = {platform.id: platform.name for platform in hub.snapshot.platforms.values()}
    if not legs and not refused:
        raise CommandError(
            f"no record of {correlation_id}; records are kept for "
            f"{hub.settings.trace_retention_days} days"
        )
    answer(
        {
            "correlation_id": correlation_id,
            "legs": [_leg(leg, names) for leg in legs],
            "refused": [_refusal(entry) for entry in refused],
            "objects": [_object(entry) for entry in shared],
        },
        json=json,
        show=lambda: _show(legs, names, shared),
    )


async def _shared(
    hub: Session, conn: Hot, legs: Sequence[Exchange], correlation_id: str
) -> list[Shared]:
    """The objects of the catalogue that the legs to the hub wrote."""
    keys = {key for leg in legs if (key := _written(leg, hub.party)) is not None}
    return [
        await _look(hub, conn, module, owner, id_, correlation_id)
        for module, owner, id_ in sorted(keys, key=str)
    ]


def _written(leg: Exchange, hub: Party) -> tuple[str, Party, str] | None:
    """What a broadcast leg wrote: module, owner and id out of its path."""
    broadcast = (
        leg.leg == _TO_THE_HUB
        and leg.module in BROADCAST_MODULES
        and leg.interface == Interface.RECEIVER
        and leg.method != "GET"
        and leg.receiver in (None, str(hub))
    )
    segments = [unquote(segment) for segment in leg.path.split("/")]
    if not broadcast or len(segments) < 3:
        return None
    try:
        return leg.module, Party.checked(*segments[:2], where="path"), segments[2]
    except InvalidParameters:
        return None


async def _look(
    hub: Session, conn: Hot, module: str, owner: Party, id_: str, correlation_id: str
) -> Shared:
    rows = await inspection.rows(conn, module, owner=owner.key, id_=id_)
    own = [row.position for row in rows if row.correlation_id == correlation_id]
    if not own:
        return Shared(module, owner, id_, current=False, receivers=[])
    seen = await sights(conn, hub.snapshot, module, owner=owner, id_=id_, position=max(own))
    return Shared(module, owner, id_, current=True, receivers=seen)


def _leg(leg: Exchange, names: dict[str, str]) -> dict[str, Any]:
    return {
        "at": leg.at,
        "direction": _direction(leg),
        "partner": names.get(leg.platform_id or ""),
        "sender": leg.sender,
        "receiver": leg.receiver,
        "module": leg.module,
        "interface": leg.interface,
        "method": leg.method,
        "path": leg.path,
        "http_status": leg.http_status,
        "status_code": leg.status_code,
        "message": leg.message,
        "milliseconds": leg.milliseconds,
        "request_id": leg.request_id,
    }


def _direction(leg: Exchange) -> str:
    return "in" if leg.leg == _TO_THE_HUB else "out"


def _refusal(entry: Parked) -> dict[str, Any]:
    return {
        "receiver": str(Party.of_key(entry.receiver)),
        "module": entry.module,
        "owner": str(Party.of_key(entry.owner)),
        "id": entry.id,
        "reason": entry.reason,
        "attempts": entry.attempts,
    }


def _object(entry: Shared) -> dict[str, Any]:
    return {
        "module": entry.module,
        "owner": str(entry.owner),
        "id": entry.id,
        "current": entry.current,
        "receivers": [
            {"party": str(s.party), "sent": s.sent, "refused": s.refused} for s in entry.receivers
        ],
    }


def _show(legs: Sequence[Exchange], names: dict[str, str], shared: Sequence[Shared]) -> None:
    table(
        ["AT", "", "PARTNER", "FROM", "TO", "REQUEST", "HTTP", "OCPI", "MS", "SAID"],
        [
            (
                f"{leg.at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
                _direction(leg),
                names.get(leg.platform_id or ""),
                leg.sender,
                leg.receiver,
                f"{leg.method} {leg.interface.lower()} {leg.module}/{leg.path}",
                leg.http_status,
                leg.status_code,
                leg.milliseconds,
                leg.message,
            )
            for leg in legs
        ],
        empty="no leg is recorded any more",
    )
    for entry in shared:
        what = f"{entry.module} {entry.owner}/{entry.id}"
        if not entry.current:
            say(f"{what} was changed again since: receivers get the newer version only")
            continue
        table(
            ["RECEIVER OF " + what, "CURSOR IS PAST IT", "REFUSED"],
            [(s.party, "yes" if s.sent else "no", s.refused) for s in entry.receivers],
            empty=f"{what} is pushed to nobody",
        )
