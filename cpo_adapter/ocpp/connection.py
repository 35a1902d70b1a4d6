"""A station's connection: its CALLs answered in order, ours sent one at a time.

It ends with its socket, and everything that waits for the station ends with it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from cpo_adapter.ocpp.frames import (
    BadFrame,
    Call,
    CallFailure,
    CallResult,
    ErrorCode,
    parse,
    write_call,
    write_error,
    write_result,
)
from cpo_adapter.ocpp.interpreter import Interpreter, Refusal
from cpo_adapter.ocpp.lane import Lane
from cpo_adapter.ocpp.messages import Dialect
from cpo_adapter.ocpp.ports import Direction, Events, FrameKind, FrameRecord, Traffic
from cpo_adapter.ocpp.redaction import redacted
from cpo_adapter.ocpp.repeats import Repeats
from cpo_adapter.ocpp.socket import Socket, SocketClosed
from cpo_adapter.ocpp.version import Version

_BAD_FRAMES = 10
_POLICY_VIOLATION = 1008
_CLOSE_SECONDS = 1
_FINISH_SECONDS = 3
# What cannot be answered by its id is answered by this one in 2.0.1.
_NO_ID = "-1"


class CallError(Exception):
    """The station has refused a CALL."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description


class NoAnswer(Exception):
    """The station has not answered in time; `sent` says whether the CALL had left at all."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class NotConnected(Exception):
    """The station is not there, or has gone; `sent` says whether the CALL had left before."""

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Wiring:
    """What connections share: who handles events, who watches, the clock and the ids."""

    events: Events
    traffic: Traffic
    now: Callable[[], datetime]
    new_id: Callable[[], str]


@dataclass(slots=True)
class _Pending:
    """Our CALL that is on its way."""

    message_id: str
    action: str
    answer: asyncio.Future[dict[str, Any]]


class _Incoming(NamedTuple):
    call: Call
    text: str


class Connection:
    """One open socket of a station. `tasks` is where its work is done."""

    def __init__(
        self,
        station_id: str,
        socket: Socket,
        dialect: Dialect,
        wiring: Wiring,
        tasks: asyncio.TaskGroup,
        *,
        booted: bool,
    ) -> None:
        self.station_id = station_id
        self.dialect = dialect
        self.connected_at = wiring.now()
        self._socket = socket
        self._wiring = wiring
        self._interpreter = Interpreter(station_id, dialect, wiring.events, booted=booted)
        self._repeats = Repeats()
        self._lane = Lane[_Incoming](tasks, self._answer)
        # Asking a partner may take seconds in which the station says other things.
        self._authorizing = Lane[_Incoming](tasks, self._answer)
        self._turn = asyncio.Lock()
        self._pending: _Pending | None = None
        self._reading = asyncio.timeout(None)
        self._ended: str | None = None
        self._bad_frames = 0

    async def run(self) -> str:
        """Reads until the socket has ended, and says how it did."""
        try:
            async with self._reading:
                while self._ended is None:
                    await self._take(await self._socket.receive())
        except SocketClosed as closed:
            self._end(str(closed))
        except TimeoutError:
            if self._ended is None:
                raise
        finally:
            self._end("the connection was dropped")
        return self._ended or ""

    async def finish(self) -> None:
        """Handles what the station has said before it went, unless that takes long."""
        # What was not handled was not answered either: the station will repeat it.
        with suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_SECONDS):
                await self._lane.handled()
        self._lane.close()
        self._authorizing.close()

    async def call(
        self, action: str, payload: Mapping[str, Any], *, timeout: float
    ) -> dict[str, Any]:
        """The station's answer, or CallError, NoAnswer or NotConnected.

        Leaves after the answers to everything the station has said before. `timeout` in seconds
        covers the wait for that, and for other CALLs.
        """
        waiting = True
        try:
            async with asyncio.timeout(timeout):
                await self._lane.handled()
                async with self._turn:
                    waiting = False
                    return await self._exchange(action, payload)
        except TimeoutError:
            what = "could not be sent" if waiting else "was not answered"
            raise NoAnswer(f"{action} {what} in {timeout:g} s", sent=not waiting) from None

    async def close(self, code: int, reason: str) -> None:
        """Ends the connection."""
        self._end(reason)
        # It may have gone already, or take nothing more: then it is not read either.
        with suppress(TimeoutError, SocketClosed):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._socket.close(code, reason)
        self._stop_reading()

    def _end(self, reason: str) -> None:
        if self._ended is not None:
            return
        self._ended = reason
        self._lane.lift_marks()
        if self._pending is not None and not self._pending.answer.done():
            gone = NotConnected(f"station {self.station_id} has gone: {reason}", sent=True)
            self._pending.answer.set_exception(gone)

    def _stop_reading(self) -> None:
        # It refuses when reading has not begun, or has ended.
        with suppress(RuntimeError):
            self._reading.reschedule(asyncio.get_running_loop().time())

    # --- what the station says ---

    async def _take(self, text: str | bytes) -> None:
        frame = parse(text) if isinstance(text, str) else _BINARY
        match frame:
            case Call(action="Authorize"):
                await self._authorizing.put(_Incoming(frame, str(text)))
            case Call():
                await self._lane.put(_Incoming(frame, str(text)))
            case CallResult() | CallFailure():
                self._answered(frame)
            case BadFrame():
                await self._bad(frame)

    async def _answer(self, incoming: _Incoming) -> None:
        call, now = incoming.call, self._wiring.now()
        repeated = self._repeats.answer(call.message_id, incoming.text, now=now)
        if repeated is not None:
            self._record_in(call, now, ("repeated: answered as before",))
            await self._send(repeated)
            return
        event = self._interpreter.read(call, now)
        self._record_in(call, now, event.violations)
        reply = event if isinstance(event, Refusal) else await self._interpreter.answer(event)
        if isinstance(reply, Refusal):
            await self._refuse(call.message_id, call.action, reply)
            return
        answer = write_result(call.message_id, reply)
        self._repeats.keep(call.message_id, call.action, incoming.text, answer, now=now)
        self._record(Direction.OUT, FrameKind.CALLRESULT, call.message_id, call.action, reply)
        await self._send(answer)

    async def _refuse(self, message_id: str, action: str | None, refusal: Refusal) -> None:
        code = refusal.code.spelled(self.dialect.version)
        described = {"code": code, "description": refusal.description}
        self._record(Direction.OUT, FrameKind.CALLERROR, message_id, action, described)
        await self._send(write_error(message_id, code, refusal.description))

    async def _bad(self, bad: BadFrame) -> None:
        self._bad_frames += 1
        self._record(Direction.IN, FrameKind.BAD, bad.message_id, None, None, (bad.reason,))
        # 1.6 has no way to answer what has no id, and ignores types of message it does not know.
        ignored = bad.message_id is None or bad.code is ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED
        if not (ignored and self.dialect.version is Version.V16):
            await self._refuse(bad.message_id or _NO_ID, None, Refusal(bad.code, bad.reason))
        if self._bad_frames >= _BAD_FRAMES:
            await self.close(_POLICY_VIOLATION, f"{_BAD_FRAMES} frames that are not OCPP")

    # --- what we ask of it ---

    async def _exchange(self, action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if self._ended is not None:
            raise NotConnected(f"station {self.station_id} is not connected: {self._ended}")
        message_id = self._wiring.new_id()
        answer = asyncio.get_running_loop().create_future()
        self._pending = _Pending(message_id, action, answer)
        try:
            self._record(Direction.OUT, FrameKind.CALL, message_id, action, payload)
            await self._send(write_call(message_id, action, payload))
            received: dict[str, Any] = await answer
            return received
        finally:
            self._pending = None

    def _answered(self, frame: CallResult | CallFailure) -> None:
        pending = self._pending
        if pending is None or pending.message_id != frame.message_id or pending.answer.done():
            reason = "answers no CALL that is waiting: too late, or never sent"
            self._record(Direction.IN, FrameKind.BAD, frame.message_id, None, None, (reason,))
            return
        match frame:
            case CallResult(message_id, payload):
                kind = FrameKind.CALLRESULT
                self._record(Direction.IN, kind, message_id, pending.action, payload)
                pending.answer.set_result(payload)
            case CallFailure(message_id, code, description):
                described = {"code": code, "description": description}
                kind = FrameKind.CALLERROR
                self._record(Direction.IN, kind, message_id, pending.action, described)
                pending.answer.set_exception(CallError(code, description))

    async def _send(self, text: str) -> None:
        """Sends, unless the station has gone: then whoever waits for it knows already."""
        if self._ended is not None:
            return
        try:
            await self._socket.send(text)
        except SocketClosed as closed:
            self._end(str(closed))

    # --- for the record ---

    def _record_in(self, call: Call, at: datetime, violations: tuple[str, ...]) -> None:
        shown = redacted(call.action, call.payload)
        self._wiring.traffic.frame(
            self.station_id,
            FrameRecord(
                at,
                Direction.IN,
                FrameKind.CALL,
                call.message_id,
                call.action,
                shown,
                violations,
            ),
        )

    def _record(
        self,
        direction: Direction,
        kind: FrameKind,
        message_id: str | None,
        action: str | None,
        payload: Mapping[str, Any] | None,
        violations: tuple[str, ...] = (),
    ) -> None:
        shown = None if payload is None else redacted(action, payload)
        now = self._wiring.now()
        record = FrameRecord(now, direction, kind, message_id, action, shown, violations)
        self._wiring.traffic.frame(self.station_id, record)


_BINARY = BadFrame("a binary message, expected text", ErrorCode.RPC_FRAMEWORK_ERROR)
