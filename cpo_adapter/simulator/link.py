"""A websocket to the central system, as CALLs in both directions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ocpi_hub.protocol.jsontext import dumps

_ANSWER_WITHIN = 30.0


class _Kind(IntEnum):
    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4


class LinkClosed(Exception):
    """The connection has ended; the message says how."""


class CallRefused(Exception):
    """The other side answered with a CALLERROR."""


class Unanswerable(Exception):
    """A CALL that gets a CALLERROR: its code and why."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """A request."""

    action: str
    payload: dict[str, Any] = field(default_factory=dict)


def _nothing() -> None:
    """What follows an answer that nothing follows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request, and what happens once it is sent."""

    payload: dict[str, Any] = field(default_factory=dict)
    then: Callable[[], object] = _nothing


Respond = Callable[[Call], Answer]


class Link:
    """An open connection: one CALL of ours in flight, and an answer to each of theirs."""

    def __init__(self, socket: ClientConnection, respond: Respond) -> None:
        self._socket = socket
        self._respond = respond
        self._awaited: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._turn = asyncio.Lock()

    async def call(self, call: Call) -> dict[str, Any]:
        """The answer's payload; CallRefused, or LinkClosed when none came."""
        async with self._turn:
            message_id = str(uuid4())
            answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
            self._awaited[message_id] = answer
            try:
                await self._send([_Kind.CALL, message_id, call.action, call.payload])
                async with asyncio.timeout(_ANSWER_WITHIN):
                    return await answer
            except TimeoutError:
                reason = f"no answer to {call.action} within {_ANSWER_WITHIN:.0f} s"
                raise LinkClosed(reason) from None
            finally:
                del self._awaited[message_id]

    async def read(self) -> None:
        """Reads until the connection ends, which raises LinkClosed."""
        try:
            while True:
                await self._take(await self._socket.recv())
        except ConnectionClosed as closed:
            raise LinkClosed(str(closed)) from closed

    async def _take(self, text: str | bytes) -> None:
        match _decoded(text):
            case [_Kind.CALL, str() as message_id, str() as action, dict() as payload]:
                await self._answer(message_id, Call(action, payload))
            case [_Kind.CALLRESULT, str() as message_id, dict() as payload]:
                if (awaited := self._pending(message_id)) is not None:
                    awaited.set_result(payload)
            case [_Kind.CALLERROR, str() as message_id, *error]:
                if (awaited := self._pending(message_id)) is not None:
                    awaited.set_exception(CallRefused(" ".join(map(str, error[:2]))))
            case frame:
                raise LinkClosed(f"not a frame of OCPP: {str(frame)[:60]}")

    def _pending(self, message_id: str) -> asyncio.Future[dict[str, Any]] | None:
        awaited = self._awaited.get(message_id)
        return None if awaited is None or awaited.done() else awaited

    async def _answer(self, message_id: str, call: Call) -> None:
        try:
            answer = self._respond(call)
        except Unanswerable as why:
            await self._send([_Kind.CALLERROR, message_id, why.code, str(why)[:255], {}])
            return
        await self._send([_Kind.CALLRESULT, message_id, answer.payload])
        # Only now: what follows must not overtake the answer.
        answer.then()

    async def _send(self, frame: list[Any]) -> None:
        try:
            await self._socket.send(dumps(frame).decode())
        except ConnectionClosed as closed:
            raise LinkClosed(str(closed)) from closed


def _decoded(text: str | bytes) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise LinkClosed(f"not JSON: {error}") from error
