"""Partners that cost nothing: every request is answered at once with bytes made before.

Run as a process of its own: `python -m tests.bench.sink`.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any, cast

import uvloop

from ocpi_hub.protocol.jsontext import dumps
from tests import samples

_HEAD_END = b" HTTP/1.1\r\n"


def envelope(data: Any = None) -> bytes:
    """A whole HTTP answer of code 1000."""
    said = {} if data is None else {"data": data}
    body = dumps(said | {"status_code": 1000, "timestamp": samples.MOMENT})
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


_DONE = envelope()
_BY_METHOD = {
    b"GET": envelope([{"version": "2.2.1", "url": "http://127.0.0.1/2.2.1"}]),
    b"POST": envelope({"allowed": "ALLOWED", "token": samples.token()}),
}


def answer_to(request: bytes) -> bytes:
    """What a partner says to a request: yes."""
    return _BY_METHOD.get(request.partition(b" ")[0], _DONE)


class Sink(asyncio.Protocol):
    """Counts what was written to it; GET /count tells."""

    written = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if _HEAD_END not in data:
            return  # the rest of a request whose head was answered
        method, path, _ = data.split(b" ", 2)
        if path == b"/count":
            self.transport.write(envelope(Sink.written))
            return
        Sink.written += method in (b"PATCH", b"PUT")
        self.transport.write(answer_to(data))


async def main() -> None:
    """Serves until SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await stop.wait()


if __name__ == "__main__":
    uvloop.run(main())
