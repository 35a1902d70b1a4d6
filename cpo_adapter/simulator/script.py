"""Plays the steps of a scenario at one station."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from cpo_adapter.simulator import driver
from cpo_adapter.simulator.connector import Connector
from cpo_adapter.simulator.line import Line
from cpo_adapter.simulator.scenario import (
    Charge,
    Drop,
    Fault,
    Plug,
    Recover,
    RemoteStart,
    Return,
    ScenarioFailed,
    Step,
    Stop,
    Swipe,
    Unplug,
)
from cpo_adapter.simulator.station import Station
from cpo_adapter.simulator.token import Token
from cpo_adapter.simulator.vehicle import Battery


async def play(station: Station, line: Line, steps: Sequence[Step]) -> None:
    """Plays them in order, each at its time; ScenarioFailed says what did not come."""
    for step in steps:
        if step.at is not None:
            await station.clock.sleep(max(step.at - station.clock.elapsed(), 0))
        match step:
            case Drop():
                line.drop()
            case Return():
                line.restore()
            case _:
                await _at_connector(station, station.connectors[step.connector], step)


async def _at_connector(
    station: Station,
    connector: Connector,
    step: Plug | Swipe | RemoteStart | Charge | Stop | Unplug | Fault | Recover,
) -> None:
    match step:
        case Plug():
            shrunk = station.clock.speed
            battery = Battery(step.model(), charged_percent=step.charged, shrunk=shrunk)
            driver.plug_in(station, connector, battery)
        case Swipe():
            await driver.swipe(station, connector, Token(step.uid))
        case RemoteStart():
            await _remote_start(station, connector, step)
        case Charge():
            await station.clock.sleep(step.seconds)
        case Stop():
            driver.press_stop(station, connector)
        case Unplug():
            driver.unplug(station, connector)
        case Fault():
            driver.break_down(station, connector, step.error)
        case Recover():
            driver.recover(station, connector)
        case unknown:
            assert_never(unknown)


async def _remote_start(station: Station, connector: Connector, step: RemoteStart) -> None:
    came = await station.until(
        lambda: connector.ready is not None or connector.transaction is not None,
        within=step.within,
    )
    if not came:
        raise ScenarioFailed(
            f"{station.name}/{connector.number}: no remote start within {step.within:g} s"
        )
