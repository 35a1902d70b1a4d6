"""A hub with a CPO adapter and an eMSP adapter, as processes that many tests share.

Each test has drivers of its own; stations connect one test after the other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.chargers import Charger, Charger201
from tests.cpo_adapter.offering import evse, location
from tests.cpo_adapter.running import PLUGS
from tests.e2e.conftest import HubProcess
from tests.e2e.cpo.process import CpoProcess
from tests.e2e.emsp.process import LOC1, App, Document, EmspProcess
from tests.parties import json_bytes
from tests.partners import eventually

_EVERYTHING = [
    "CHARGING_PREFERENCES_CAPABLE",
    "CHARGING_PROFILE_CAPABLE",
    "REMOTE_START_STOP_CAPABLE",
    "RESERVABLE",
    "RFID_READER",
    "UNLOCK_CAPABLE",
]
_TRANSACTIONS_OF_A_TEST = 100


@dataclass
class World:
    """Everybody, registered at the hub."""

    hub: HubProcess
    cpo: CpoProcess
    emsp: EmspProcess
    _numbers: Any = field(default_factory=lambda: count(1))

    async def offer(self, folder: Path) -> None:
        """The operator says that EVSE1 can do everything."""
        able = evse("EVSE1") | {"capabilities": _EVERYTHING}
        others = [evse(uid) for plugs in PLUGS.values() for uid in plugs if uid != "EVSE1"]
        file = folder / "location.json"
        file.write_bytes(json_bytes(location() | {"evses": [able, *others]}))
        await self.cpo.run("location", "import", file)

    def new_email(self) -> str:
        """Of a driver whom no other test knows."""
        return f"driver{next(self._numbers)}@drivers.example"

    def new_card(self) -> str:
        """The uid of a card that nobody has yet."""
        return f"04A1B2C3D4{next(self._numbers):04X}"

    async def driver(self) -> App:
        """A new driver with an app, who sees the chargers of NL/CPO."""
        app = await self.emsp.driver(self.new_email())
        await app.until("/locations?text=Station", lambda listed: _has(listed, LOC1))
        return app

    @asynccontextmanager
    async def station(self, app: App, version: str = "1.6") -> AsyncIterator[Charger]:
        """CS1, once the driver sees that EVSE1 is free."""
        async with self.cpo.station(version=version) as found:
            if isinstance(found, Charger201):
                found.transactions = next(self._numbers) * _TRANSACTIONS_OF_A_TEST
            await app.until(f"/locations/{LOC1}", lambda seen: status_of(seen) == "AVAILABLE")
            yield found

    async def verdict(self, session_id: str | None) -> str:
        """What the hub's clearing says of the CDR of a session, once it is priced."""
        found: list[str] = []

        async def priced() -> bool:
            listed = await self.hub.run("cdr", "list")
            found[:] = [
                each["verdict"]
                for each in listed
                if each["session_id"] == session_id and each["verdict"]
            ]
            return bool(found)

        await eventually(priced)
        (one,) = found
        return one

    async def cdr_of(self, charge: Document) -> Document:
        """The CDR by which a charge is billed, as the eMSP adapter has it."""
        (found,) = [each for each in await self.emsp.cdrs() if each["charge_id"] == charge["id"]]
        return found


def status_of(location: Document, uid: str = "EVSE1") -> str:
    """The status of an EVSE as the driver sees it."""
    return next(str(each["status"]) for each in location["evses"] if each["uid"] == uid)


def _has(listed: Document, location_id: str) -> bool:
    return any(each["id"] == location_id for each in listed["locations"])
