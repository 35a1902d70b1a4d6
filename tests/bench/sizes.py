"""A PATCH in a large Location against one in a small: its cost, and its way to an eMSP."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import cast

import httpx
from httpx_aiohttp import AiohttpTransport

from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.types import format_datetime
from tests.bench import wrk
from tests.bench.figures import Figure, compare
from tests.bench.sink import answer_to
from tests.bench.stage import (
    CPO,
    EMSP,
    HUB,
    STATUSES,
    Locations,
    Stage,
    endpoints,
    request_headers,
    stage,
)

_LARGE = Locations(first=0, count=10, evses=200)
_SMALL = Locations(first=1_000, count=1_000, evses=2)
# Others for the way to the eMSP: their stamps are finer than those of the load.
_LARGE_TOO = replace(_LARGE, first=5_000)
_SMALL_TOO = replace(_SMALL, first=6_000)
_SECONDS = 1
_PATCHES = 100
_WAIT_SECONDS = 10.0
_COST_GOAL, _WAY_GOAL = 1.3, 1.5


class _Receiver(asyncio.Protocol):
    """An eMSP that notes when each path was PATCHed."""

    def __init__(self, arrivals: dict[bytes, asyncio.Future[float]]) -> None:
        self._arrivals = arrivals

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1].rpartition(b"/")[2]
        waiting = self._arrivals.pop(path, None)
        if waiting is not None:
            waiting.set_result(time.perf_counter())
        self._transport.write(answer_to(data))


@dataclass(slots=True)
class Sizes:
    """A hub with an eMSP that is told everything, and a CPO's client."""

    stage: Stage
    url: str
    client: httpx.AsyncClient
    arrivals: dict[bytes, asyncio.Future[float]]
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    async def cost(self, locations: Locations) -> float:
        """Milliseconds that a PATCH takes at one connection."""
        rate = await wrk.rate(
            self.url,
            "status.lua",
            locations.first,
            locations.count,
            locations.evses,
            connections=1,
            seconds=_SECONDS,
            headers=request_headers(CPO, HUB),
        )
        return 1000 / rate

    async def way(self, locations: Locations) -> float:
        """Milliseconds from a PATCH sent to the PATCH received by the eMSP."""
        return median([await self._one(locations) for _ in range(_PATCHES)]) * 1000

    async def _one(self, locations: Locations) -> float:
        turn = next(self._turn)
        location = f"LOC{locations.first + turn % locations.count}"
        evse = f"{location}-{turn % locations.evses + 1}"
        arrived = asyncio.get_running_loop().create_future()
        self.arrivals[evse.encode()] = arrived
        stamp = format_datetime(datetime.now(UTC))
        sent = time.perf_counter()
        answer = await self.client.patch(
            f"{self.url}/ocpi/receiver/2.2.1/locations/NL/CPO/{location}/{evse}",
            content=f'{{"status":"{STATUSES[turn % len(STATUSES)]}","last_updated":"{stamp}"}}',
            headers=request_headers(CPO, HUB),
        )
        answer.raise_for_status()
        async with asyncio.timeout(_WAIT_SECONDS):
            return float(await arrived) - sent


async def bench(postgres_url: str) -> list[Figure]:
    """The cost, and the time until an eMSP has it."""
    async with _sizes(postgres_url) as sizes:
        figures = [
            await _compare("PATCH", sizes.cost, _LARGE, _SMALL, goal=_COST_GOAL),
            await _compare(
                "PATCH to PATCH received", sizes.way, _LARGE_TOO, _SMALL_TOO, goal=_WAY_GOAL
            ),
        ]
        await sizes.stage.check_answers()
        return figures


async def _compare(
    what: str,
    measure: Callable[[Locations], Awaitable[float]],
    large: Locations,
    small: Locations,
    *,
    goal: float,
) -> Figure:
    for warm_up in (large, small):
        await measure(warm_up)
    return await compare(
        f"{what} in {large.evses} EVSEs against {small.evses}",
        partial(measure, large),
        partial(measure, small),
        unit="ms",
        goal=goal,
        floor=False,
    )


@asynccontextmanager
async def _sizes(postgres_url: str) -> AsyncIterator[Sizes]:
    arrivals: dict[bytes, asyncio.Future[float]] = {}
    server = await asyncio.get_running_loop().create_server(
        lambda: _Receiver(arrivals), "127.0.0.1", 0
    )
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with (
        server,
        stage(postgres_url, "bench_sizes") as own,
        httpx.AsyncClient(transport=AiohttpTransport()) as client,
    ):
        for locations in (_LARGE, _SMALL, _LARGE_TOO, _SMALL_TOO):
            await own.seed(locations)
        await own.enrol(CPO, Role.CPO, endpoints(url, "commands", side=Interface.RECEIVER))
        await own.enrol(EMSP, Role.EMSP, endpoints(url, "locations", side=Interface.RECEIVER))
        async with own.hub() as hub:
            yield Sizes(own, hub.url, client, arrivals)
