"""What the tests of the simulator share: a central system, and stations that play steps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from cpo_adapter.simulator.clock import Clock
from cpo_adapter.simulator.happening import Happening
from cpo_adapter.simulator.run import Conditions, planned, run
from cpo_adapter.simulator.scenario import Scenario
from cpo_adapter.simulator.versions import VersionName
from ocpi_hub.service.transport import Request, Response
from tests.cpo_adapter.simulator.central import Central, central_system

SPEED = 100


class Drop:
    """Takes what is uploaded."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def send(self, request: Request, *, timeout: float) -> Response:
        """Keeps it."""
        del timeout
        self.requests.append(request)
        return Response(201, {}, b"")


class Told:
    """What the simulation told."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self._more = asyncio.Event()

    def take(self, happening: Happening) -> None:
        """Keeps it."""
        self.happenings.append(happening)
        self._more.set()
        self._more = asyncio.Event()

    async def until(self, what: str) -> Happening:
        """The first happening that is this, within ten seconds."""
        async with asyncio.timeout(10):
            while not (found := [each for each in self.happenings if each.what == what]):
                await self._more.wait()
        return found[0]


@dataclass
class Playing:
    """A simulation that runs."""

    stop: asyncio.Event
    done: asyncio.Task[None]
    told: Told
    drop: Drop


Play = Callable[..., AbstractAsyncContextManager[Playing]]


@pytest.fixture(params=["1.6", "2.0.1"])
def version(request: pytest.FixtureRequest) -> VersionName:
    """Each version of OCPP in turn."""
    found: VersionName = request.param
    return found


@pytest.fixture
async def central(version: VersionName) -> AsyncIterator[Central]:
    """A central system of that version."""
    async with central_system(version) as listening:
        yield listening


@pytest.fixture
def play(central: Central) -> Play:
    """Plays steps at a station called SIM001 with the key `secret`; stopped at the block's end."""

    @asynccontextmanager
    async def playing(
        *steps: dict[str, Any], connectors: int = 1, power_kw: int = 22
    ) -> AsyncIterator[Playing]:
        station = {
            "name": "SIM001",
            "key": "secret",
            "protocol": central.version,
            "connectors": [{"power_kw": power_kw}] * connectors,
            "steps": [*steps, {"do": "charge", "seconds": 36_000}],
        }
        scenario = Scenario.model_validate({"stations": [station]})
        stop, told, drop = asyncio.Event(), Told(), Drop()
        conditions = Conditions(central.url, Clock(SPEED), 1, (), drop, told.take)
        async with asyncio.TaskGroup() as tasks:
            done = tasks.create_task(run(planned(scenario), conditions, stop=stop))
            yield Playing(stop, done, told, drop)
            stop.set()

    return playing
