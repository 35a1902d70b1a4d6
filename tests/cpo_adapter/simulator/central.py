"""A central system that keeps what it hears: the `ocpp` package's own, over real websockets.

It checks every message by OCPP's schemas, and so does the station's answer to each of its calls.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from ocpp import messages  # type: ignore[import-untyped]  # has no types
from ocpp.v16 import ChargePoint as ChargePoint16  # type: ignore[import-untyped]  # has no types
from ocpp.v16 import call as call16
from ocpp.v201 import ChargePoint as ChargePoint201  # type: ignore[import-untyped]  # has no types
from ocpp.v201 import call as call201
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from cpo_adapter.simulator.versions import VersionName

messages.ASYNC_VALIDATION = False

Payload = dict[str, Any]
_NOW = "2030-01-01T00:00:00Z"
_REGISTER = "Energy.Active.Import.Register"


@dataclass(frozen=True)
class Part:
    """One message about a transaction, whichever the version."""

    kind: str
    at: datetime
    watt_hours: int
    transaction_id: str | None
    payload: Payload


@dataclass
class Central:
    """What a test sees of the central system."""

    version: VersionName
    heard: list[tuple[str, Payload]] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    credentials: list[str] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    station: Any = None
    booted: asyncio.Event = field(default_factory=asyncio.Event)
    # Of transactions, in 1.6.
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(4711))
    _heard_more: asyncio.Event = field(default_factory=asyncio.Event)
    _raw: asyncio.Future[list[Any]] | None = None

    def hear(self, action: str, payload: Payload) -> None:
        """Keeps a message."""
        self.heard.append((action, payload))
        if action == "BootNotification":
            self.booted.set()
        self._heard_more.set()
        self._heard_more = asyncio.Event()

    def status_of(self, uid: str) -> str:
        """What is said of a token."""
        return "Blocked" if uid in self.blocked else "Accepted"

    def payloads(self, action: str) -> list[Payload]:
        """All messages of a kind."""
        return [payload for name, payload in self.heard if name == action]

    async def until(self, fits: Callable[[], Any]) -> Any:
        """What is true at last, within ten seconds."""
        async with asyncio.timeout(10):
            while not (found := fits()):
                await self._heard_more.wait()
        return found

    async def call(self, request: Any) -> Any:
        """The station's answer."""
        await self.booted.wait()
        return await self.station.call(request)

    async def raw(self, frame: str) -> list[Any]:
        """The station's answer to a frame with the id 7, as it came."""
        self._raw = asyncio.get_running_loop().create_future()
        await self.station._connection.send(frame)
        async with asyncio.timeout(10):
            return await self._raw

    def has_answered(self, frame: str | bytes) -> bool:
        """Whether a frame is the answer that `raw` waits for."""
        parts = json.loads(frame)
        if self._raw is None or self._raw.done() or parts[1] != "7":
            return False
        self._raw.set_result(parts)
        return True

    @property
    def parts(self) -> list[Part]:
        """All that was said about transactions, in order."""
        return [part for heard in self.heard if (part := _part(*heard)) is not None]

    async def part(self, kind: str, *, number: int = 0) -> Part:
        """The first, or a later, message of a kind."""
        fitting: Callable[[], list[Part]] = lambda: [  # noqa: E731  # it is used twice
            part for part in self.parts if part.kind == kind
        ]
        await self.until(lambda: len(fitting()) > number)
        return fitting()[number]

    async def word(self, word: str, connector: int = 1) -> Payload:
        """The first status of a connector that is this word."""

        def found() -> Payload | None:
            return next(
                (
                    payload
                    for payload in self.payloads("StatusNotification")
                    if _status(payload) == (connector, word)
                ),
                None,
            )

        payload: Payload = await self.until(found)
        return payload

    async def remote_start(self, uid: str) -> str:
        """Asks for a start at the first connector; the station's word."""
        if self.version == "1.6":
            answer = await self.call(call16.RemoteStartTransaction(id_tag=uid, connector_id=1))
        else:
            token = {"idToken": uid, "type": "Central"}
            answer = await self.call(
                call201.RequestStartTransaction(id_token=token, remote_start_id=77, evse_id=1)
            )
        return str(answer.status)

    async def remote_stop(self, transaction_id: str) -> str:
        """Asks for the end of a transaction; the station's word."""
        if self.version == "1.6":
            request: Any = call16.RemoteStopTransaction(transaction_id=int(transaction_id))
        else:
            request = call201.RequestStopTransaction(transaction_id=transaction_id)
        return str((await self.call(request)).status)

    async def reserve(self, number: int, uid: str, expires_at: datetime) -> str:
        """Asks for a reservation of the first connector; the station's word."""
        if self.version == "1.6":
            request: Any = call16.ReserveNow(
                connector_id=1,
                expiry_date=expires_at.isoformat(),
                id_tag=uid,
                reservation_id=number,
            )
        else:
            request = call201.ReserveNow(
                id=number,
                expiry_date_time=expires_at.isoformat(),
                id_token={"idToken": uid, "type": "ISO14443"},
                evse_id=1,
            )
        return str((await self.call(request)).status)

    async def cancel(self, number: int) -> str:
        """Gives a reservation up; the station's word."""
        calls: Any = call16 if self.version == "1.6" else call201
        return str((await self.call(calls.CancelReservation(reservation_id=number))).status)

    async def limit(self, watts: int, transaction_id: str) -> str:
        """Sets a profile for a transaction at the first connector; the station's word."""
        schedule = {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": watts}],
        }
        profile: Payload = {"stackLevel": 0, "chargingProfileKind": "Relative"}
        profile["chargingProfilePurpose"] = "TxProfile"
        if self.version == "1.6":
            own: Payload = {"chargingProfileId": 5, "transactionId": int(transaction_id)}
            request: Any = call16.SetChargingProfile(
                1, {**profile, **own, "chargingSchedule": schedule}
            )
        else:
            own = {"id": 5, "transactionId": transaction_id}
            request = call201.SetChargingProfile(
                1, {**profile, **own, "chargingSchedule": [{"id": 1, **schedule}]}
            )
        return str((await self.call(request)).status)


