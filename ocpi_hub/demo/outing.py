"""What the provider's driver does with the app when nobody sits at the browser."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from ocpi_hub.demo.neighbour import Refused
from ocpi_hub.demo.provider import Document, MobilityProvider
from ocpi_hub.demo.rhythm import happened

_PAUSE: Final = 2.0
_CHARGE_SECONDS: Final = (4.0, 8.0)
_PLUG_SECONDS: Final = 30.0
_END_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.5
_FREE: Final = "/locations?text=Elm&free=true"
_COMING: Final = ("starting", "scheduled")
_RUNNING: Final = ("charging", "stopping")


@dataclass(slots=True)
class Outing:
    """The driver's way from station to station, until `finishing` is set."""

    provider: MobilityProvider
    draw: random.Random
    finishing: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Charge here and there; the last charge is brought to its end."""
        while not await happened(self.finishing, within=_PAUSE):
            driver = await self.provider.signed_in()
            place = await self._free_place(driver)
            if place is None:
                continue
            # Somebody else may have been there first, and a full vehicle ends by itself.
            with suppress(Refused):
                await self._charge(driver, place)

    async def _free_place(self, driver: MobilityProvider) -> Document | None:
        """Somewhere a start by app would do now, by what the app shows."""
        listed = (await driver.ask("GET", _FREE))["locations"]
        if not listed:
            return None
        found = await driver.ask("GET", f"/locations/{self.draw.choice(listed)['id']}")
        free = [e for e in found["evses"] if e["status"] == "AVAILABLE" and e["startable"]]
        if not free:
            return None
        return {"location": found["id"], "evse_uid": self.draw.choice(free)["uid"]}

    async def _charge(self, driver: MobilityProvider, place: Document) -> None:
        once = (("Idempotency-Key", str(uuid4())),)
        charge = await driver.ask("POST", "/charges", place, headers=once)
        path = f"/charges/{charge['id']}"
        charge = await self._while(driver, path, _COMING, within=_PLUG_SECONDS)
        if charge["state"] != "charging":
            return
        await happened(self.finishing, within=self.draw.uniform(*_CHARGE_SECONDS))
        await driver.ask("POST", f"{path}/stop")
        await self._while(driver, path, _RUNNING, within=_END_SECONDS)

    async def _while(
        self, driver: MobilityProvider, path: str, states: tuple[str, ...], *, within: float
    ) -> Document:
        """The charge once it is in none of these states, or as it is when the time is over."""
        end = asyncio.get_running_loop().time() + within
        while True:
            charge: Document = await driver.ask("GET", path)
            over = asyncio.get_running_loop().time() > end
            if charge["state"] not in states or over:
                return charge
            await asyncio.sleep(_LOOK_SECONDS)
