"""`cpo-adapter station`: charging stations, letting them in and looking at them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cpo_adapter import stations as work
from cpo_adapter.cli.session import Adapter, open_adapter, record
from cpo_adapter.descriptions import described_station, whole_station
from cpo_adapter.ocpp.ports import SecurityProfile
from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import BadPlug, PlugSpec, parse_plug
from cpo_adapter.stations import BadStation, NewStation
from cpo_adapter.store import stations as rows
from cpo_adapter.store.stations import Station
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.output import CommandError, Exit, answer, facts, say, table

stations = group("Stations: add, approve and look at them.")

Id = Annotated[str, typer.Argument(metavar="ID", help="Its OCPP identity, the end of its URL.")]
Evses = Annotated[
    list[str] | None,
    typer.Option(
        "--evse",
        metavar="EVSE_UID[=EVSE/CONNECTOR]",
        help="An EVSE of the station, with the number that OCPP has for it; in their order.",
    ),
]


@command(stations, "add", example="cpo-adapter station add CP1 --evse EVSE-1 --evse EVSE-2")
async def add(
    station_id: Id,
    *,
    key: Annotated[
        str | None, typer.Option(help="Its Basic password; default: a random one.")
    ] = None,
    security_profile: Annotated[
        int,
        typer.Option(
            min=0, max=3, help="0 nothing, 1 password, 2 password and TLS, 3 client certificate."
        ),
    ] = 1,
    evse: Evses = None,
    certificate_subject: Annotated[
        str | None, typer.Option(help="The name in its client certificate; default: its id.")
    ] = None,
    subprotocol: Annotated[
        Version | None, typer.Option(help="What it speaks, if it does not say so itself.")
    ] = None,
    shared_outlet: Annotated[
        bool, typer.Option("--shared-outlet", help="Its EVSEs share one outlet.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a station known and say which EVSEs are its plugs; its key is shown this once."""
    new = NewStation(
        id=station_id,
        plugs=_specs(evse),
        key=key,
        security_profile=SecurityProfile(security_profile),
        certificate_subject=certificate_subject,
        subprotocol=subprotocol,
        shared_outlet=shared_outlet,
    )
    async with open_adapter() as adapter:
        made = await _add(adapter, new)
    shown = {"id": station_id, "security_profile": security_profile, "key": made}
    answer(shown, json=json, show=lambda: _show_added(shown, given=key is not None))


async def _add(adapter: Adapter, new: NewStation) -> str | None:
    try:
        async with adapter.db.hot_transaction() as conn:
            server_key = await work.server_key(conn, adapter.vault)
            made = await work.add(conn, new, server_key=server_key, now=datetime.now(UTC))
            await record(conn, "station add", new.id)
            return made
    except (BadStation, BadPlug) as error:
        raise CommandError(str(error), code=Exit.BAD_INPUT) from error


def _show_added(shown: dict[str, Any], *, given: bool) -> None:
    say(f"station {shown['id']} may connect with security profile {shown['security_profile']}")
    if shown["key"] is not None and not given:
        facts([("key", shown["key"])])
        say("Set it in the station; it is not shown again.")


@command(stations, "map", example="cpo-adapter station map CP1 --evse EVSE-1=1/1")
async def map_(station_id: Id, *, evse: Evses = None, json: Json = False) -> None:
    """Say anew which EVSEs are the plugs of a station."""
    async with open_adapter() as adapter:
        try:
            async with adapter.db.hot_transaction() as conn:
                await work.map_plugs(conn, station_id, _specs(evse), now=datetime.now(UTC))
                await record(conn, "station map", station_id)
        except (BadStation, BadPlug) as error:
            raise CommandError(str(error), code=Exit.BAD_INPUT) from error
    answer({"id": station_id}, json=json, show=lambda: say(f"station {station_id} is mapped"))


@command(stations, "list", example="cpo-adapter station list --json")
async def list_(*, json: Json = False) -> None:
    """Every station, and whether it is there."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        found = [await described_station(conn, each) for each in await rows.listed(conn)]
    answer(
        found,
        json=json,
        show=lambda: table(
            ["STATION", "STATUS", "IS", "PROTOCOL", "MODEL", "FIRMWARE", "LAST HEARD OF"],
            [
                (
                    each["id"],
                    each["status"],
                    each["state"],
                    each["protocol"],
                    " ".join(filter(None, (each["vendor"], each["model"]))),
                    each["firmware_version"],
                    _moment(each["last_seen"]),
                )
                for each in found
            ],
            empty="no stations yet: add one with `cpo-adapter station add ID --evse EVSE_UID`",
        ),
    )


@command(stations, "show", example="cpo-adapter station show CP1")
async def show(station_id: Id, *, json: Json = False) -> None:
    """Everything about one station, except its key."""
    async with open_adapter() as adapter, adapter.db.hot() as conn:
        station = await _found(conn, station_id)
        found = await whole_station(conn, station)
    answer(found, json=json, show=lambda: _show(found))


def _show(found: dict[str, Any]) -> None:
    facts(
        (name.replace("_", " "), value)
        for name, value in found.items()
        if name not in ("plugs", "statuses", "configuration")
    )
    table(
        ["EVSE", "CONNECTOR", "EVSE UID", "CONNECTOR ID"],
        [tuple(plug.values()) for plug in found["plugs"]],
        empty="no plug is mapped: nothing of it is published",
    )
    table(
        ["EVSE", "CONNECTOR", "STATUS", "ERROR", "AT"],
        [tuple(each.values()) for each in found["statuses"]],
        empty="it has not said how its connectors are",
    )


@command(stations, "approve", example="cpo-adapter station approve CP1")
async def approve(station_id: Id, *, json: Json = False) -> None:
    """Accept a station that waits or was rejected."""
    async with open_adapter() as adapter:
        try:
            async with adapter.db.hot_transaction() as conn:
                await work.approve(conn, station_id)
                await record(conn, "station approve", station_id)
        except BadStation as error:
            raise CommandError(str(error)) from error
    answer(
        {"id": station_id, "status": "accepted"},
        json=json,
        show=lambda: say(f"station {station_id} is accepted, and hears so when it boots"),
    )


@command(stations, "remove", example="cpo-adapter station remove CP1")
async def remove(station_id: Id, *, json: Json = False) -> None:
    """Forget a station that does not charge; its EVSEs have no station from then on."""
    async with open_adapter() as adapter:
        try:
            async with adapter.db.hot_transaction() as conn:
                await work.remove(conn, station_id, now=datetime.now(UTC))
                await record(conn, "station remove", station_id)
        except BadStation as error:
            raise CommandError(str(error)) from error
    answer(
        {"id": station_id, "status": "removed"},
        json=json,
        show=lambda: say(f"station {station_id} is removed, and not let in again once it leaves"),
    )


async def _found(conn: Hot, station_id: str) -> Station:
    station = await rows.find(conn, station_id)
    if station is None:
        raise CommandError(f"there is no station {station_id!r}")
    return station


def _specs(given: list[str] | None) -> list[PlugSpec]:
    try:
        return [parse_plug(each) for each in given or ()]
    except BadPlug as error:
        raise CommandError(f"--evse: {error}", code=Exit.BAD_INPUT) from error


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M:%SZ")