def _status(payload: Payload) -> tuple[int, str]:
    if "connectorStatus" in payload:
        return payload["evseId"], payload["connectorStatus"]
    return payload["connectorId"], payload["status"]


def _part(action: str, payload: Payload) -> Part | None:
    match action:
        case "StartTransaction":
            return Part("Started", _time(payload), payload["meterStart"], None, payload)
        case "MeterValues" if "transactionId" in payload:
            meter = payload["meterValue"]
            identity = str(payload["transactionId"])
            return Part("Updated", _time(meter[0]), _register(meter), identity, payload)
        case "StopTransaction":
            identity = str(payload["transactionId"])
            return Part("Ended", _time(payload), payload["meterStop"], identity, payload)
        case "TransactionEvent":
            return Part(
                payload["eventType"],
                _time(payload),
                _register(payload["meterValue"]),
                payload["transactionInfo"]["transactionId"],
                payload,
            )
        case _:
            return None


def _time(payload: Payload) -> datetime:
    return datetime.fromisoformat(payload["timestamp"])


def _register(meter: list[Payload]) -> int:
    values = [each for group in meter for each in group["sampledValue"]]
    return int(next(each["value"] for each in values if each["measurand"] == _REGISTER))


def _answer(central: Central, action: str, payload: Payload) -> Payload:
    """What the central system says to a station, in either version."""
    match action:
        case "BootNotification":
            return {"currentTime": _NOW, "interval": 300, "status": "Accepted"}
        case "Heartbeat":
            return {"currentTime": _NOW}
        case "Authorize" | "StartTransaction" if "idTag" in payload:
            said = {"idTagInfo": {"status": central.status_of(payload["idTag"])}}
            return (
                said if action == "Authorize" else said | {"transactionId": next(central.numbers)}
            )
        case "Authorize" | "TransactionEvent" if "idToken" in payload:
            return {"idTokenInfo": {"status": central.status_of(payload["idToken"]["idToken"])}}
        case _:
            return {}


async def _take_call(central: Central, station: Any, call: Any) -> None:
    await messages.validate_payload(call, central.version)
    central.hear(call.action, call.payload)
    answer = call.create_call_result(_answer(central, call.action, call.payload))
    await messages.validate_payload(answer, central.version)
    await station._send(answer.to_json())


@asynccontextmanager
async def central_system(version: VersionName) -> AsyncIterator[Central]:
    """A central system that listens."""
    central = Central(version)
    charge_point: Any = ChargePoint16 if version == "1.6" else ChargePoint201

    async def take(socket: ServerConnection) -> None:
        assert socket.request is not None
        given = socket.request.headers["Authorization"].removeprefix("Basic ")
        central.credentials.append(base64.b64decode(given).decode())
        central.connections += 1
        station = charge_point(socket.request.path.rpartition("/")[2], socket)
        station._handle_call = partial(_take_call, central, station)
        central.station = station
        with suppress(ConnectionClosed):
            async for frame in socket:
                if not central.has_answered(frame):
                    await station.route_message(frame)

    subprotocols = [Subprotocol(f"ocpp{version}")]
    async with serve(take, "127.0.0.1", 0, subprotocols=subprotocols) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        central.url = f"ws://127.0.0.1:{port}/ocpp"
        yield central
