"""The processes of the demo: the hub, the CPO adapter with its stations, the eMSP adapter with its
driver, and the sandbox eMSP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ocpi_hub.demo import cards, cpo, emsp, provider
from ocpi_hub.demo.cpo import CPO, ChargePointOperator
from ocpi_hub.demo.neighbour import Neighbour
from ocpi_hub.demo.park import QUIET, QUIET_EVSE_UID, STATIONS
from ocpi_hub.demo.processes import Child, DemoError, free_port, output_of, together
from ocpi_hub.demo.provider import MobilityProvider
from ocpi_hub.demo.stations import Stations
from ocpi_hub.demo.tally import Phase
from ocpi_hub.demo.view import Addresses
from ocpi_hub.service.transport import Transport

_HUB_PORT: Final = 8000
_CPO_PORT: Final = 8010
_EMSP_PORT: Final = 8020
_SANDBOX_PORT: Final = 8030

_PUSH_SECONDS: Final = 120.0
_ONLINE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2

# A demo has seconds where an operator has minutes.
_CPO_SETTINGS: Final = {
    "CPO_COUNTRY_CODE": CPO.country_code,
    "CPO_PARTY_ID": CPO.party_id,
    "CPO_NAME": cpo.NAME,
    "CPO_ALLOW_PRIVATE_NETWORKS": "true",
    "CPO_STATUS_SETTLE": "0.3",
    "CPO_SESSION_INTERVAL": "2",
    "CPO_BILLING_GRACE": "2",
    "CPO_START_WINDOW": "20",
}
_EMSP_SETTINGS: Final = {
    "EMSP_COUNTRY_CODE": provider.EMSP.country_code,
    "EMSP_PARTY_ID": provider.EMSP.party_id,
    "EMSP_NAME": provider.NAME,
    # So that a receipt looks as it would; the VAT number is nobody's.
    "EMSP_COMPANY": f"{provider.NAME} B.V.",
    "EMSP_COMPANY_ADDRESS": "Esdoornlaan 1;1000 AA Amsterdam;Netherlands",
    "EMSP_VAT_ID": "NL000000000B00",
    "EMSP_VAT_RATE": "21",
    "EMSP_ALLOW_PRIVATE_NETWORKS": "true",
}


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
        hub = await self.start("hub", "ocpi_hub", "up", "--port", str(port))
        return await self._ready(hub, port, "/readyz")

    async def start_cpo(self) -> Neighbour:
        """A CPO adapter on a database of its own, ready."""
        port = free_port(_CPO_PORT)
        adapter = await self.start("CPO adapter", "cpo_adapter", "up", "--port", str(port))
        return await self._ready(adapter, port, "/readyz")

    async def start_emsp(self) -> Neighbour:
        """An eMSP adapter on a database of its own, ready."""
        port = free_port(_EMSP_PORT)
        adapter = await self.start("eMSP adapter", "emsp_adapter", "up", "--port", str(port))
        return await self._ready(adapter, port, "/readyz")

    async def start_sandbox(self, hub: Neighbour) -> Neighbour:
        """The sandbox eMSP with an invitation to the hub, listening."""
        token = await self.invitation(emsp.IDENTITY.name, f"{emsp.IDENTITY.party}/EMSP")
        port = free_port(_SANDBOX_PORT)
        where = ("--port", str(port), "--versions-url", versions_url(hub))
        left = ("--avoid", QUIET.id)
        child = await self.start("sandbox eMSP", emsp.PROGRAM, *where, *left, given=f"{token}\n")
        return await self._ready(child, port, "/status")

    async def invitation(self, name: str, party: str) -> str:
        """A token A of the hub."""
        found = await self.output("ocpi_hub", "partner", "invite", name, "--party", party)
        return str(found["token"])

    async def output(self, *arguments: str, given: str = "") -> Any:
        """What a command of the hub or the adapter says as JSON."""
        return await output_of((*arguments, "--json"), environment=self._environment, given=given)

    async def start(self, name: str, *arguments: str, given: str = "") -> Child:
        """A process, which is stopped with the stage."""
        child = await Child.start(
            f"the {name}",
            arguments,
            environment=self._environment,
            log=self.logs / f"{name.replace(' ', '-')}.log",
            given=given,
        )
        self.children.append(child)
        return child

    async def stop(self, *children: Child) -> None:
        """Stops these processes, the last one first; without any, all that are left."""
        for child in reversed(children or tuple(self.children)):
            wrong = await child.stop()
            if wrong is not None and wrong not in self.endings:
                self.endings.append(wrong)

    def error_lines(self) -> list[str]:
        """What went wrong, by the logs and by how the processes ended."""
        logged = [line for child in self.children for line in child.error_lines()]
        return [*logged, *self.endings]

    async def _ready(self, child: Child, port: int, path: str) -> Neighbour:
        found = Neighbour(child, f"http://127.0.0.1:{port}", self.transport)
        await found.ready(path)
        return found

    @property
    def _environment(self) -> Mapping[str, str]:
        """Nothing of a real hub's or adapter's settings: the demo has databases of its own."""
        others = ("OCPI_", "CPO_", "EMSP_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        return {
            **kept,
            "OCPI_HUB_DATA_DIR": str(self.data_dir / "hub"),
            "OCPI_HUB_ALLOW_PRIVATE_NETWORKS": "true",
            "CPO_DATA_DIR": str(self.data_dir / "cpo"),
            **_CPO_SETTINGS,
            "EMSP_DATA_DIR": str(self.data_dir / "emsp"),
            **_EMSP_SETTINGS,
        }


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, ready."""

    stage: Stage
    hub: Neighbour
    operator: ChargePointOperator
    provider: MobilityProvider
    emsp: Neighbour
    simulator: Child
    stations: Stations

    async def everybody_there(self) -> None:
        """Waits until the eMSP is at work and every station is connected."""
        await self.emsp.reach(Phase.RUNNING, within=_PUSH_SECONDS)
        try:
            async with asyncio.timeout(_ONLINE_SECONDS):
                while self.stations.online < len(STATIONS):
                    self.look()
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise DemoError(
                f"{self.stations.online} of {len(STATIONS)} stations are online after "
                f"{_ONLINE_SECONDS:g} s"
            ) from None

    async def addresses(self) -> Addresses:
        """Where everybody is, and where somebody without an account may begin."""
        return Addresses(
            hub=self.hub.url,
            cpo=self.operator.adapter.url,
            emsp=self.provider.adapter.url,
            sandbox=self.emsp.url,
            guest=await self.provider.sticker(
                f"{CPO.country_code}*{CPO.party_id}*{QUIET.id}", QUIET_EVSE_UID
            ),
        )

    def look(self) -> None:
        """Reads what the stations have done; DemoError when they have ended by themselves."""
        self.simulator.require_running()
        self.stations.read()

    async def finish(self) -> None:
        """Brings everything to its end: drivers with the app first, then the stations."""
        await self.emsp.finish()
        await self.stage.stop(self.simulator)
        self.stations.read()


