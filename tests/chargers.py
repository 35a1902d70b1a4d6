"""Charging stations that play a script: the `ocpp` package's charge point on a real websocket.

`async with charger(url, "CP1") as station:` connects one, of version 1.6 or 2.0.1, with the same
words for both: boot, heartbeat, status, authorize, start, meter, stop. What the central system asks
of it is kept in `received` and answered as `answers` says.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import ocpp.messages  # type: ignore[import-untyped]  # has no types
import ocpp.v16  # type: ignore[import-untyped]  # has no types
import ocpp.v201  # type: ignore[import-untyped]  # has no types
from ocpp.charge_point import camel_to_snake_case  # type: ignore[import-untyped]  # has no types
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

# In this process every check would otherwise make two trips to a thread.
ocpp.messages.ASYNC_VALIDATION = False

_SECONDS = 5

# What is offered, best first.
SUBPROTOCOLS = {
    "1.6": [Subprotocol("ocpp1.6")],
    "2.0.1": [Subprotocol("ocpp2.0.1")],
    "both": [Subprotocol("ocpp1.6"), Subprotocol("ocpp2.0.1")],
    "another": [Subprotocol("ocpp1.5")],
    "none": None,
}

# The fields of an answer, or what makes them of the fields that were asked.
Answer = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]

_ACCEPTED: Answer = {"status": "Accepted"}
# What a station answers unless its test says otherwise, beside Accepted.
_ANSWERS_16: dict[str, Answer] = {
    "GetConfiguration": {"configuration_key": [], "unknown_key": []},
    "GetLocalListVersion": {"list_version": 0},
    "GetDiagnostics": {"file_name": "diagnostics.zip"},
    "UnlockConnector": {"status": "Unlocked"},
    "UpdateFirmware": {},
}
_ANSWERS_201: dict[str, Answer] = {
    "GetLocalListVersion": {"version_number": 0},
    "GetVariables": lambda asked: variables(asked, {}),
    "SetVariables": lambda asked: {
        "set_variable_result": [
            {
                "attribute_status": "Accepted",
                "component": each["component"],
                "variable": each["variable"],
            }
            for each in asked["set_variable_data"]
        ]
    },
    "GetLog": {"status": "Accepted", "filename": "log.zip"},
    "UnlockConnector": {"status": "Unlocked"},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A CALL of the central system: its fields in snake_case, as the package gives them, and when
    it came on a monotonic clock."""

    action: str
    fields: dict[str, Any]
    at: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Transaction:
    """A transaction as its station knows it."""

    id: Any
    connector: int
    uid: str
    status: str
    seq_no: int = 0


