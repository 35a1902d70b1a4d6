"""What no station sends: two thousand strange frames, and floods."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.chargers import charger, socket
from tests.cpo_adapter.ocpp.central import Central, Ports

_FRAMES = 2_000
_SEED = 7
_GROWTH = 20_000_000


def _whole(random: random.Random) -> Any:
    return [2, str(random.random()), random.choice(_ACTIONS), _value(random, 3)]


def _value(random: random.Random, depth: int) -> Any:
    kinds: list[Callable[[], Any]] = [
        lambda: None,
        lambda: random.random() < 0.5,
        lambda: random.randint(-(2**70), 2**70),
        lambda: random.uniform(-1e300, 1e300),
        lambda: "".join(chr(random.randint(0, 0xFFFF)) for _ in range(random.randint(0, 50))),
    ]
    if depth:
        kinds += [
            lambda: [_value(random, depth - 1) for _ in range(random.randint(0, 4))],
            lambda: {
                random.choice(_FIELDS): _value(random, depth - 1)
                for _ in range(random.randint(0, 6))
            },
        ]
    return random.choice(kinds)()


_ACTIONS = (
    "BootNotification",
    "StatusNotification",
    "Authorize",
    "StartTransaction",
    "StopTransaction",
    "MeterValues",
    "TransactionEvent",
    "DataTransfer",
    "NotifyEvent",
    "Reset",
)
_FIELDS = (
    "connectorId",
    "evseId",
    "evse",
    "idTag",
    "idToken",
    "meterStart",
    "meterValue",
    "sampledValue",
    "value",
    "timestamp",
    "transactionId",
    "transactionInfo",
    "unitOfMeasure",
    "multiplier",
    "chargingStation",
    "eventData",
    "x",
)


def _strange(random: random.Random) -> str:
    text = json.dumps(
        _whole(random) if random.random() < 0.7 else _value(random, 4),
        ensure_ascii=random.random() < 0.5,
    )
    if random.random() < 0.2:
        cut = random.randint(0, len(text))
        text = text[:cut] + random.choice(("", "[", "\\u0000", "NaN", '"')) + text[cut + 1 :]
    return text.encode(errors="replace").decode()


def resident() -> int:
    """The bytes of memory that this process uses."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_strange_frames_hurt_nobody(central: Central, ports: Ports, version: str) -> None:
    """T31: 2,000 of them; every connection ends by the rule, and another station's does not."""
    dice = random.Random(_SEED)
    before = resident()
    sent, codes = 0, set()
    async with charger(central.url, "GOOD") as good:
        while sent < _FRAMES:
            async with socket(central.url, "BAD", version=version) as bad:
                try:
                    for _ in range(100):
                        await bad.send(_strange(dice))
                        sent += 1
                    async with asyncio.timeout(5):
                        await bad.wait_closed()
                except ConnectionClosed:
                    pass
                codes.add(bad.close_code)
            await good.heartbeat()
            ports.frames.clear()
            ports.events.clear()

    assert codes == {1008}
    assert resident() - before < _GROWTH


async def test_a_flood_is_read_as_fast_as_it_is_handled(central: Central, ports: Ports) -> None:
    async with charger(central.url, "GOOD") as good, socket(central.url, "FLOOD") as flood:
        for number in range(2_000):
            await flood.send(f'[2,"m{number}","Heartbeat",{{}}]')
        answered = [await flood.recv() for _ in range(2_000)]
        await good.heartbeat()

    assert len(answered) == 2_000