def versions_url(neighbour: Neighbour) -> str:
    """Where partners of the hub or the adapter start."""
    return f"{neighbour.url}/ocpi/versions"


@asynccontextmanager
async def standing(stage: Stage, *, speed: int) -> AsyncIterator[Cast]:
    """Everybody for the time of the block; the days of the stations pass `speed` times faster."""
    try:
        hub, cpo_adapter, emsp_adapter = await together(
            stage.start_hub(), stage.start_cpo(), stage.start_emsp()
        )
        registering = asyncio.create_task(stage.start_sandbox(hub))
        try:
            operator = await _operator(stage, hub, cpo_adapter)
            mobility = await _provider(stage, hub, emsp_adapter)
            simulation = operator.simulation(stage.data_dir, cards.shown_cards(), speed=speed)
            simulator = await stage.start("stations", *simulation)
            sandbox = await registering
        finally:
            registering.cancel()
            await asyncio.gather(registering, return_exceptions=True)
        stations = Stations(simulator.log)
        yield Cast(stage, hub, operator, mobility, sandbox, simulator, stations)
    finally:
        await stage.stop()


async def _operator(stage: Stage, hub: Neighbour, adapter: Neighbour) -> ChargePointOperator:
    """The operator, whose adapter has everything and is registered at the hub."""
    operator = await ChargePointOperator(adapter, stage.output).with_token()
    await operator.furnish()
    await operator.connect(versions_url(hub), await stage.invitation(cpo.NAME, f"{CPO}/CPO"))
    return operator


async def _provider(stage: Stage, hub: Neighbour, adapter: Neighbour) -> MobilityProvider:
    """The provider, whose adapter is registered at the hub, with its driver."""
    found = MobilityProvider(adapter, stage.output)
    token = await stage.invitation(provider.NAME, f"{provider.EMSP}/EMSP")
    await found.connect(versions_url(hub), token)
    return await found.with_driver()