class Charger:
    """A connected station."""

    package: Any
    default_answers: dict[str, Answer]

    def __init__(self, station_id: str, websocket: ClientConnection) -> None:
        self.station_id = station_id
        self.websocket = websocket
        self.received: list[Asked] = []
        self.answers: dict[str, Answer] = {}
        self.silent: set[str] = set()
        self._arrived = asyncio.Condition()
        self._point: Any = self.package.ChargePoint(
            station_id, websocket, response_timeout=_SECONDS
        )
        self._answer_call = self._point._handle_call
        self._point._handle_call = self._handle_call
        self._point.route_map = {
            action: {"_on_action": self._handler(action), "_skip_schema_validation": False}
            for action in vars(self.package.call)
            if hasattr(self.package.call_result, action)
        }

    async def run(self) -> None:
        """Listens until the connection ends."""
        with suppress(ConnectionClosed):
            await self._point.start()

    async def call(self, action: str, **fields: Any) -> Any:
        """The answer to a CALL, as the package's dataclass; a CALLERROR is raised."""
        return await self._point.call(getattr(self.package.call, action)(**fields), suppress=False)

    async def expect(self, action: str) -> dict[str, Any]:
        """The fields of the first CALL of this action that has arrived or arrives soon."""
        async with asyncio.timeout(_SECONDS), self._arrived:
            await self._arrived.wait_for(lambda: self.asked(action))
        return self.asked(action)[0]

    def asked(self, action: str) -> list[dict[str, Any]]:
        """The fields of every CALL of this action so far."""
        return [asked.fields for asked in self.received if asked.action == action]

    async def closed(self) -> int | None:
        """The code with which the central system closes the connection."""
        async with asyncio.timeout(_SECONDS):
            await self.websocket.wait_closed()
        return self.websocket.close_code

    def drop(self) -> None:
        """Loses the connection, without a word."""
        self.websocket.transport.abort()

    async def _keep(self, action: str, fields: dict[str, Any]) -> None:
        self.received.append(Asked(action, fields))
        async with self._arrived:
            self._arrived.notify_all()

    async def _handle_call(self, message: Any) -> None:
        """Answers, unless it keeps silent about such a CALL; either way it goes on listening."""
        if message.action in self.silent:
            await self._keep(message.action, camel_to_snake_case(message.payload))
        else:
            await self._answer_call(message)

    def _handler(self, action: str) -> Any:
        async def handle(**fields: Any) -> Any:
            await self._keep(action, fields)
            answer = self.answers.get(action, self.default_answers.get(action, _ACCEPTED))
            said = answer(fields) if callable(answer) else answer
            return getattr(self.package.call_result, action)(**said)

        return handle

    # --- what every station does ---

    async def boot(self) -> Any:
        """The answer to BootNotification."""
        raise NotImplementedError

    async def heartbeat(self) -> Any:
        """The answer to Heartbeat."""
        return await self.call("Heartbeat")

    async def status(self, status: str, *, connector: int = 1, at: datetime | None = None) -> None:
        """Reports a connector's status."""
        raise NotImplementedError

    async def authorize(self, uid: str) -> str:
        """The status of a token."""
        raise NotImplementedError

    async def start(
        self,
        uid: str,
        *,
        connector: int = 1,
        meter: int = 0,
        at: datetime | None = None,
        **fields: Any,
    ) -> Transaction:
        """Begins a transaction; `fields` are the version's own, such as reservation_id."""
        raise NotImplementedError

    async def meter(self, transaction: Transaction, wh: int, *, at: datetime | None = None) -> None:
        """Sends the register of a running transaction."""
        raise NotImplementedError

    async def stop(
        self,
        transaction: Transaction,
        meter: int,
        *,
        at: datetime | None = None,
        reason: str = "Local",
    ) -> Any:
        """Ends a transaction."""
        raise NotImplementedError

    async def card_session(self, uid: str, registers: list[int]) -> Transaction:
        """A whole session with a card: the registers in Wh, the first and last at its ends."""
        await self.status("Preparing" if self.package is ocpp.v16 else "Occupied")
        await self.authorize(uid)
        transaction = await self.start(uid, meter=registers[0])
        for register in registers[1:-1]:
            await self.meter(transaction, register)
        await self.stop(transaction, registers[-1])
        await self.status("Available")
        return transaction


class Charger16(Charger):
    """A station of OCPP 1.6."""

    package = ocpp.v16
    default_answers = _ANSWERS_16

    async def boot(self) -> Any:
        return await self.call(
            "BootNotification", charge_point_vendor="Example", charge_point_model="Wallbox"
        )

    async def status(self, status: str, *, connector: int = 1, at: datetime | None = None) -> None:
        await self.call(
            "StatusNotification",
            connector_id=connector,
            error_code="NoError",
            status=status,
            timestamp=written(at),
        )

    async def authorize(self, uid: str) -> str:
        answer = await self.call("Authorize", id_tag=uid)
        return str(answer.id_tag_info["status"])

    async def start(
        self,
        uid: str,
        *,
        connector: int = 1,
        meter: int = 0,
        at: datetime | None = None,
        **fields: Any,
    ) -> Transaction:
        answer = await self.call(
            "StartTransaction",
            connector_id=connector,
            id_tag=uid,
            meter_start=meter,
            timestamp=written(at),
            **fields,
        )
        return Transaction(answer.transaction_id, connector, uid, answer.id_tag_info["status"])

    async def meter(self, transaction: Transaction, wh: int, *, at: datetime | None = None) -> None:
        await self.call(
            "MeterValues",
            connector_id=transaction.connector,
            transaction_id=transaction.id,
            meter_value=[{"timestamp": written(at), "sampled_value": [{"value": str(wh)}]}],
        )

    async def stop(
        self,
        transaction: Transaction,
        meter: int,
        *,
        at: datetime | None = None,
        reason: str = "Local",
    ) -> Any:
        return await self.call(
            "StopTransaction",
            transaction_id=transaction.id,
            meter_stop=meter,
            timestamp=written(at),
            reason=reason,
            id_tag=transaction.uid,
        )


