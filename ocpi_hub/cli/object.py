"""`ocpi-hub object`: one object of a partner, as the hub has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import typer

from ocpi_hub.cli.session import Session, open_hub
from ocpi_hub.node.command import Json, command, group, parsed
from ocpi_hub.node.engine import Hot, json_loads
from ocpi_hub.node.output import CommandError, Exit, answer, facts, table
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party
from ocpi_hub.store import custody, inspection, reads
from ocpi_hub.store.custody import CdrState
from ocpi_hub.store.inspection import Row
from ocpi_hub.whereabouts import Sight, sights, viewers

objects = group("Objects: what the hub has of one, and who has got it.")

_CATALOGUE = ("locations", "tariffs", "tokens")
MODULES = (*_CATALOGUE, "sessions", "cdrs")


@dataclass(frozen=True, slots=True)
class Key:
    """One object: whose, and which."""

    module: str
    owner: Party
    id: str

    @classmethod
    def parse(cls, module: str, text: str) -> Key:
        """From a module and NL/TNM/LOC1, or CommandError."""
        if module not in MODULES:
            raise CommandError(
                f"MODULE {module}: expected one of {', '.join(MODULES)}", code=Exit.BAD_INPUT
            )
        owner, _, id_ = text.partition("/")[2].partition("/")
        if not id_:
            raise CommandError(f"{text!r} is not of the form NL/TNM/ID", code=Exit.BAD_INPUT)
        return cls(module, parsed(Party.parse, f"{text.partition('/')[0]}/{owner}"), id_)

    def __str__(self) -> str:
        return f"{self.module} {self.owner}/{self.id}"


@dataclass(frozen=True, slots=True)
class Stored:
    """One document as stored, with what the hub noted beside it."""

    document: Any
    last_updated: datetime | None
    received_at: datetime
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """Everything about an object: several documents for Tokens of one uid and several types."""

    stored: list[Stored]
    visible_to: list[Party]
    receivers: list[Sight]


@command(objects, "show", example="ocpi-hub object show locations NL/TNM/LOC1 --as DE/EVC")
async def show(
    module: Annotated[str, typer.Argument(metavar="MODULE", help=", ".join(MODULES))],
    id_: Annotated[str, typer.Argument(metavar="CC/PID/ID", help="Owner and id, as NL/TNM/LOC1.")],
    *,
    viewer: Annotated[
        str | None,
        typer.Option("--as", metavar="CC/PID", help="As this party would see it."),
    ] = None,
    json: Json = False,
) -> None:
    """What is stored of an object, who may see it, and which receivers have its last version."""
    key = Key.parse(module, id_)
    eyes = None if viewer is None else parsed(Party.parse, viewer)
    async with open_hub() as hub, hub.db.hot() as conn:
        found = await _find(hub, conn, key)
    if eyes is not None and eyes != key.owner and eyes not in found.visible_to:
        raise CommandError(f"{key} is not visible to {eyes}")
    receivers = [s for s in found.receivers if eyes is None or s.party == eyes]
    answer(
        {
            "module": module,
            "owner": str(key.owner),
            "id": key.id,
            "stored": [_document(entry) for entry in found.stored],
            "visible_to": [str(party) for party in found.visible_to],
            "receivers": [
                {"party": str(s.party), "sent": s.sent, "refused": s.refused} for s in receivers
            ],
        },
        json=json,
        show=lambda: _show(found, receivers),
    )


def _document(entry: Stored) -> dict[str, Any]:
    return {
        "document": entry.document,
        "last_updated": entry.last_updated,
        "received_at": entry.received_at,
        **entry.notes,
    }


def _show(found: Found, receivers: list[Sight]) -> None:
    for entry in found.stored:
        shown = _document(entry) | {"document": dumps(entry.document).decode()}
        facts((name.replace("_", " "), value) for name, value in shown.items())
    facts([("visible to", ", ".join(map(str, found.visible_to)) or "nobody")])
    table(
        ["RECEIVER", "CURSOR IS PAST IT", "REFUSED"],
        [(s.party, "yes" if s.sent else "no", s.refused) for s in receivers],
        empty="it is pushed to nobody",
    )


async def _find(hub: Session, conn: Hot, key: Key) -> Found:
    match key.module:
        case "sessions":
            return await _session(conn, key)
        case "cdrs":
            return await _cdr(conn, key)
        case _:
            return await _of_catalogue(hub, conn, key)


async def _of_catalogue(hub: Session, conn: Hot, key: Key) -> Found:
    rows = await inspection.rows(conn, key.module, owner=key.owner.key, id_=key.id)
    # The EVSEs of a Location are in its document.
    tops = [row for row in rows if key.module == "tokens" or row.sub == ""]
    if not tops:
        raise _unknown(key)
    stored = [
        Stored(
            json_loads(await _document_of(conn, key, row)),
            row.last_updated,
            row.received_at,
            {"absent": row.absent, "correlation_id": row.correlation_id},
        )
        for row in tops
    ]
    newest = max(row.position for row in rows)
    return Found(
        stored,
        viewers(hub.snapshot, key.module, key.owner),
        await sights(conn, hub.snapshot, key.module, owner=key.owner, id_=key.id, position=newest),
    )


async def _document_of(conn: Hot, key: Key, row: Row) -> str | bytes:
    """As a GET serves it; a Location with its EVSEs."""
    if key.module != "locations":
        return row.document
    served = await reads.find_location(conn, key.id, owners=[key.owner.key])
    return served[0][1] if served else row.document


async def _session(conn: Hot, key: Key) -> Found:
    kept = await inspection.session(conn, key.owner.key, session_id=key.id)
    if kept is None:
        raise _unknown(key)
    stored = Stored(json_loads(kept.document), kept.last_updated, kept.received_at)
    return Found([stored], [Party.of_key(kept.emsp)], [])


async def _cdr(conn: Hot, key: Key) -> Found:
    cdr = await custody.by_id(conn, key.owner.key, cdr_id=key.id)
    if cdr is None:
        raise _unknown(key)
    emsp = Party.of_key(cdr.emsp)
    notes = {
        "state": cdr.state,
        "attempts": cdr.attempts,
        "next_at": cdr.next_at,
        "delivered_at": cdr.delivered_at,
        "correlation_id": cdr.correlation_id,
    }
    document = json_loads(cdr.raw)
    refused = cdr.answer_message if cdr.state == CdrState.REFUSED else None
    return Found(
        [Stored(document, None, cdr.received_at, notes)],
        [emsp],
        [Sight(emsp, sent=cdr.state == CdrState.DELIVERED, refused=refused)],
    )


def _unknown(key: Key) -> CommandError:
    return CommandError(f"the hub has no {key}")
