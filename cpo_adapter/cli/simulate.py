"""`cpo-adapter simulate`: stations with believable days, for trying things out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cpo_adapter.simulator.run import CARDS, OCPP_URL
from cpo_adapter.simulator.run import simulate as run_stations
from cpo_adapter.simulator.versions import VersionName
from ocpi_hub.node.command import Json, command
from ocpi_hub.node.output import CommandError, Exit


def add_to(app: typer.Typer) -> None:
    """Makes it one of the commands."""
    command(app, "simulate", example="cpo-adapter simulate --stations 5 --speed 60")(simulate)


async def simulate(
    *,
    stations: Annotated[
        int, typer.Option(min=1, max=5000, help="How many, called SIM001 and so on.")
    ] = 1,
    ocpp: Annotated[VersionName, typer.Option(help="What they speak.")] = "1.6",
    scenario: Annotated[
        Path | None, typer.Option(help="Play this file instead: see docs/simulator.md.")
    ] = None,
    url: Annotated[
        str, typer.Option(help="Where stations connect; their id is put at its end.")
    ] = OCPP_URL,
    seconds: Annotated[float | None, typer.Option(min=0, help="End after so long.")] = None,
    speed: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many times faster than real time.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="The same seed makes the same days.")] = 0,
    card: Annotated[
        list[str] | None, typer.Option(help="A card that drivers come with; several may be given.")
    ] = None,
    json: Json = False,
) -> None:
    """Simulate charging stations that connect to a central system, until SIGTERM.

    Their Basic keys are simulated-SIM001 and so on. With --json each happening is a line of JSON.
    """
    if not url.startswith(("ws://", "wss://")):
        raise CommandError("--url: expected ws:// or wss://", code=Exit.BAD_INPUT)
    await run_stations(
        stations=stations,
        ocpp=ocpp,
        scenario=scenario,
        url=url,
        seconds=seconds,
        speed=speed,
        seed=seed,
        cards=card or CARDS,
        json=json,
    )
