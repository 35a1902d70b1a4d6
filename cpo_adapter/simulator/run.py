"""Runs simulated stations from their first boot until time is up, or somebody ends it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cpo_adapter.simulator.chance import chance
from cpo_adapter.simulator.clock import Clock
from cpo_adapter.simulator.connector import Outlet
from cpo_adapter.simulator.day import visits
from cpo_adapter.simulator.happening import Happening, Tell
from cpo_adapter.simulator.line import Line
from cpo_adapter.simulator.routine import Routine
from cpo_adapter.simulator.scenario import Scenario, ScenarioFailed, Step, read_scenario
from cpo_adapter.simulator.script import play
from cpo_adapter.simulator.station import Spec, Station
from cpo_adapter.simulator.versions import VERSIONS, Version, VersionName
from ocpi_hub.node.output import document
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.lifecycle import stop_signals
from ocpi_hub.service.tls import tls_context
from ocpi_hub.service.transport import Transport

CARDS = ("SIMCARD00001", "SIMCARD00002", "SIMCARD00003", "SIMCARD00004")
OCPP_URL = "ws://127.0.0.1:8010/ocpp"

_CLOSE_DOWN_WITHIN = 8.0
# Every so many stations one is for fast charging.
_FAST_EVERY = 4
_SLOW = (Outlet(11_000), Outlet(22_000))
_FAST = (Outlet(50_000, direct=True), Outlet(150_000, direct=True))


@dataclass(frozen=True, slots=True)
class Plan:
    """One station of a simulation; without steps it lives days, with visitors or without."""

    spec: Spec
    version: Version
    visitors: bool = True
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all stations of a simulation share."""

    url: str
    clock: Clock
    seed: int
    cards: Sequence[str]
    transport: Transport
    tell: Tell


async def simulate(
    *,
    stations: int = 1,
    ocpp: VersionName = "1.6",
    scenario: Path | None = None,
    url: str = OCPP_URL,
    seconds: float | None = None,
    speed: int = 1,
    seed: int = 0,
    cards: Sequence[str] = CARDS,
    json: bool = False,
) -> None:
    """Simulates until `seconds` have passed, all scripts are played, or SIGTERM."""
    plans = numbered(stations, ocpp) if scenario is None else planned(read_scenario(scenario))
    client = make_client(AddressGuard(allow_private=True), tls_context())
    async with client:
        conditions = Conditions(
            url, Clock(speed), seed, cards, HttpxTransport(client), _teller(json=json)
        )
        with stop_signals() as stop:
            await run(plans, conditions, stop=stop, seconds=seconds)


def numbered(count: int, ocpp: VersionName) -> list[Plan]:
    """Stations SIM001 and so on, with the keys simulated-SIM001 and so on."""
    return [
        Plan(
            Spec(
                name := f"SIM{number:03}",
                f"simulated-{name}",
                _SLOW if number % _FAST_EVERY else _FAST,
            ),
            VERSIONS[ocpp],
        )
        for number in range(1, count + 1)
    ]


def planned(scenario: Scenario) -> list[Plan]:
    """The stations of a scenario."""
    return [
        Plan(each.spec(), VERSIONS[each.protocol], each.visitors, each.steps)
        for each in scenario.stations
    ]


async def run(
    plans: Sequence[Plan],
    conditions: Conditions,
    *,
    stop: asyncio.Event,
    seconds: float | None = None,
) -> None:
    """Runs the stations; ends them properly when `stop` is set, time is up or nothing is left.

    ScenarioFailed when a script waited in vain.
    """
    failures: list[ScenarioFailed] = []
    async with asyncio.TaskGroup() as tasks:
        lives = [tasks.create_task(_live(plan, conditions, stop, failures)) for plan in plans]
        ending = tasks.create_task(_end(stop, seconds))
        await asyncio.gather(*lives)
        ending.cancel()
    if failures:
        raise failures[0]


async def _end(stop: asyncio.Event, seconds: float | None) -> None:
    if seconds is not None:
        await asyncio.sleep(seconds)
        stop.set()


class _Over(Exception):
    """Ends the task group it is raised in."""


async def _live(
    plan: Plan, conditions: Conditions, stop: asyncio.Event, failures: list[ScenarioFailed]
) -> None:
    """One station, from its boot to its end."""
    rng = chance(conditions.seed, plan.spec.name)
    try:
        async with asyncio.TaskGroup() as tasks:
            station = Station(
                plan.spec,
                plan.version.face,
                clock=conditions.clock,
                rng=rng,
                tell=conditions.tell,
                spawn=tasks.create_task,
                transport=conditions.transport,
            )
            line = Line(station, plan.version, url=conditions.url, rng=rng)
            tasks.create_task(line.keep())
            tasks.create_task(station.run())
            await _act_until(stop, _act(plan, conditions, station, line, failures))
            line.restore()
            await station.close_down(within=_CLOSE_DOWN_WITHIN)
            raise _Over
    except* _Over:
        station.say("is switched off")


async def _act_until(stop: asyncio.Event, acting: Coroutine[Any, Any, None]) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_over_when(stop))
            await acting
            raise _Over
    except* _Over:
        pass


async def _over_when(stop: asyncio.Event) -> None:
    await stop.wait()
    raise _Over


async def _act(
    plan: Plan,
    conditions: Conditions,
    station: Station,
    line: Line,
    failures: list[ScenarioFailed],
) -> None:
    """What people do at the station: its script, or days without end."""
    if not plan.steps:
        await _live_days(conditions, station, line, visitors=plan.visitors)
        return
    try:
        await play(station, line, plan.steps)
    except ScenarioFailed as failure:
        station.say("scenario fails", note=str(failure))
        failures.append(failure)


async def _live_days(
    conditions: Conditions, station: Station, line: Line, *, visitors: bool
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for connector in station.connectors.values():
            seed = (conditions.seed, station.name, connector.number)
            routine = Routine(station, connector, line, chance(*seed, "unplanned"))
            expected = visits(chance(*seed), conditions.cards) if visitors else ()
            tasks.create_task(routine.live(expected))


def _teller(*, json: bool) -> Tell:
    def in_words(happening: Happening) -> None:
        sys.stdout.write(f"{happening.sentence}\n")
        sys.stdout.flush()

    def as_json(happening: Happening) -> None:
        document(happening.document)

    return as_json if json else in_words
