"""The websocket endpoint for stations on the service's own port, as an ASGI app.

For `ws(s)://HOST:PORT/ocpp/{station_id}`: the last segment of the path is the station.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from cpo_adapter.ocpp.reception import Reception
from cpo_adapter.ocpp.security import Handshake, TrustedProxies, secure_and_names
from cpo_adapter.ocpp.socket import SocketClosed
from ocpi_hub.service.websocket import TRANSPORT

_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

REFUSED_STATUS = 401
CHALLENGE = ("WWW-Authenticate", 'Basic realm="ocpp"')
REFUSED_BODY = b"not a known station with its key\n"

_UPGRADE_STATUS = 426
_UPGRADE = ("Upgrade", "websocket")
_UPGRADE_BODY = b"stations connect here by websocket\n"


class Endpoint:
    """Takes the stations of a Reception; mount it at /ocpp of a server with our websockets."""

    def __init__(self, reception: Reception, proxies: TrustedProxies) -> None:
        self._reception = reception
        self._proxies = proxies

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send
    ) -> None:
        if scope["type"] != "websocket":
            await _respond(send, "http.response", _UPGRADE_STATUS, _UPGRADE, _UPGRADE_BODY)
            return
        await receive()
        admission = await self._reception.admit(_handshake(scope, self._proxies))
        if admission is None:
            refusal = "websocket.http.response"
            await _respond(send, refusal, REFUSED_STATUS, CHALLENGE, REFUSED_BODY)
            return
        await send({"type": "websocket.accept", "subprotocol": admission.subprotocol})
        # An idle station should not hold on to the headers it came with.
        scope.clear()
        await self._reception.serve(admission, _AsgiSocket(receive, send))


def station_in(path: str) -> str:
    """The station's id in a path that is still encoded."""
    return unquote(path.rpartition("/")[2])


def _handshake(scope: MutableMapping[str, Any], proxies: TrustedProxies) -> Handshake:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    transport = scope["extensions"][TRANSPORT]
    secure, names = secure_and_names(
        headers,
        address=transport["address"],
        tls=transport["tls"],
        certificate=None,
        proxies=proxies,
    )
    return Handshake(
        station_in(scope["raw_path"].decode("latin-1")),
        secure,
        headers.get("authorization"),
        names,
        tuple(scope["subprotocols"]),
        transport["address"],
    )


async def _respond(
    send: _Send, kind: str, status: int, header: tuple[str, str], body: bytes
) -> None:
    plain = (header, ("Content-Length", str(len(body))), ("Content-Type", "text/plain"))
    lines = [(name.lower().encode(), value.encode()) for name, value in plain]
    await send({"type": f"{kind}.start", "status": status, "headers": lines})
    await send({"type": f"{kind}.body", "body": body})


class _AsgiSocket:
    """A websocket of ASGI."""

    def __init__(self, receive: _Receive, send: _Send) -> None:
        self._receive = receive
        self._send = send

    async def receive(self) -> str | bytes:
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise SocketClosed(_ending(message.get("code"), message.get("reason")))
        found: str | bytes | None = message.get("text")
        return found if found is not None else message["bytes"]

    async def send(self, text: str) -> None:
        await self._transmit({"type": "websocket.send", "text": text})

    async def close(self, code: int, reason: str) -> None:
        await self._transmit({"type": "websocket.close", "code": code, "reason": reason})

    async def _transmit(self, message: MutableMapping[str, Any]) -> None:
        try:
            await self._send(message)
        except (OSError, RuntimeError) as error:
            # The server's words for a websocket that is closed, or closing.
            raise SocketClosed("the websocket is closed") from error


def _ending(code: int | None, reason: str | None) -> str:
    said = f": {reason}" if reason else ""
    return f"closed with {code or 'no code'}{said}"
