"""`ocpi-hub status`: how the hub stands, in one look."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import typer

from ocpi_hub import __version__
from ocpi_hub.cli.partner import platform_status
from ocpi_hub.cli.session import Session, open_hub
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.output import answer, facts, table
from ocpi_hub.protocol.party import Party
from ocpi_hub.store import cursors, numbers
from ocpi_hub.store.numbers import Health, Lag, Waiting
from ocpi_hub.store.schema import HUB_SCHEMA


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the database says."""

    alive: bool
    health: Health
    objects: dict[str, int]
    custody: list[Waiting]
    lags: list[Lag]
    refused: int
    guard_seconds: float


def add_to(app: typer.Typer) -> None:
    """Makes `status` one of the commands."""
    command(app, "status", example="ocpi-hub status --json")(status)


async def status(*, json: Json = False) -> None:
    """Whether the hub runs, who is connected, what is stored, and what waits for whom."""
    async with open_hub() as hub:
        found = await _numbers(hub)
        presence = Counter(platform_status(p) for p in hub.snapshot.platforms.values())
    document = _document(found, presence)
    answer(document, json=json, show=lambda: _show(document, found))


async def _numbers(hub: Session) -> Numbers:
    async with hub.db.hot() as conn:
        return Numbers(
            alive=await numbers.alive(conn),
            health=await numbers.health(conn),
            objects=await numbers.objects(conn) | await numbers.private_objects(conn),
            custody=await numbers.undelivered(conn),
            lags=await numbers.lags(conn),
            refused=await numbers.parked(conn),
            guard_seconds=await cursors.guard_age(conn),
        )


def _document(found: Numbers, presence: Counter[str]) -> dict[str, Any]:
    return {
        "version": __version__,
        "running": found.alive,
        "alive_at": found.health.alive_at,
        "schema": HUB_SCHEMA.head(),
        "database_bytes": found.health.database_bytes,
        "platforms": dict(sorted(presence.items())),
        "objects": found.objects,
        "undelivered_cdrs": [
            asdict(entry) | {"receiver": _spelled(entry.receiver)} for entry in found.custody
        ],
        "receivers": [
            asdict(entry) | {"receiver": _spelled(entry.receiver)} for entry in found.lags
        ],
        "refused_objects": found.refused,
        "guard_milliseconds": round(found.guard_seconds * 1000),
        "dropped_records": found.health.dropped_records,
    }


def _show(document: dict[str, Any], found: Numbers) -> None:
    facts(
        [
            ("version", document["version"]),
            ("hub", "running" if found.alive else "not running"),
            ("schema", document["schema"]),
            ("database", f"{found.health.database_bytes / 1_000_000:.1f} MB"),
            ("partners", _counts(document["platforms"])),
            ("objects", _counts(document["objects"])),
            ("refused objects", found.refused),
            ("delivery held back", f"{found.guard_seconds:.1f} s"),
            ("dropped records", found.health.dropped_records),
        ]
    )
    late = [entry for entry in found.lags if entry.behind]
    table(
        ["RECEIVER", "MODULE", "BEHIND"],
        [(_spelled(entry.receiver), entry.module, entry.behind) for entry in late],
        empty="every receiver is up to date",
    )
    table(
        ["RECEIVER", "CDRS IN CUSTODY", "OLDEST"],
        [(_spelled(entry.receiver), entry.count, entry.oldest) for entry in found.custody],
        empty="no CDR waits for its receiver",
    )


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.items()) or "none"


def _spelled(key: str) -> str:
    return str(Party.of_key(key))
