"""The websocket protocol of our servers: uvicorn's, for peers that stay connected for weeks.

Without compression, which costs three times the memory of the rest; with any frame as a sign of
life; and a peer that is not there is dropped even if there is something left to write to it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from ocpi_hub.service.keepalive import Keepalive

# The extension of the scope that says how the peer itself has come: whether by TLS, and from what
# address. In the rest of the scope uvicorn puts what a local proxy claims.
TRANSPORT = "ocpi.transport"


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """The largest message in bytes, and the seconds between two pings."""

    max_size: int = 65_536
    ping_seconds: float = 30.0


class Inbox:
    """What a websocket has received, for its one reader: an `asyncio.Queue` in a tenth of its
    memory and time."""

    __slots__ = ("_items", "_loop", "_reader")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._items: list[Any] = []
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        """Adds an item."""
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:
        """The oldest item, as soon as there is one."""
        while not self._items:
            self._reader = self._loop.create_future()
            await self._reader
        return self._items.pop(0)

    def empty(self) -> bool:
        """Whether there is nothing to get."""
        return not self._items


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """The largest message and the seconds between pings are uvicorn's `ws_max_size` and
    `ws_ping_interval`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = Inbox(self.loop)  # type: ignore[assignment]  # all that is used of a Queue
        self._keepalive = Keepalive(self.ping_interval or 0, self._send_ping, self._drop)

    async def run_asgi(self) -> None:
        address = self.client[0] if self.client else None
        transport: dict[object, object] = {"tls": self.scheme == "wss", "address": address}
        self.scope["extensions"] = {**(self.scope["extensions"] or {}), TRANSPORT: transport}
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # uvicorn takes a refusal for a handshake that was forgotten, and logs an error.
            self.handshake_complete = True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._keepalive.stop()

    def data_received(self, data: bytes) -> None:
        self._keepalive.heard()
        super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._keepalive.blocked()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._keepalive.unblocked()

    def start_keepalive(self) -> None:
        # It is open: nothing asks for its handshake any more.
        del self.request, self.response
        if self.ping_interval:
            self._keepalive.start()

    def stop_keepalive(self) -> None:
        self._keepalive.stop()

    def _send_ping(self) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.conn.send_ping(b"")
            self.transport.write(b"".join(self.conn.data_to_send()))

    def _drop(self) -> None:
        self.transport.abort()
