"""Stations: MeterValues handled per CPU-second against a bare echo, and memory of idle ones.

Without a database: what is measured is sockets, frames, schemas and the reading of meter values.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.bench import children
from tests.bench.children import Child
from tests.bench.figures import Figure, compare, say

_SOCKETS = 200
# Every station sends so many, so many seconds apart.
_MESSAGES = 40
_PAUSE = 0.05
_IDLE = 2_000
_AT_ONCE = 50
_RATE_GOAL = 1 / 3
_IDLE_KB_GOAL = 25.0

_BOOT = '[2,"b","BootNotification",{"chargePointVendor":"Example","chargePointModel":"Wallbox"}]'
_MEASURANDS = (
    ("Energy.Active.Import.Register", "Wh", "1284310"),
    ("Power.Active.Import", "W", "11042.5"),
    ("Current.Import", "A", "16.02"),
    ("Voltage", "V", "229.8"),
    ("SoC", "Percent", "54"),
    ("Temperature", "Celsius", "31.5"),
)
_SAMPLES = ",".join(
    f'{{"value":"{value}","measurand":"{measurand}","unit":"{unit}"}}'
    for measurand, unit, value in _MEASURANDS
)
_METER_VALUES = (
    '[2,"%d","MeterValues",{"connectorId":1,"transactionId":77,"meterValue":'
    f'[{{"timestamp":"2026-03-01T12:00:00Z","sampledValue":[{_SAMPLES}]}}]}}]'
)


async def bench(_: str) -> list[Figure]:
    """The rates and the memory of both fronts."""
    async with AsyncExitStack() as stack:
        echo = await stack.enter_async_context(_central("echo"))
        figures = []
        for kind in ("shared", "own"):
            ours = await stack.enter_async_context(_central(kind))
            await _rate(ours)
            figures.append(
                await compare(
                    f"MeterValues on the {kind} port against a bare echo",
                    partial(_rate, ours),
                    partial(_rate, echo),
                    unit="per CPU-second",
                    goal=_RATE_GOAL,
                )
            )
    figures += [await _memory(kind) for kind in ("shared", "own")]
    return figures


@asynccontextmanager
async def _central(kind: str) -> AsyncIterator[Child]:
    async with children.running("tests.bench.central", kind) as child:
        yield child


def _station(child: Child, number: int) -> connect:
    return connect(
        f"{child.url.replace('http', 'ws')}/ocpp/CP{number}",
        subprotocols=[Subprotocol("ocpp1.6")],
        compression=None,
        ping_interval=None,
        proxy=None,
    )


async def _rate(child: Child) -> float:
    """Messages answered per CPU-second of the server, at a load that both bear easily: one that is
    busy all the time writes to peers that are awake, which costs it much less."""
    async with AsyncExitStack() as stack:
        stations = [
            await stack.enter_async_context(_station(child, number)) for number in range(_SOCKETS)
        ]
        before, start = child.cpu_seconds(), time.monotonic()
        turns = (
            _talk(station, start + number * _PAUSE / _SOCKETS)
            for number, station in enumerate(stations)
        )
        await asyncio.gather(*turns)
        return _SOCKETS * _MESSAGES / (child.cpu_seconds() - before)


async def _talk(station: ClientConnection, start: float) -> None:
    for turn in range(_MESSAGES):
        await asyncio.sleep(start + turn * _PAUSE - time.monotonic())
        await station.send(_METER_VALUES % turn)
        await station.recv()


async def _memory(kind: str) -> Figure:
    """Kilobytes of the server for each station that has booted and says nothing more."""
    async with AsyncExitStack() as stack:
        child = await stack.enter_async_context(_central(kind))
        # The first ones bring what is loaded once.
        for number in range(_AT_ONCE):
            await stack.enter_async_context(await _booted(child, number))
        before = _resident_kb(child)
        for first in range(_AT_ONCE, _AT_ONCE + _IDLE, _AT_ONCE):
            several = (_booted(child, number) for number in range(first, first + _AT_ONCE))
            for station in await asyncio.gather(*several):
                await stack.enter_async_context(station)
        each = (_resident_kb(child) - before) / _IDLE
        say(f"  an idle station on the {kind} port: {each:.1f} kB")
    return Figure(
        f"idle station on the {kind} port against the limit",
        each,
        _IDLE_KB_GOAL,
        "kB",
        each / _IDLE_KB_GOAL,
        goal=1.0,
        floor=False,
    )


async def _booted(child: Child, number: int) -> ClientConnection:
    station = await _station(child, number)
    await station.send(_BOOT)
    await station.recv()
    return station


def _resident_kb(child: Child) -> int:
    status = Path(f"/proc/{child.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])
