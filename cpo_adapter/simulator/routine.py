"""Lives a day at a connector: each visit of the plan, and drivers who start by app unplanned."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from random import Random

from cpo_adapter.simulator import driver
from cpo_adapter.simulator.connector import Connector
from cpo_adapter.simulator.day import Trouble, Visit, passer_by
from cpo_adapter.simulator.line import Line
from cpo_adapter.simulator.station import Station
from cpo_adapter.simulator.token import Token
from cpo_adapter.simulator.vehicle import Battery, Model

# Seconds of the day.
_TO_THE_READER = 20.0
_TO_THE_PLUG = 30.0
_PATIENCE = 300.0
_TO_START = 60.0
_APP_STAY = 2400.0


class Routine:
    """The drivers at one connector."""

    def __init__(self, station: Station, connector: Connector, line: Line, rng: Random) -> None:
        self._station = station
        self._connector = connector
        self._line = line
        self._rng = rng

    async def live(self, plan: Iterable[Visit]) -> None:
        """Lives through the plan, and is there for who starts by app also when it is over."""
        for visit in plan:
            while await self._somebody_called(visit.arrives_at - self._station.clock.elapsed()):
                await self._come_for_the_app()
            if self._connector.battery is None and self._connector.error is None:
                await self._visit(visit)
        while await self._somebody_called(math.inf):
            await self._come_for_the_app()

    async def _somebody_called(self, within: float) -> bool:
        """Whether, before the next arrival, somebody starts here by app and has yet to come."""
        return await self._station.until(
            lambda: self._connector.ready is not None and self._connector.battery is None,
            within=max(within, 0),
        )

    async def _come_for_the_app(self) -> None:
        model, charged = passer_by(self._rng)
        await self._station.clock.sleep(_TO_THE_PLUG)
        self._plug_in(model, charged)
        await self._charge(_APP_STAY, None)
        await self._leave()

    async def _visit(self, visit: Visit) -> None:
        self._plug_in(visit.model, visit.charged_percent)
        await self._station.clock.sleep(_TO_THE_READER)
        if visit.card is None:
            begun = await self._begun(within=_PATIENCE)
        else:
            await driver.swipe(self._station, self._connector, Token(visit.card))
            begun = await self._begun(within=_TO_START)
        if begun:
            await self._charge(visit.stays, visit.trouble)
            await self._park(visit)
        await self._leave()

    def _plug_in(self, model: Model, charged: int) -> None:
        battery = Battery(model, charged_percent=charged, shrunk=self._station.clock.speed)
        driver.plug_in(self._station, self._connector, battery)

    async def _begun(self, *, within: float) -> bool:
        return await self._station.until(
            lambda: self._connector.transaction is not None, within=within
        )

    async def _charge(self, stays: float, trouble: Trouble | None) -> None:
        """Until the battery is full, the driver is back, or it is ended from elsewhere."""
        async with asyncio.TaskGroup() as tasks:
            if trouble is not None:
                tasks.create_task(self._suffer(trouble))
            await self._station.until(self._is_done, within=stays)

    def _is_done(self) -> bool:
        battery = self._connector.battery
        return self._connector.transaction is None or battery is None or battery.is_full

    async def _park(self, visit: Visit) -> None:
        """A full vehicle stays where it is for a while."""
        if self._connector.battery is not None and self._connector.battery.is_full:
            await self._station.clock.sleep(visit.parked)
        transaction = self._connector.transaction
        if transaction is not None and visit.card is not None:
            await driver.swipe(self._station, self._connector, Token(visit.card))
            await self._station.clock.sleep(_TO_THE_READER)

    async def _leave(self) -> None:
        driver.unplug(self._station, self._connector)

    async def _suffer(self, trouble: Trouble) -> None:
        await self._station.clock.sleep(trouble.after)
        if trouble.error is None:
            self._line.drop()
            await self._station.clock.sleep(trouble.lasts)
            self._line.restore()
        else:
            driver.break_down(self._station, self._connector, trouble.error)
            await self._station.clock.sleep(trouble.lasts)
            driver.recover(self._station, self._connector)
