"""What a partner waits for: status PATCHes, relayed calls, and pages of GET All, under load."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from tests.bench import children, wrk
from tests.bench.children import Child
from tests.bench.figures import Figure, compare
from tests.bench.stage import (
    CPO,
    EMSP,
    HUB,
    Locations,
    Stage,
    endpoints,
    request_headers,
    stage,
)

_CONNECTIONS = (1, 32, 128)
_SECONDS = 1
_WARM_SECONDS = 2
_LOCATIONS = Locations(first=0, count=5_000, evses=2)
_KEYS = _LOCATIONS.count * _LOCATIONS.evses
_PAGE = 50
_PATCH_GOALS = {1: 0.8, 128: 1.5}
_RELAY_GOAL = 0.6
_PAGES_GOAL = 0.5


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of one kind: a script of wrk, its arguments, who sends them, and to whom."""

    name: str
    script: str
    arguments: tuple[int, ...]
    sender: Party
    receiver: Party
    unit: str = "requests/s"

    async def rate(self, url: str, connections: int, seconds: int = _SECONDS) -> float:
        """Requests per second."""
        return await wrk.rate(
            url,
            self.script,
            *self.arguments,
            connections=connections,
            seconds=seconds,
            headers=request_headers(self.sender, self.receiver),
        )


_PATCHES = Load(
    "PATCH of an EVSE's status",
    "status.lua",
    (_LOCATIONS.first, _LOCATIONS.count, _LOCATIONS.evses),
    CPO,
    HUB,
)
_CALLS = Load("direct relay", "authorize.lua", (_KEYS,), CPO, EMSP)
_PAGES = Load(f"pages of {_PAGE} Locations", "pages.lua", (_LOCATIONS.count, _PAGE), EMSP, HUB)


@dataclass(frozen=True, slots=True)
class Rivals:
    """The hub and the bare server, each on its own copy of the same tables."""

    stage: Stage
    hub: Child
    bare: Child

    async def compare(self, load: Load, *, goals: dict[int, float]) -> list[Figure]:
        """A figure for each number of connections."""
        for url in (self.hub.url, self.bare.url):
            await load.rate(url, max(_CONNECTIONS), _WARM_SECONDS)
        figures = [
            await compare(
                f"{load.name}, {connections} connection{'s' if connections > 1 else ''}",
                partial(load.rate, self.hub.url, connections),
                partial(load.rate, self.bare.url, connections),
                unit=load.unit,
                goal=goals.get(connections),
            )
            for connections in _CONNECTIONS
        ]
        await self.stage.check_answers()
        return figures


async def bench(postgres_url: str) -> list[Figure]:
    """Every kind of request at 1, 32 and 128 connections."""
    async with _rivals(postgres_url) as rivals:
        return [
            *await rivals.compare(_PATCHES, goals=_PATCH_GOALS),
            *await rivals.compare(_CALLS, goals=dict.fromkeys(_CONNECTIONS, _RELAY_GOAL)),
            *await rivals.compare(_PAGES, goals=dict.fromkeys(_CONNECTIONS, _PAGES_GOAL)),
        ]


@asynccontextmanager
async def _rivals(postgres_url: str) -> AsyncIterator[Rivals]:
    async with (
        stage(postgres_url, "bench_hub") as ours,
        stage(postgres_url, "bench_bare") as theirs,
        children.running("tests.bench.sink") as sink,
    ):
        for each in (ours, theirs):
            await each.seed(_LOCATIONS)
        await ours.enrol(CPO, Role.CPO, endpoints(sink.url, "commands", side=Interface.RECEIVER))
        await ours.enrol(EMSP, Role.EMSP, endpoints(sink.url, "tokens", side=Interface.SENDER))
        async with (
            ours.hub() as hub,
            children.running("tests.bench.bare", theirs.url, sink.url) as bare,
        ):
            yield Rivals(ours, hub, bare)
