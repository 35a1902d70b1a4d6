"""The CPO adapter as a process of its own, driven by its commands; it can be killed and restarted.

LOC1 has EVSE1 and EVSE2 at station CS1, and EVSE3 at CS2, as in tests/cpo_adapter/running.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

from tests.chargers import OPEN, Access, Charger, charger
from tests.cpo_adapter.commands import CpoCommands
from tests.cpo_adapter.offering import evse, location
from tests.cpo_adapter.running import ABLE, PER_KWH, PLUGS, Emsp
from tests.hub.commands import KEY
from tests.parties import RecordingParty, json_bytes
from tests.serving import free_port, serving

# Nobody in a test waits as long as a person or a car does.
QUICK = {
    "SECRET_KEY": KEY,
    "ALLOW_PRIVATE_NETWORKS": "true",
    "AUTHORIZE_TIMEOUT": "2",
    "FORWARD_TIMEOUT": "5",
    "CALL_TIMEOUT": "5",
    "COMMAND_TIMEOUT": "5",
    "STATUS_SETTLE": "0.1",
    "SESSION_INTERVAL": "0.1",
    "BILLING_GRACE": "0.3",
    "LOG_LEVEL": "error",
}


@dataclass
class CpoProcess:
    """A running `cpo-adapter`, by `serve` or `up`."""

    url: str
    commands: CpoCommands
    command: str = "serve"
    _process: Popen[str] | None = field(default=None, init=False)

    @property
    def stations_url(self) -> str:
        """Where stations connect."""
        return f"{self.url.replace('http', 'ws', 1)}/ocpp"

    async def start(self) -> None:
        """Until it listens."""
        self._process = process = self.commands.started(self.command)
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        assert line, f"it ended with {process.poll()}"
        assert json.loads(line).get("status") == "listening", line

    async def kill(self) -> None:
        """It ends at once, in the middle of whatever it does."""
        process, self._process = self._process, None
        assert process is not None
        process.kill()
        await asyncio.to_thread(process.communicate)

    async def stop(self) -> None:
        """It ends as it wants to."""
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(self.commands.stop, process)

    async def run(self, *words: str | Path) -> Any:
        """What a command, which has to succeed, says as JSON."""
        return await run(self.commands, *words)

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


async def offer(commands: CpoCommands, folder: Path) -> None:
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
    commands: CpoCommands, station_id: str, *plugs: str, profile: int = 0
) -> str | None:
    """A station that is known; its key, where it needs one."""
    mapped = [word for plug in plugs for word in ("--evse", plug)]
    words = ("station", "add", station_id, "--security-profile", str(profile), *mapped)
    key: str | None = (await run(commands, *words))["key"]
    return key


async def run(commands: CpoCommands, *words: str | Path) -> Any:
    """What a command, which has to succeed, says as JSON."""
    ran = await commands.aside(*words, "--json")
    assert ran.code == 0, ran.stderr
    return ran.json


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
