"""The HTTP protocol of our servers: uvicorn's, with a deadline and a size for the headers.

uvicorn alone keeps a connection that never finishes its headers open for good and takes headers of
any length (T24). Bodies are bounded where they are read, in the OCPI server.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEADER_SECONDS = 10.0
HEADER_BYTES = 32_768


class InOnePiece:
    """A transport that writes what comes in one turn of the event loop at once.

    uvloop writes each piece for itself: the head and the body of an answer would be two system
    calls, and wake the peer twice.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Writes the data in this turn of the loop."""
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(data)

    def close(self) -> None:
        """Writes what there is and closes."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Writes what there is."""
        if self._pieces:
            self._transport.writelines(self._pieces)
            self._pieces.clear()


class DoorProtocol(HttpToolsProtocol):
    """Closes connections that are slow or wasteful before a request is complete."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._in_headers = True
        self._pieces: InOnePiece

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._pieces = InOnePiece(transport, self.loop)
        super().connection_made(self._pieces)  # type: ignore[arg-type]  # all of a Transport
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._in_headers and self._header_bytes:
            if self._header_bytes > HEADER_BYTES:
                self._refuse(431, f"the headers are larger than {HEADER_BYTES} bytes")
            elif self._deadline is None:
                self._expect_headers()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers = True

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._in_headers = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        # What comes next on this connection is the start of another request.
        self._in_headers = True
        self._header_bytes = 0

    def on_response_complete(self) -> None:
        # Before the application does what it has left for after the answer.
        self._pieces.flush()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "this is not an HTTP request")

    def _expect_headers(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._refuse(408, f"the headers took longer than {HEADER_SECONDS:.0f} s")

    def _refuse(self, status: int, message: str) -> None:
        """An OCPI answer even where no request could be read, then the end of the connection."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = f'{{"status_code":2000,"status_message":"{message}","timestamp":"{now}"}}'.encode()
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
            + b"connection: close\r\n\r\n"
            + body
        )
        self.transport.close()
