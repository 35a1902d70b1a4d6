"""How many deliveries a CPU-second carries: the lane's client against httpx on aiohttp.

`python -m tests.bench.lane [SECONDS]`: a sink in a process of its own, the same status PATCH from
each client, deliveries per CPU-second of the sending process, and the ratio.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme
import uvloop

from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.connection import request_bytes
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.lane import Lanes
from ocpi_hub.service.tls import tls_context
from ocpi_hub.service.transport import Request, Response

LANES = 50
BODY = b'{"status":"CHARGING","last_updated":"2026-01-01T12:00:00Z"}'
HEADERS = (
    ("Authorization", "Token ZXhhbXBsZS10b2tlbg=="),
    ("X-Request-ID", "7f1c1f0e-6a0e-4a51-8f0e-0d6b0c6f3a11"),
    ("X-Correlation-ID", "0b8a5e54-8f6c-4d6f-9f0e-5d2c3b1a0f99"),
    ("Content-Type", "application/json"),
)
ANSWER_BODY = b'{"status_code":1000,"timestamp":"2026-01-01T12:00:00Z"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    % len(ANSWER_BODY)
) + ANSWER_BODY

Send = Callable[[int], Awaitable[Response]]


class Sink(asyncio.Protocol):
    """Answers 1000 to whatever comes: each request arrives in one piece."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER)  # type: ignore[attr-defined]  # a Transport since it connected


def run_sink(pipe: Pipe, certificate: str | None) -> None:
    """Serves until the pipe is closed; sends its port first."""

    async def serve() -> None:
        context = None
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Sink, "127.0.0.1", 0, ssl=context)
        pipe.send(server.sockets[0].getsockname()[1])
        await loop.run_in_executor(None, pipe.poll, None)
        server.close()

    uvloop.run(serve())


async def rate(send: Send, seconds: float) -> float:
    """Deliveries per CPU-second of this process, `LANES` at a time."""
    end = time.monotonic() + seconds
    sent = 0

    async def loop_of_one(number: int) -> None:
        nonlocal sent
        while time.monotonic() < end:
            response = await send(number)
            if response.status != 200:
                raise RuntimeError(f"the sink answered {response.status}")
            sent += 1

    began = time.process_time()
    await asyncio.gather(*(loop_of_one(number) for number in range(LANES)))
    return sent / (time.process_time() - began)


async def measure(port: int, seconds: float, authority: Path | None) -> dict[str, float]:
    """The rate of each way to send."""
    scheme = "http" if authority is None else "https"
    guard = AddressGuard(allow_private=True)
    context = tls_context(authority)
    request = Request("PATCH", f"{scheme}://127.0.0.1:{port}/ocpi/emsp/2.2.1/x", HEADERS, BODY)
    target = guard.check_url(request.url)
    raw = request_bytes(request, target)
    lanes = Lanes(guard, context)
    client = make_client(guard, context, connections=LANES)
    httpx_transport = HttpxTransport(client)
    ways: dict[str, Send] = {
        "lane, prepared bytes": lambda number: lanes.lane(str(number)).send_raw(
            raw, target, timeout=15, max_answer=256_000
        ),
        "lane, requests": lambda number: lanes.send(str(number), request, timeout=15),
        "httpx on aiohttp": lambda _: httpx_transport.send(request, timeout=15),
    }
    rates = {name: await rate(send, seconds) for name, send in ways.items()}
    lanes.close()
    await client.aclose()
    return rates


def bench(seconds: float, *, tls: bool) -> None:
    """Runs one table and prints it."""
    context = multiprocessing.get_context("spawn")
    with TemporaryDirectory() as folder:
        authority = certificate = None
        if tls:
            issuer = trustme.CA()
            authority, certificate = Path(folder) / "ca.pem", Path(folder) / "server.pem"
            issuer.cert_pem.write_to_path(str(authority))
            issuer.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
                str(certificate)
            )
        ours, theirs = context.Pipe()
        sink = context.Process(
            target=run_sink, args=(theirs, str(certificate) if certificate else None), daemon=True
        )
        sink.start()
        rates = uvloop.run(measure(ours.recv(), seconds, authority))
        ours.send("end")
        sink.join(5)
    baseline = rates["httpx on aiohttp"]
    for name, value in rates.items():
        line = f"{'https' if tls else 'http':6}{name:22}{value:10,.0f}/CPU-s{value / baseline:8.1f}"
        print(line)  # noqa: T201  # a bench prints


def main() -> None:
    """Both tables."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    bench(seconds, tls=False)
    bench(seconds, tls=True)


if __name__ == "__main__":
    main()
