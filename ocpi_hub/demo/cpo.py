"""The operator of the demo's chargers, who works with the CPO adapter's API and commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ocpi_hub.demo import park
from ocpi_hub.demo.neighbour import Neighbour
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.party import Party

Document = dict[str, Any]

CPO: Final = Party("NL", "ELM")
NAME: Final = "Elm Charging"

_ADAPTER: Final = "cpo_adapter"
_API: Final = "/operator/v1"
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class ChargePointOperator:
    """`adapter` is asked over HTTP; `output` gives what a command says."""

    adapter: Neighbour
    output: Callable[..., Awaitable[Any]]

    async def with_token(self) -> ChargePointOperator:
        """The operator with a token for the API."""
        found = await self.output(_ADAPTER, "operator", "token", "--role", "admin")
        return replace(self, adapter=replace(self.adapter, bearer=found["token"]))

    async def furnish(self) -> None:
        """Tells the adapter of every tariff, location and station."""
        await self.adapter.post(f"{_API}/tariffs", park.tariffs(CPO))
        await self.adapter.post(f"{_API}/locations", park.locations(CPO))
        for station in park.STATIONS:
            plugs = [{"evse_uid": uid} for uid in station.evse_uids]
            added = {"id": station.id, "key": station.key, "plugs": plugs}
            await self.adapter.post(f"{_API}/stations", added)

    async def connect(self, versions_url: str, token: str) -> None:
        """Registers at the hub."""
        words = ("connect", "--name", "hub", "--versions-url", versions_url, "--token", "-")
        await self.output(_ADAPTER, *words, given=f"{token}\n")

    async def sessions(self) -> list[Document]:
        """Every session with the energy that was metered and how it is billed, to the last page."""
        path = f"{_API}/sessions?limit={_PAGE}"
        page: list[Document] = await self.adapter.get(path)
        found = [*page]
        while len(page) == _PAGE:
            page = await self.adapter.get(f"{path}&after={page[-1]['id']}")
            found += page
        return found

    async def behind_the_hub(self) -> list[Document]:
        """Who is behind the hub, as the adapter knows it."""
        peers = await self.output(_ADAPTER, "peer", "list")
        return [client for peer in peers for client in peer["clients"]]

    def simulation(self, folder: Path, cards: Sequence[str], *, speed: int) -> list[str]:
        """The command that runs the stations, with drivers who have these cards; `folder` is for
        the file it reads."""
        scenario = folder / "scenario.json"
        scenario.write_bytes(dumps(park.scenario()))
        stations_url = f"{self.adapter.url.replace('http', 'ws', 1)}/ocpp"
        words = [_ADAPTER, "simulate", "--scenario", str(scenario), "--url", stations_url]
        words += ["--speed", str(speed), "--json"]
        return [*words, *(word for card in cards for word in ("--card", card))]
