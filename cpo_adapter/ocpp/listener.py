"""A port of its own for stations: plain, or with TLS and their client certificates."""

from __future__ import annotations

import socket as sockets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from cpo_adapter.ocpp.endpoint import CHALLENGE, REFUSED_BODY, REFUSED_STATUS, station_in
from cpo_adapter.ocpp.reception import Admission, Reception
from cpo_adapter.ocpp.security import Handshake, TrustedProxies, secure_and_names
from cpo_adapter.ocpp.socket import SocketClosed
from ocpi_hub.service.keepalive import Keepalive
from ocpi_hub.service.websocket import SocketLimits

_OPEN_SECONDS = 10
_CLOSE_SECONDS = 2
_WAITING_MESSAGES = 4


def server_tls(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later. With an authority for clients their certificates are verified by it, if
    they show one: stations of profile 2 have none."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


@asynccontextmanager
async def listening(
    reception: Reception,
    sock: sockets.socket,
    *,
    limits: SocketLimits,
    proxies: TrustedProxies,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[None]:
    """Stations are served on the bound socket for the time of the block."""
    front = _Front(reception, proxies)
    server = serve(
        front.handle,
        sock=sock,
        ssl=tls,
        process_request=front.process_request,
        select_subprotocol=front.select_subprotocol,
        create_connection=_StationConnection,
        ping_interval=limits.ping_seconds,
        compression=None,
        max_size=limits.max_size,
        max_queue=_WAITING_MESSAGES,
        open_timeout=_OPEN_SECONDS,
        close_timeout=_CLOSE_SECONDS,
        server_header=None,
    )
    async with server:
        yield


class _StationConnection(ServerConnection):
    """A websocket whose peer is alive as long as it sends anything."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.admission: Admission | None = None
        self._keepalive = Keepalive(self.ping_interval or 0, self._send_ping, self._drop)

    def start_keepalive(self) -> None:
        self._keepalive.start()

    def data_received(self, data: bytes) -> None:
        self._keepalive.heard()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._keepalive.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._keepalive.blocked()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._keepalive.unblocked()

    def _send_ping(self) -> None:
        self.protocol.send_ping(b"")
        self.send_data()

    def _drop(self) -> None:
        self.transport.abort()


def _station(connection: ServerConnection) -> _StationConnection:
    if not isinstance(connection, _StationConnection):
        raise TypeError(f"expected a station's connection, got {type(connection).__name__}")
    return connection


class _Front:
    """What `websockets` asks for each station."""

    def __init__(self, reception: Reception, proxies: TrustedProxies) -> None:
        self._reception = reception
        self._proxies = proxies

    async def process_request(
        self, connection: ServerConnection, request: Request
    ) -> Response | None:
        """The refusal, if it is one."""
        handshake = _handshake(connection, request, self._proxies)
        admission = await self._reception.admit(handshake)
        if admission is not None:
            _station(connection).admission = admission
            return None
        response = connection.respond(HTTPStatus(REFUSED_STATUS), REFUSED_BODY.decode())
        name, value = CHALLENGE
        response.headers[name] = value
        return response

    def select_subprotocol(
        self, connection: ServerConnection, offered: object
    ) -> Subprotocol | None:
        """What the handshake is answered with."""
        admission = _station(connection).admission
        if admission is None or admission.subprotocol is None:
            return None
        return Subprotocol(admission.subprotocol)

    async def handle(self, connection: ServerConnection) -> None:
        """Serves the station."""
        admission = _station(connection).admission
        if admission is not None:
            await self._reception.serve(admission, _ListenerSocket(connection))


def _handshake(
    connection: ServerConnection, request: Request, proxies: TrustedProxies
) -> Handshake:
    # Of a header that is there twice the last value counts, as on the shared port.
    headers = {name.lower(): value for name, value in request.headers.raw_items()}
    tls = connection.transport.get_extra_info("ssl_object")
    address = connection.remote_address[0] if connection.remote_address else None
    secure, names = secure_and_names(
        headers,
        address=address,
        tls=tls is not None,
        certificate=None if tls is None else tls.getpeercert(),
        proxies=proxies,
    )
    offered = request.headers.get_all("Sec-WebSocket-Protocol")
    return Handshake(
        station_in(request.path.partition("?")[0]),
        secure,
        headers.get("authorization"),
        names,
        tuple(each.strip() for line in offered for each in line.split(",")),
        address,
    )


class _ListenerSocket:
    """A websocket of `websockets`."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise SocketClosed(str(closed)) from None

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed as closed:
            raise SocketClosed(str(closed)) from None

    async def close(self, code: int, reason: str) -> None:
        await self._connection.close(code, reason)
