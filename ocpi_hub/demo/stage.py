"""The three processes of the demo: the hub, and two sandbox platforms that register with it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ocpi_hub.demo import cpo, emsp
from ocpi_hub.demo.compare import Books, Row, compare_books, compare_presence, compare_tallies
from ocpi_hub.demo.desk import Identity
from ocpi_hub.demo.neighbour import Neighbour
from ocpi_hub.demo.processes import Child, free_port, output_of
from ocpi_hub.service.transport import Transport

_MODULES: Final = ("locations", "tariffs", "tokens", "sessions", "cdrs")
_HUB_PORT: Final = 8000
_CPO_PORT: Final = 8010
_EMSP_PORT: Final = 8020


@dataclass(slots=True)
class Stage:
    """Where everything of a demo is: its folders, and its processes as they start."""

    data_dir: Path
    logs: Path
    transport: Transport
    children: list[Child] = field(default_factory=list)
    # What was wrong with how processes ended.
    endings: list[str] = field(default_factory=list)

    async def start_hub(self) -> Neighbour:
        """A hub on a database of its own, ready."""
        port = free_port(_HUB_PORT)
        arguments = ("ocpi_hub", "up", "--port", str(port))
        hub = await self._start("the hub", arguments, port=port)
        await hub.ready("/readyz")
        return hub

    async def start_platform(
        self, identity: Identity, program: str, hub: Neighbour, *, wanted_port: int
    ) -> Neighbour:
        """A sandbox platform with an invitation to the hub, listening."""
        party = f"{identity.party}/{identity.role}"
        invite = ("ocpi_hub", "partner", "invite", identity.name, "--party", party, "--json")
        invitation = await output_of(invite, environment=self._environment)
        port = free_port(wanted_port)
        arguments = (program, "--port", str(port), "--versions-url", f"{hub.url}/ocpi/versions")
        token = f"{invitation['token']}\n"
        platform = await self._start(identity.name, arguments, port=port, given=token)
        await platform.ready("/status")
        return platform

    async def stop(self) -> None:
        """Stops every process, the last one first."""
        for child in reversed(self.children):
            wrong = await child.stop()
            if wrong is not None:
                self.endings.append(wrong)

    def error_lines(self) -> list[str]:
        """What went wrong, by the logs and by how the processes ended."""
        logged = [line for child in self.children for line in child.error_lines()]
        return [*logged, *self.endings]

    async def _start(
        self, name: str, arguments: tuple[str, ...], *, port: int, given: str = ""
    ) -> Neighbour:
        log = self.logs / f"{arguments[0]}.log"
        child = await Child.start(
            name, arguments, environment=self._environment, log=log, given=given
        )
        self.children.append(child)
        return Neighbour(child, f"http://127.0.0.1:{port}", self.transport)

    @property
    def _environment(self) -> Mapping[str, str]:
        """Nothing of a real hub's settings: the demo has a database of its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OCPI_")}
        return kept | {
            "OCPI_HUB_DATA_DIR": str(self.data_dir),
            "OCPI_HUB_ALLOW_PRIVATE_NETWORKS": "true",
        }


@dataclass(frozen=True, slots=True)
class Cast:
    """The three, ready."""

    hub: Neighbour
    cpo: Neighbour
    emsp: Neighbour

    async def compare(self) -> list[Row]:
        """What the three hold and have counted, compared."""
        rows = [compare_books(await self._books(module)) for module in _MODULES]
        seen = [await side.get("/hub/hubclientinfo") for side in (self.cpo, self.emsp)]
        tallies = compare_tallies(await self.cpo.told(), await self.emsp.told())
        return [*rows, compare_presence(*seen), *tallies]

    async def _books(self, module: str) -> Books:
        """The hub's side is what it serves to whoever may list the module."""
        reader = self.cpo if module == "tokens" else self.emsp
        return Books(
            module,
            cpo=await self.cpo.get(f"/books/{module}"),
            hub=await reader.get(f"/hub/{module}"),
            emsp=await self.emsp.get(f"/books/{module}"),
        )


@asynccontextmanager
async def standing(stage: Stage) -> AsyncIterator[Cast]:
    """The hub and both platforms for the time of the block."""
    try:
        hub = await stage.start_hub()
        charging = await stage.start_platform(cpo.IDENTITY, cpo.PROGRAM, hub, wanted_port=_CPO_PORT)
        mobility = await stage.start_platform(
            emsp.IDENTITY, emsp.PROGRAM, hub, wanted_port=_EMSP_PORT
        )
        yield Cast(hub, charging, mobility)
    finally:
        await stage.stop()
