"""A charge point of 1.6 as the benches need thousands of them: a socket, and CALLs one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

BOOT = {"chargePointVendor": "Example", "chargePointModel": "Wallbox"}
_OPEN_SECONDS = 30
_MEASURANDS = (
    ("Power.Active.Import", "W", "11042.5"),
    ("Current.Import", "A", "16.02"),
    ("Voltage", "V", "229.8"),
    ("SoC", "Percent", "54"),
    ("Temperature", "Celsius", "31.5"),
)
_REGISTER = "Energy.Active.Import.Register"


def opened(url: str, station_id: str) -> connect:
    """The station's socket, once awaited or entered."""
    return connect(
        f"{url.replace('http', 'ws', 1)}/ocpp/{station_id}",
        subprotocols=[Subprotocol("ocpp1.6")],
        compression=None,
        ping_interval=None,
        open_timeout=_OPEN_SECONDS,
        proxy=None,
    )


def call(message_id: str, action: str, payload: Mapping[str, Any]) -> str:
    """A CALL as text."""
    return json.dumps([2, message_id, action, payload], separators=(",", ":"))


def meter_values(transaction_id: int, register: int, at: str) -> dict[str, Any]:
    """Six measurands of one moment; the register is in Wh."""
    sampled = [
        {"value": value, "measurand": measurand, "unit": unit}
        for measurand, unit, value in ((_REGISTER, "Wh", str(register)), *_MEASURANDS)
    ]
    return {
        "connectorId": 1,
        "transactionId": transaction_id,
        "meterValue": [{"timestamp": at, "sampledValue": sampled}],
    }


async def asked(socket: ClientConnection, text: str) -> dict[str, Any]:
    """The answer to a CALL; RuntimeError when it is a refusal. CALLs of the central system that
    come in between are refused."""
    await socket.send(text)
    while True:
        found = json.loads(await socket.recv())
        match found:
            case [3, _, dict() as payload]:
                return payload
            case [2, message_id, *_]:
                await socket.send(json.dumps([4, message_id, "NotImplemented", "", {}]))
            case _:
                raise RuntimeError(f"{text[:80]} was refused: {found}")


def stamp() -> str:
    """Now, as stations write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
