"""The locations of the sandbox CPO, and what changes there: status, texts, power and prices."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ocpi_hub.demo.charging import Spot
from ocpi_hub.demo.platform import Document, Platform
from ocpi_hub.demo.shelf import Shelf, evse_of, patched_location, with_evse
from ocpi_hub.demo.tally import Count
from ocpi_hub.protocol.modules import Operation, operation
from ocpi_hub.protocol.roles import Interface

_OWNED = "{country_code}/{party_id}"
_LOCATION = f"{_OWNED}/{{location_id}}"
_EVSE = f"{_LOCATION}/{{evse_uid}}"
_CONNECTOR = f"{_EVSE}/{{connector_id}}"
_TARIFF = f"{_OWNED}/{{tariff_id}}"


def _row(module: str, method: str, path: str) -> Operation:
    return operation(module, Interface.RECEIVER, method, path)


_PUT_LOCATION = _row("locations", "PUT", _LOCATION)
_PATCH_LOCATION = _row("locations", "PATCH", _LOCATION)
_PUT_EVSE = _row("locations", "PUT", _EVSE)
_PATCH_EVSE = _row("locations", "PATCH", _EVSE)
_PATCH_CONNECTOR = _row("locations", "PATCH", _CONNECTOR)
_PUT_TARIFF = _row("tariffs", "PUT", _TARIFF)
_DELETE_TARIFF = _row("tariffs", "DELETE", _TARIFF)

# Far more often free than not.
_STATUSES: Final = ("AVAILABLE",) * 7 + ("BLOCKED", "INOPERATIVE", "OUTOFORDER", "RESERVED")
_LEVELS: Final = ("-2", "-1", "0", "1", "2")
_POWERS: Final = (11040, 22080, 43000, 50000, 150000)
_RAISE: Final = Decimal("0.01")
_OFFER: Final = "WEEKEND-OFFER"
_AT_ONCE: Final = 8


@dataclass(slots=True)
class Sites:
    """Everything the CPO offers. A change is written down first, then the hub is told."""

    platform: Platform
    locations: Shelf
    tariffs: Shelf
    draw: random.Random
    # EVSEs that somebody charges at, or is about to.
    taken: set[str] = field(default_factory=set)
    # A change of a location is told before the next is made, so that they arrive in order.
    _locks: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def push(self) -> None:
        """Tells the hub every tariff, then every location."""
        async with asyncio.TaskGroup() as group:
            for tariff in self.tariffs.all():
                group.create_task(self._put_tariff(tariff))
        async with asyncio.TaskGroup() as group:
            for location in self.locations.all():
                group.create_task(
                    self._tell(_PUT_LOCATION, {"location_id": location["id"]}, location)
                )

    # --- EVSEs ---------------------------------------------------------------------------------

    def any_free(self) -> Spot | None:
        """A connector that can be used, if chance finds one."""
        for location in self.draw.sample(self.locations.all(), 20):
            for evse in location["evses"]:
                if self._free(evse):
                    return Spot(location["id"], evse["uid"], evse["connectors"][0]["id"])
        return None

    def free_at(self, location_id: str, evse_uid: str) -> Spot | None:
        """A connector of this EVSE, if it can be used; ObjectNotFound when there is no such."""
        evse = evse_of(self.location(location_id), evse_uid)
        if not self._free(evse):
            return None
        return Spot(location_id, evse["uid"], evse["connectors"][0]["id"])

    def location(self, location_id: str) -> Document:
        """A location as it is now, or ObjectNotFound."""
        return self.locations.get(self.platform.party, location_id)

    def connector(self, spot: Spot) -> Document:
        """The connector of a spot as it is now."""
        evse = evse_of(self.location(spot.location_id), spot.evse_uid)
        found: Document = next(c for c in evse["connectors"] if c["id"] == spot.connector_id)
        return found

    def tariff(self, spot: Spot) -> Document:
        """The tariff that holds at a spot now."""
        return self.tariffs.get(self.platform.party, self.connector(spot)["tariff_ids"][0])

    def _free(self, evse: Document) -> bool:
        return evse["status"] == "AVAILABLE" and evse["uid"] not in self.taken

    async def set_status(self, location_id: str, evse_uid: str, status: str) -> None:
        """An EVSE's new status."""
        async with self._locks[location_id]:
            patch = {"status": status, "last_updated": self.platform.stamps.next()}
            params = {"location_id": location_id, "evse_uid": evse_uid}
            await self._patch(_PATCH_EVSE, params, patch)
        self.platform.tally.add(Count.STATUS_CHANGES)

    async def some_status(self) -> None:
        """Some EVSE nobody charges at has another status now."""
        location = self.draw.choice(self.locations.all())
        evse = self.draw.choice(location["evses"])
        if evse["uid"] not in self.taken:
            await self.set_status(location["id"], evse["uid"], self.draw.choice(_STATUSES))

    # --- everything else -----------------------------------------------------------------------

    async def some_change(self) -> None:
        """One of the rarer changes, at every level of a location and in the tariffs."""
        change = self.draw.choice(
            (self._redirect, self._move, self._rate_anew, self._reprice, self._offer)
        )
        await change()
        self.platform.tally.add(Count.OTHER_CHANGES)

    async def _redirect(self) -> None:
        location = self.draw.choice(self.locations.all())
        text = f"Follow the green line to level {self.draw.choice(_LEVELS)}"
        async with self._locks[location["id"]]:
            patch = {
                "directions": [{"language": "en", "text": text}],
                "last_updated": self.platform.stamps.next(),
            }
            await self._patch(_PATCH_LOCATION, {"location_id": location["id"]}, patch)

    async def _move(self) -> None:
        location_id = self.draw.choice(self.locations.all())["id"]
        async with self._locks[location_id]:
            stamp = self.platform.stamps.next()
            location = self.location(location_id)
            evse = {
                **self.draw.choice(location["evses"]),
                "floor_level": self.draw.choice(_LEVELS),
                "last_updated": stamp,
            }
            self.locations.put(with_evse(location, evse))
            params = {"location_id": location_id, "evse_uid": evse["uid"]}
            await self._tell(_PUT_EVSE, params, evse)

    async def _rate_anew(self) -> None:
        location = self.draw.choice(self.locations.all())
        evse = self.draw.choice(location["evses"])
        async with self._locks[location["id"]]:
            patch = {
                "max_electric_power": self.draw.choice(_POWERS),
                "last_updated": self.platform.stamps.next(),
            }
            connector_id = evse["connectors"][0]["id"]
            params = {
                "location_id": location["id"],
                "evse_uid": evse["uid"],
                "connector_id": connector_id,
            }
            await self._patch(_PATCH_CONNECTOR, params, patch)

    async def _reprice(self) -> None:
        tariff = self.draw.choice(self.tariffs.all())
        (element,) = tariff["elements"]
        first, *rest = element["price_components"]
        dearer = {**first, "price": first["price"] + _RAISE}
        changed = {
            **tariff,
            "elements": [{"price_components": [dearer, *rest]}],
            "last_updated": self.platform.stamps.next(),
        }
        self.tariffs.put(changed)
        await self._put_tariff(changed)

    async def _offer(self) -> None:
        """A tariff that comes and goes."""
        party = self.platform.party
        offered = next((t for t in self.tariffs.all() if t["id"] == _OFFER), None)
        if offered is not None:
            self.tariffs.remove(party, _OFFER)
            await self._tell(_DELETE_TARIFF, {"tariff_id": _OFFER}, None)
            return
        stamp = self.platform.stamps.next()
        tariff = {**self.tariffs.all()[0], "id": _OFFER, "last_updated": stamp}
        self.tariffs.put(tariff)
        await self._put_tariff(tariff)

    # --- telling -------------------------------------------------------------------------------

    async def _patch(self, row: Operation, params: Mapping[str, str], patch: Document) -> None:
        location = self.location(params["location_id"])
        self.locations.put(patched_location(location, params, patch))
        await self._tell(row, params, patch)

    async def _put_tariff(self, tariff: Document) -> None:
        await self._tell(_PUT_TARIFF, {"tariff_id": tariff["id"]}, tariff)

    async def _tell(self, row: Operation, params: Mapping[str, str], body: Document | None) -> None:
        async with self._slots:
            await self.platform.broadcast(row, params, body=body)
