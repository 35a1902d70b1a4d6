"""MeterValues with everything behind them: the adapter and its Postgres, told apart."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median, quantiles

from websockets.asyncio.client import ClientConnection

from tests.bench.children import Child
from tests.bench.figures import Figure, shown
from tests.bench.site import Site, card_of
from tests.bench.stations import BOOT, asked, call, meter_values, opened, stamp

STATIONS = 50
_ROUNDS = 3
_SECONDS = 3.0
_WARM_SECONDS = 1.0
_MILLI = 1000
# Less than the connector could, so that no reading is doubted.
_WH_OF_A_MESSAGE = 2


@dataclass(slots=True)
class _Meter:
    """A station that charges."""

    socket: ClientConnection
    transaction_id: int
    register: int = 0

    async def until(self, end: float) -> list[float]:
        """MeterValues one after the other until then: the seconds each was answered in."""
        waits = []
        while (before := time.monotonic()) < end:
            self.register += _WH_OF_A_MESSAGE
            values = meter_values(self.transaction_id, self.register, stamp())
            await asked(self.socket, call(str(self.register), "MeterValues", values))
            waits.append(time.monotonic() - before)
        return waits


@dataclass(frozen=True, slots=True)
class _Round:
    adapter: float
    postgres: float
    rate: float
    p50: float
    p99: float


async def bench(site: Site) -> list[Figure]:
    """What a MeterValues costs the adapter and Postgres, and how long a station waits for it."""
    async with AsyncExitStack() as stack:
        adapter = await stack.enter_async_context(site.adapter())
        meters = []
        for number in range(STATIONS):
            socket = await stack.enter_async_context(opened(adapter.url, f"CP{number}"))
            meters.append(await _charging(socket, number))
        await _together(meters, _WARM_SECONDS)
        rounds = [await _round(site, adapter, meters) for _ in range(_ROUNDS)]
    name = f"MeterValues of {STATIONS} stations, all of it:"
    per_cpu = "per CPU-second"
    return [
        shown(f"{name} adapter", median(each.adapter for each in rounds), per_cpu),
        shown(f"{name} Postgres", median(each.postgres for each in rounds), per_cpu),
        shown(f"{name} answered", median(each.rate for each in rounds), "per second"),
        shown(f"{name} p50", median(each.p50 for each in rounds), "ms"),
        shown(f"{name} p99", median(each.p99 for each in rounds), "ms"),
    ]


async def _charging(socket: ClientConnection, number: int) -> _Meter:
    await asked(socket, call("boot", "BootNotification", BOOT))
    start = {"connectorId": 1, "idTag": card_of(number), "meterStart": 0, "timestamp": stamp()}
    started = await asked(socket, call("start", "StartTransaction", start))
    return _Meter(socket, started["transactionId"])


async def _round(site: Site, adapter: Child, meters: list[_Meter]) -> _Round:
    ours, theirs, began = adapter.cpu_seconds(), site.postgres_cpu_seconds(), time.monotonic()
    waits = await _together(meters, _SECONDS)
    cuts = quantiles(waits, n=100)
    return _Round(
        adapter=len(waits) / (adapter.cpu_seconds() - ours),
        postgres=len(waits) / (site.postgres_cpu_seconds() - theirs),
        rate=len(waits) / (time.monotonic() - began),
        p50=cuts[49] * _MILLI,
        p99=cuts[98] * _MILLI,
    )


async def _together(meters: list[_Meter], seconds: float) -> list[float]:
    end = time.monotonic() + seconds
    found = await asyncio.gather(*(meter.until(end) for meter in meters))
    return [wait for waits in found for wait in waits]
