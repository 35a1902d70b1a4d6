"""One HTTP/1.1 connection: writes a prepared request, reads its answer, one at a time.

It knows nothing of redirects, cookies, proxies or compression, and of no peer's good will: head,
headers and body are counted as they arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from ocpi_hub.service.address import Target
from ocpi_hub.service.transport import (
    BadAnswer,
    Request,
    Response,
    TransportError,
    add_header,
    check_headers,
)

HEAD_CAP = 32_768
HEADER_CAP = 128

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Stale(BadAnswer):
    """The peer closed a kept connection as the request was under way; not a byte of answer came."""


def request_bytes(request: Request, target: Target) -> bytes:
    """The request as it is written; TransportError when a header would break out of its line."""
    check_headers(request)
    lines = [
        f"{request.method} {target.path} HTTP/1.1\r\n"
        f"Host: {target.authority}\r\nAccept-Encoding: identity\r\n"
    ]
    lines += [f"{name}: {value}\r\n" for name, value in request.headers]
    if request.body or request.method in _WITH_BODY:
        lines.append(f"Content-Length: {len(request.body)}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("latin-1") + request.body


class Connection(asyncio.Protocol):
    """A connection of a lane. `on_closed` is called once, when it is gone."""

    __slots__ = (
        "_answer",
        "_body",
        "_cap",
        "_complete",
        "_fault",
        "_framed",
        "_head_done",
        "_header_count",
        "_headers",
        "_keep",
        "_on_closed",
        "_parser",
        "_received",
        "_size",
        "_status",
        "_transport",
        "deadline",
        "idle_since",
        "open",
        "served",
        "target",
    )

    def __init__(self, target: Target, on_closed: Callable[[Connection], None]) -> None:
        self.target = target
        self.open = False
        self.served = 0
        self.deadline = 0.0
        self.idle_since = 0.0
        self._on_closed = on_closed
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Response] | None = None
        self._fault = ""
        self._cap = 0
        self._keep = False
        self._received = 0
        self._begin_message()

    def start(self, raw: bytes, *, max_answer: int) -> asyncio.Future[Response]:
        """Writes a request; the future has its answer, or a BadAnswer."""
        self._cap = max_answer
        self._received = 0
        self._begin_message()
        self._answer = answer = asyncio.get_running_loop().create_future()
        self._transport.write(raw)
        return answer

    def fail(self, error: TransportError) -> None:
        """Ends the connection; whoever waits for an answer gets the error."""
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
        self.abort()

    def abort(self) -> None:
        """Closes at once."""
        if self.open:
            self.open = False
            self._transport.abort()

    # --- what the event loop calls -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.open = True

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.abort()  # nobody asked: an answer to nothing would be taken for the next one's
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._keep = False
            if not self._complete:
                self.fail(BadAnswer(self._fault or f"the answer is not HTTP ({error})", began=True))
                return
        if self._complete:
            self._finish()
        elif self._received > HEAD_CAP + (2 * self._cap if self._head_done else 0):
            # Twice the cap leaves room for the framing of chunks, not for chunks of one byte.
            self.fail(BadAnswer(self._too_large(), began=True))

    def eof_received(self) -> None:
        if self._answer is not None and self._head_done and not self._framed:
            self._complete = True
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None:
            self.fail(self._lost())
        self.open = False
        self._on_closed(self)

    # --- what the parser calls -----------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._complete:
            self._fault = "more came than one answer"
            raise ValueError(self._fault)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_count += 1
        if self._header_count > HEADER_CAP:
            self._refuse(f"the answer has more than {HEADER_CAP} headers")
        if not self._head_done:  # what comes after a chunked body says nothing we use
            add_header(self._headers, name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self._status < 200:
            return
        self._head_done = True
        headers = self._headers
        length = headers.get("content-length")
        coding = headers.get("transfer-encoding", "chunked").lower()
        self._framed = length is not None or "transfer-encoding" in headers
        if headers.get("content-encoding", "identity").lower() != "identity" or coding != "chunked":
            self._refuse("the answer is compressed, which was not asked for")
        if length is not None and int(length) > self._cap:
            self._refuse(self._too_large())

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > self._cap:
            self._refuse(self._too_large())
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._status < 200:
            self._begin_message()  # 100 Continue and 103 Early Hints come before the answer
            return
        self._complete = True
        self._keep = self._parser.should_keep_alive()

    # -------------------------------------------------------------------------------------------

    def _begin_message(self) -> None:
        self._status = 0
        self._headers: dict[str, str] = {}
        self._header_count = 0
        self._body: list[bytes] = []
        self._size = 0
        self._head_done = False
        self._framed = False
        self._complete = False

    def _refuse(self, fault: str) -> None:
        self._fault = fault
        raise ValueError(fault)

    def _too_large(self) -> str:
        return f"the answer is over {self._cap} bytes"

    def _lost(self) -> BadAnswer:
        if self._received:
            return BadAnswer("the peer closed in the middle of its answer", began=True)
        kind = Stale if self.served else BadAnswer
        return kind("the peer closed without an answer", began=False)

    def _finish(self) -> None:
        answer, self._answer = self._answer, None
        self.served += 1
        if not self._keep or self._transport.get_write_buffer_size():
            self.abort()
        if answer is not None and not answer.done():
            answer.set_result(Response(self._status, self._headers, b"".join(self._body)))
