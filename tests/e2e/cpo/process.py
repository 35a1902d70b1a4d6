"""The CPO adapter as a process of its own, driven by its commands; it can be killed and restarted.

LOC1 has EVSE1 and EVSE2 at station CS1, and EVSE3 at CS2, as in tests/cpo_adapter/running.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chargers import OPEN, Access, Charger, charger
from tests.cpo_adapter.commands import CpoCommands
from tests.cpo_adapter.offering import evse, location
from tests.cpo_adapter.running import ABLE, PER_KWH, PLUGS, Emsp
from tests.e2e import process
from tests.e2e.process import ServiceProcess, run
from tests.hub.commands import Commands
from tests.parties import RecordingParty, json_bytes
from tests.serving import free_port, serving

QUICK = process.QUICK | {
    "AUTHORIZE_TIMEOUT": "2",
    "CALL_TIMEOUT": "5",
    "COMMAND_TIMEOUT": "5",
    "STATUS_SETTLE": "0.1",
    "SESSION_INTERVAL": "0.1",
    "BILLING_GRACE": "0.3",
}


@dataclass
class CpoProcess(ServiceProcess):
    """A running `cpo-adapter`."""

    @property
    def stations_url(self) -> str:
        """Where stations connect."""
        return f"{self.url.replace('http', 'ws', 1)}/ocpp"

    async def add_station(self, station_id: str, *plugs: str, profile: int = 0) -> str | None:
        """A station that is known; its key, where it needs one."""
        return await add_station(self.commands, station_id, *plugs, profile=profile)

    async def sessions(self, *words: str) -> list[dict[str, Any]]:
        """What `session list` knows, the newest first."""
        found: list[dict[str, Any]] = await self.run("session", "list", *words)
        return found

    @asynccontextmanager
    async def station(
        self, station_id: str = "CS1", *, version: str = "1.6", access: Access = OPEN
    ) -> AsyncIterator[Charger]:
        """A station that has booted and is free."""
        async with self.connected(station_id, version=version, access=access) as found:
            await found.boot()
            for number, _ in enumerate(PLUGS[station_id], start=1):
                await found.status("Available", connector=number)
            yield found

    @asynccontextmanager
    async def connected(
        self, station_id: str = "CS1", *, version: str = "1.6", access: Access = OPEN
    ) -> AsyncIterator[Charger]:
        """A station that says nothing before the test does."""
        async with charger(self.stations_url, station_id, version=version, access=access) as found:
            found.answers |= ABLE[version]
            yield found


def cpo_process(given: Mapping[str, str], *, command: str = "serve") -> CpoProcess:
    """The adapter on a port of 127.0.0.1, not started."""
    commands = CpoCommands(QUICK | dict(given))
    return CpoProcess(f"http://127.0.0.1:{given['PORT']}", commands, command)


async def offer(commands: Commands, folder: Path) -> None:
    """The Location, its Tariff, and its stations, which need no key; files go to the folder."""
    evses = [evse(uid) for plugs in PLUGS.values() for uid in plugs]
    offers = {"tariff": PER_KWH | {"id": "TARIFF1"}, "location": location() | {"evses": evses}}
    for kind, document in offers.items():
        path = folder / f"{kind}.json"
        path.write_bytes(json_bytes(document))
        await run(commands, kind, "import", path)
    for station_id, plugs in PLUGS.items():
        await add_station(commands, station_id, *plugs)


async def add_station(
    commands: Commands, station_id: str, *plugs: str, profile: int = 0
) -> str | None:
    """A station that is known; its key, where it needs one."""
    mapped = [word for plug in plugs for word in ("--evse", plug)]
    words = ("station", "add", station_id, "--security-profile", str(profile), *mapped)
    key: str | None = (await run(commands, *words))["key"]
    return key


@asynccontextmanager
async def emsp_of(
    cpo: CpoProcess, name: str = "emsp", roles: str = "DE/EMS/EMSP"
) -> AsyncIterator[Emsp]:
    """An eMSP on a real socket, which has registered at the adapter by its invitation."""
    port = free_port()
    party = RecordingParty(url=f"http://127.0.0.1:{port}", roles=[roles])
    async with serving(party, port):
        try:
            invitation = await cpo.run("invite", name)
            answer = await party.register(invitation["versions_url"], invitation["token"])
            assert answer.json()["status_code"] == 1000, answer.text
            yield Emsp(party)
        finally:
            party.released.set()
