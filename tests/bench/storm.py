"""A thousand stations whose central system is killed in the middle of their transactions.

They come back within seconds, with or without a boot, and replay what was not answered, as
stations do: the same messages again, in their order (F18, F19).
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.bench.children import Child
from tests.bench.figures import Figure, limited, shown
from tests.bench.site import Site, card_of
from tests.bench.stations import BOOT, asked, call, meter_values, opened, stamp

STATIONS = 1_000
_AT_ONCE = 50
_METER_VALUES = 3
_WH_OF_A_MESSAGE = 500
# The adapter is killed when so much of what is to be said was answered.
_SAID_BEFORE = 0.2
# Stations reconnect some time within so many seconds, and after a failure again.
_JITTER = 3.0
_SETTLE_SECONDS = 60.0
_WAIT_SECONDS = 120.0
_POLL_SECONDS = 0.02
_LOST = (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, InvalidMessage, EOFError)

_ENDED = "SELECT count(*) FROM transactions WHERE state = 'completed' AND evse_uid IS NOT NULL"
_ALL = "SELECT count(*) FROM transactions"
_ENERGY = "SELECT coalesce(sum(energy), 0) FROM transactions"
_TOLD = """
SELECT count(*) FROM published WHERE module = 'sessions' AND document ->> 'status' = 'COMPLETED'
"""
_READINGS = "SELECT count(*) FROM readings WHERE kind = 'sample' AND anomaly IS NULL"


@dataclass(slots=True)
class _Station:
    """A station with a transaction; `outbox` is what it has not had an answer to."""

    number: int
    outbox: deque[str] = field(default_factory=deque)
    connected: bool = False

    @property
    def energy(self) -> int:
        """What it charges in all, in Wh: each station something else."""
        return _METER_VALUES * _WH_OF_A_MESSAGE + self.number

    async def begin(self, url: str) -> None:
        """Its driver plugs in; what follows is in the outbox."""
        async with opened(url, f"CP{self.number}") as socket:
            start = {
                "connectorId": 1,
                "idTag": card_of(self.number),
                "meterStart": self.number,
                "timestamp": stamp(),
            }
            started = await asked(socket, call("start", "StartTransaction", start))
        self._charge(started["transactionId"])

    def _charge(self, transaction_id: int) -> None:
        for at in range(1, _METER_VALUES + 1):
            register = self.number + at * _WH_OF_A_MESSAGE
            values = meter_values(transaction_id, register, stamp())
            self.outbox.append(call(f"meter{at}", "MeterValues", values))
        stop = {
            "transactionId": transaction_id,
            "meterStop": self.number + self.energy,
            "timestamp": stamp(),
            "idTag": card_of(self.number),
        }
        self.outbox.append(call("stop", "StopTransaction", stop))

    async def live(self, url: str, *, jitter: float, chance: random.Random) -> None:
        """Comes back as often as it is thrown out, until cancelled."""
        while True:
            await asyncio.sleep(jitter * chance.random())
            with suppress(*_LOST):
                async with opened(url, f"CP{self.number}") as socket:
                    await self._talk(socket, boots=chance.random() < 0.5)
            self.connected = False
            jitter = _JITTER

    async def _talk(self, socket: ClientConnection, *, boots: bool) -> None:
        if boots:
            await asked(socket, call("boot again", "BootNotification", BOOT))
        self.connected = True
        while self.outbox:
            await asked(socket, self.outbox[0])
            self.outbox.popleft()
        await socket.wait_closed()


async def bench(site: Site) -> list[Figure]:
    """How long the storm lasts, and whether anything was lost in it."""
    stations = [_Station(number) for number in range(STATIONS)]
    owed = STATIONS * (_METER_VALUES + 1)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(site.adapter())
        await _begin(first, stations)
        await stack.enter_async_context(_living(first.url, stations))
        await _until(lambda: _left(stations) <= owed * (1 - _SAID_BEFORE))
        first.kill()
        replayed = _left(stations)
        await _until(lambda: not any(each.connected for each in stations))
        port = urlsplit(first.url).port or 0
        second = await stack.enter_async_context(site.adapter(port=port))
        began, before = time.monotonic(), second.resident_kb()
        await _until(lambda: all(each.connected for each in stations))
        connecting = time.monotonic() - began
        await _until(lambda: not _left(stations))
        settling = time.monotonic() - began
        kilobytes = (second.resident_kb() - before) / STATIONS
        lost = await _lost(site, stations)
        errors = _errors(first) + _errors(second)
    return [
        limited("storm: settled after the restart", settling, _SETTLE_SECONDS, "s"),
        shown("storm: stations connected", STATIONS / connecting, "per second"),
        shown("storm: messages replayed", replayed, "messages"),
        shown("storm: memory of a station after it", kilobytes, "kB"),
        Figure("storm: transactions lost", lost, None, "", lost, goal=0, floor=False),
        Figure("storm: lines of error", errors, None, "", errors, goal=0, floor=False),
    ]


async def _begin(adapter: Child, stations: list[_Station]) -> None:
    for at in range(0, STATIONS, _AT_ONCE):
        several = stations[at : at + _AT_ONCE]
        await asyncio.gather(*(each.begin(adapter.url) for each in several))


@asynccontextmanager
async def _living(url: str, stations: list[_Station]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        lives = [
            group.create_task(each.live(url, jitter=_JITTER, chance=random.Random(each.number)))
            for each in stations
        ]
        yield
        for life in lives:
            life.cancel()


def _left(stations: list[_Station]) -> int:
    return sum(len(each.outbox) for each in stations)


async def _lost(site: Site, stations: list[_Station]) -> int:
    """Transactions that have not ended once, as their stations measured them."""
    ended, total = await site.count(_ENDED), await site.count(_ALL)
    told, readings = await site.count(_TOLD), await site.count(_READINGS)
    if await site.count(_ENERGY) != sum(each.energy for each in stations):
        raise RuntimeError("the energy of all transactions is not what their stations measured")
    if readings != STATIONS * _METER_VALUES:
        raise RuntimeError(f"{readings} readings are kept, expected {STATIONS * _METER_VALUES}")
    return max(STATIONS - min(ended, told), total - STATIONS)


def _errors(adapter: Child) -> int:
    """Lines of error in its log."""
    logged = (line for line in adapter.said().splitlines() if line.startswith("{"))
    levels = [json.loads(line)["level"] for line in logged]
    return sum(level in ("error", "critical") for level in levels)


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WAIT_SECONDS):
        while True:
            if done():
                return
            await asyncio.sleep(_POLL_SECONDS)