class Charger201(Charger):
    """A station of OCPP 2.0.1, which numbers its transactions from `transactions` on."""

    package = ocpp.v201
    default_answers = _ANSWERS_201
    transactions = 0

    async def boot(self) -> Any:
        return await self.call(
            "BootNotification",
            charging_station={"model": "Wallbox", "vendor_name": "Example"},
            reason="PowerUp",
        )

    async def status(self, status: str, *, connector: int = 1, at: datetime | None = None) -> None:
        await self.call(
            "StatusNotification",
            timestamp=written(at),
            connector_status=status,
            evse_id=connector,
            connector_id=1,
        )

    async def authorize(self, uid: str) -> str:
        answer = await self.call("Authorize", id_token={"id_token": uid, "type": "ISO14443"})
        return str(answer.id_token_info["status"])

    async def start(
        self,
        uid: str,
        *,
        connector: int = 1,
        meter: int = 0,
        at: datetime | None = None,
        **fields: Any,
    ) -> Transaction:
        transaction = Transaction(str(self.transactions), connector, uid, "Accepted")
        self.transactions += 1
        info = {"charging_state": "Charging"}
        if "remote_start_id" in fields:
            info["remote_start_id"] = fields.pop("remote_start_id")
        answer = await self._event(
            "Started",
            transaction,
            info=info,
            trigger="Authorized",
            register=(meter, "Transaction.Begin"),
            at=at,
            id_token={"id_token": uid, "type": "ISO14443"},
            evse={"id": connector, "connector_id": 1},
            **fields,
        )
        transaction.status = (answer.id_token_info or {}).get("status", "")
        return transaction

    async def meter(self, transaction: Transaction, wh: int, *, at: datetime | None = None) -> None:
        await self._event(
            "Updated",
            transaction,
            info={"charging_state": "Charging"},
            trigger="MeterValuePeriodic",
            register=(wh, "Sample.Periodic"),
            at=at,
        )

    async def stop(
        self,
        transaction: Transaction,
        meter: int,
        *,
        at: datetime | None = None,
        reason: str = "Local",
    ) -> Any:
        return await self._event(
            "Ended",
            transaction,
            info={"stopped_reason": reason},
            trigger="StopAuthorized",
            register=(meter, "Transaction.End"),
            at=at,
        )

    async def _event(
        self,
        kind: str,
        transaction: Transaction,
        *,
        info: dict[str, Any],
        trigger: str,
        register: tuple[int, str],
        at: datetime | None,
        **fields: Any,
    ) -> Any:
        value, context = register
        seq_no, transaction.seq_no = transaction.seq_no, transaction.seq_no + 1
        sampled = [{"value": value, "context": context}]
        return await self.call(
            "TransactionEvent",
            event_type=kind,
            timestamp=written(at),
            trigger_reason=trigger,
            seq_no=seq_no,
            transaction_info={"transaction_id": transaction.id, **info},
            meter_value=[{"timestamp": written(at), "sampled_value": sampled}],
            **fields,
        )


_KINDS: dict[str, type[Charger]] = {"1.6": Charger16, "2.0.1": Charger201}


@dataclass(frozen=True, slots=True)
class Access:
    """How a station shows who it is."""

    key: str | bytes | None = None
    tls: ssl.SSLContext | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def written(self, station_id: str) -> dict[str, str]:
        """The headers of the handshake."""
        if self.key is None:
            return self.headers
        key = self.key.encode() if isinstance(self.key, str) else self.key
        basic = base64.b64encode(station_id.encode() + b":" + key).decode()
        return {"Authorization": f"Basic {basic}", **self.headers}


OPEN = Access()


@asynccontextmanager
async def socket(
    url: str, station_id: str, *, version: str = "1.6", access: Access = OPEN
) -> AsyncIterator[ClientConnection]:
    """A bare websocket at `url`/`station_id`; the version is a key of SUBPROTOCOLS."""
    async with connect(
        f"{url}/{station_id}",
        subprotocols=SUBPROTOCOLS[version],
        additional_headers=access.written(station_id),
        ssl=access.tls,
        compression=None,
        proxy=None,
        open_timeout=_SECONDS,
        close_timeout=1,
    ) as websocket:
        yield websocket


@asynccontextmanager
async def charger(
    url: str, station_id: str, *, version: str = "1.6", access: Access = OPEN
) -> AsyncIterator[Charger]:
    """A station that is connected at `url`/`station_id` for the time of the block."""
    async with socket(url, station_id, version=version, access=access) as websocket:
        station = _KINDS[version](station_id, websocket)
        listening = asyncio.create_task(station.run())
        try:
            yield station
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


def variables(asked: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """The answer to GetVariables of a station that has these, by `Component.Variable`."""
    results = []
    for each in asked["get_variable_data"]:
        value = known.get(f"{each['component']['name']}.{each['variable']['name']}")
        status = {"attribute_status": "UnknownVariable"}
        if value is not None:
            status = {"attribute_status": "Accepted", "attribute_value": value}
        results.append({**status, "component": each["component"], "variable": each["variable"]})
    return {"get_variable_result": results}


def written(at: datetime | None) -> str:
    """A time as stations write it; None is now."""
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
