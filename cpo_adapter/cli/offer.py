"""`cpo-adapter location` and `tariff`: what the operator offers, in and out as OCPI objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from cpo_adapter import inventory
from cpo_adapter.cli.session import open_adapter, record
from cpo_adapter.inventory import Imported
from cpo_adapter.offer_files import BadInventory, read_objects
from cpo_adapter.site_limits import parse_kw
from cpo_adapter.store import inventory as inventory_rows
from ocpi_hub.node.command import Json, command, group, parsed
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.output import CommandError, Exit, answer, document, say, table
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party

locations = group("Locations: import, export and look at them.")
tariffs = group("Tariffs: import, export and look at them.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="OCPI objects: one, or a list.")]


class _Import(Protocol):
    async def __call__(
        self, conn: Hot, documents: Sequence[Mapping[str, Any]], *, party: Party, now: datetime
    ) -> Imported: ...


@command(locations, "import", example="cpo-adapter location import locations.json")
async def import_locations(file: File, *, json: Json = False) -> None:
    """Take Locations over: new ones, and changes of known ones.

    An EVSE that a Location no longer has becomes REMOVED, which is for ever.
    """
    await _import(file, inventory.import_locations, what="a Location", json=json)


@command(locations, "export", example="cpo-adapter location export locations.json")
async def export_locations(file: File, *, json: Json = False) -> None:
    """Write all Locations to a file, which `import` takes again."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await inventory.export_locations(conn)
    _export(file, found, what="locations", json=json)


@command(locations, "list", example="cpo-adapter location list --json")
async def list_locations(*, json: Json = False) -> None:
    """Every Location with its EVSEs and their statuses."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await inventory.export_locations(conn)
    answer(
        found,
        json=json,
        show=lambda: table(
            ["LOCATION", "NAME", "EVSE", "STATUS", "CONNECTORS"],
            [
                (
                    each["id"],
                    each.get("name"),
                    evse["uid"],
                    evse["status"],
                    ", ".join(connector["standard"] for connector in evse["connectors"]),
                )
                for each in found
                for evse in each.get("evses") or ()
            ],
            empty="no locations yet: `cpo-adapter location import FILE` takes them over",
        ),
    )


@command(locations, "limit", example="cpo-adapter location limit LOC1 --kw 50")
async def limit(
    location_id: Annotated[str, typer.Argument(metavar="LOCATION", help="Its id.")],
    *,
    kw: Annotated[
        str | None, typer.Option(help="What its sessions may draw together, in kW.")
    ] = None,
    json: Json = False,
) -> None:
    """Share a limit of power among the sessions of a Location; without --kw there is none."""
    watts = None if kw is None else parsed(parse_kw, kw)
    async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
        if not await inventory_rows.set_limit(conn, location_id, limit_watts=watts):
            raise CommandError(f"there is no Location {location_id!r}")
        await record(conn, "location limit", location_id, {"watts": watts})
    answer(
        {"location": location_id, "limit_watts": watts},
        json=json,
        show=lambda: say(
            f"{location_id} has no limit" if watts is None else f"{location_id}: {watts} W at most"
        ),
    )


@command(tariffs, "import", example="cpo-adapter tariff import tariffs.json")
async def import_tariffs(file: File, *, json: Json = False) -> None:
    """Take Tariffs over: new ones, and changes of known ones; the others stay."""
    await _import(file, inventory.import_tariffs, what="a Tariff", json=json)


@command(tariffs, "export", example="cpo-adapter tariff export tariffs.json")
async def export_tariffs(file: File, *, json: Json = False) -> None:
    """Write all Tariffs to a file, which `import` takes again."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = await inventory.export_tariffs(conn)
    _export(file, found, what="tariffs", json=json)


async def _import(file: Path, take: _Import, *, what: str, json: bool) -> None:
    try:
        documents = read_objects(_read(file), what=what)
        async with open_adapter() as adapter, adapter.db.hot_transaction() as conn:
            found = await take(conn, documents, party=adapter.settings.party, now=datetime.now(UTC))
            await record(conn, f"import {what.rpartition(' ')[2].lower()}s", file.name)
    except BadInventory as error:
        raise CommandError(f"{file}: {error}", code=Exit.BAD_INPUT) from error
    for warning in found.warnings:
        say(f"warning: {warning}")
    shown = {
        "created": list(found.created),
        "updated": list(found.updated),
        "unchanged": list(found.unchanged),
        "removed_evses": list(found.removed_evses),
        "warnings": list(found.warnings),
    }
    answer(shown, json=json, show=lambda: _show(shown))


def _show(shown: Mapping[str, list[str]]) -> None:
    for name, ids in shown.items():
        if ids and name != "warnings":
            say(f"{name.replace('_', ' ')}: {', '.join(ids)}")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandError(f"{file}: {reason}", code=Exit.BAD_INPUT) from error


def _export(file: Path, found: Sequence[Mapping[str, Any]], *, what: str, json: bool) -> None:
    if str(file) == "-":
        document(found)
        return
    try:
        file.write_bytes(dumps(found) + b"\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandError(f"{file}: {reason}", code=Exit.BAD_INPUT) from error
    answer(
        {"file": str(file), what: len(found)},
        json=json,
        show=lambda: say(f"{len(found)} {what} written to {file}"),
    )
