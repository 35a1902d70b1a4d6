"""Stations: MeterValues per CPU-second against a bare echo, memory of idle ones, and a storm.

The first two are without a database: sockets, frames, schemas and the reading of meter values.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from websockets.asyncio.client import ClientConnection

from tests.bench import children, metering, storm
from tests.bench.children import Child
from tests.bench.figures import Figure, compare, limited
from tests.bench.site import site
from tests.bench.stations import BOOT, asked, call, meter_values, opened

_SOCKETS = 200
# Every station sends so many, one right after the other or so many seconds apart.
_MESSAGES = 40
_PAUSE = 0.05
_ROUNDS = {0.0: 5, _PAUSE: 3}
_LOADS = {0.0: "one after the other", _PAUSE: "at the same pace"}
_IDLE = 2_000
_AT_ONCE = 50
_RATE_GOAL = 1 / 3
_IDLE_KB_GOAL = 25.0

_VALUES = meter_values(77, 1_284_310, "2026-03-01T12:00:00Z")


async def bench(postgres_url: str) -> list[Figure]:
    """The rates and the memory of both fronts, and the whole adapter with its database."""
    figures = [*await _rates(), *[await _memory(kind) for kind in ("shared", "own")]]
    async with site(postgres_url, "bench_metering", count=metering.STATIONS) as charging:
        figures += await metering.bench(charging)
    async with site(postgres_url, "bench_storm", count=storm.STATIONS) as stormy:
        figures += await storm.bench(stormy)
    return figures


async def _rates() -> list[Figure]:
    figures = []
    async with AsyncExitStack() as stack:
        echo = await stack.enter_async_context(_central("echo"))
        for kind in ("shared", "own"):
            ours = await stack.enter_async_context(_central(kind))
            await _rate(ours, 0.0)
            figures += [
                await compare(
                    f"MeterValues on the {kind} port, {_LOADS[pause]}",
                    partial(_rate, ours, pause),
                    partial(_rate, echo, pause),
                    unit="per CPU-second",
                    # Without pauses nobody sleeps: what is compared is work alone.
                    goal=None if pause else _RATE_GOAL,
                    rounds=rounds,
                )
                for pause, rounds in _ROUNDS.items()
            ]
    return figures


@asynccontextmanager
async def _central(kind: str) -> AsyncIterator[Child]:
    async with children.running("tests.bench.central", kind) as child:
        yield child


async def _rate(child: Child, pause: float) -> float:
    """Messages answered per CPU-second of the server."""
    async with AsyncExitStack() as stack:
        stations = [
            await stack.enter_async_context(opened(child.url, f"CP{number}"))
            for number in range(_SOCKETS)
        ]
        before, start = child.cpu_seconds(), time.monotonic()
        turns = (
            _talk(station, start + number * pause / _SOCKETS, pause)
            for number, station in enumerate(stations)
        )
        await asyncio.gather(*turns)
        return _SOCKETS * _MESSAGES / (child.cpu_seconds() - before)


async def _talk(station: ClientConnection, start: float, pause: float) -> None:
    for turn in range(_MESSAGES):
        if pause:
            await asyncio.sleep(start + turn * pause - time.monotonic())
        # The echo says the same again: nothing is read of the answer.
        await station.send(call(str(turn), "MeterValues", _VALUES))
        await station.recv()


async def _memory(kind: str) -> Figure:
    """Kilobytes of the server for each station that has booted and says nothing more."""
    async with AsyncExitStack() as stack:
        child = await stack.enter_async_context(_central(kind))
        # The first ones bring what is loaded once.
        for number in range(_AT_ONCE):
            await stack.enter_async_context(await _booted(child, number))
        before = child.resident_kb()
        for first in range(_AT_ONCE, _AT_ONCE + _IDLE, _AT_ONCE):
            several = (_booted(child, number) for number in range(first, first + _AT_ONCE))
            for station in await asyncio.gather(*several):
                await stack.enter_async_context(station)
        each = (child.resident_kb() - before) / _IDLE
    return limited(f"idle station on the {kind} port", each, _IDLE_KB_GOAL, "kB")


async def _booted(child: Child, number: int) -> ClientConnection:
    station = await opened(child.url, f"CP{number}")
    await asked(station, call("boot", "BootNotification", BOOT))
    return station
