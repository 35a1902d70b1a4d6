"""Raw servers on 127.0.0.1 that behave as told and record what reached them."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET

OK_BODY = b'{"status_code":1000}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + OK_BODY


@dataclass
class Exchange:
    """One request at a raw server: its number on the connection and overall, and the way back."""

    server: RawServer
    request: bytes
    on_connection: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def drip(self, data: bytes, *, every: float) -> None:
        for byte in data:
            await self.write(bytes((byte,)))
            await asyncio.sleep(every)

    async def hang(self) -> None:
        """Until the client goes away."""
        await self.reader.read()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
        self.writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]


@dataclass
class RawServer:
    """What came in: connections, requests (head and body) and how many connections are open."""

    port: int = 0
    connections: int = 0
    open: int = 0
    most_open: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ocpi"


def answer(data: bytes) -> Behaviour:
    """Answers every request with these bytes and leaves the connection open."""

    async def behave(exchange: Exchange) -> None:
        await exchange.write(data)

    return behave


def answer_and_close(data: bytes) -> Behaviour:
    """Answers with these bytes and closes."""

    async def behave(exchange: Exchange) -> None:
        await exchange.write(data)
        exchange.close()

    return behave


async def hang(exchange: Exchange) -> None:
    """Never answers."""
    await exchange.hang()


@asynccontextmanager
async def raw_server(
    behave: Behaviour, context: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """A server that does `behave` for each request it has read whole."""
    server = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(task := asyncio.current_task())  # type: ignore[arg-type]  # it runs in one
        server.connections += 1
        server.open += 1
        server.most_open = max(server.most_open, server.open)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _serve(server, behave, reader, writer)
        finally:
            server.open -= 1
            writer.close()
            tasks.discard(task)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listening.wait_closed()
        await asyncio.sleep(0)  # the transports end in the loop's next turn


async def _serve(
    server: RawServer,
    behave: Behaviour,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    number = 0
    while not writer.is_closing():
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        body = await reader.readexactly(lengths[0] if lengths else 0)
        server.requests.append(head + body)
        number += 1
        await behave(Exchange(server, head + body, number, reader, writer))
