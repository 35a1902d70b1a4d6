"""Connections that are slow, half open or too large: closed in time, and nobody else waits (T24).

The deadlines are shortened; that they are 10 and 15 seconds otherwise is said where they are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from ocpi_hub.protocol import server
from ocpi_hub.service import door
from tests.parties import encoded
from tests.security import raw
from tests.security.scene import Scene

_SECONDS = 0.3
# Less than the deadlines that count otherwise, and more than a busy machine needs.
_IN_TIME = 8


@pytest.fixture
def impatient(hub: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The hub with short deadlines."""
    monkeypatch.setattr(door, "HEADER_SECONDS", _SECONDS)
    running = hub.network.app.running
    assert running is not None
    monkeypatch.setattr(running.server, "body_timeout", _SECONDS)
    monkeypatch.setattr(server, "_DRAIN_SECONDS", _SECONDS)
    return hub


def _request_line(hub: Scene, length: str) -> bytes:
    return (
        "POST /ocpi/receiver/2.2.1/cdrs HTTP/1.1\r\nHost: hub\r\n"
        f"Authorization: Token {encoded(hub.cpo.hub_token)}\r\n{length}\r\n\r\n"
    ).encode()


async def _dripped(piece: bytes) -> AsyncIterator[bytes]:
    """A piece again and again, each before the deadline of a pause would be over."""
    while True:
        yield piece
        await asyncio.sleep(_SECONDS / 10)


async def _answer_to(hub: Scene, first: bytes, drip: bytes = b"") -> tuple[raw.RawAnswer, float]:
    """What is answered to bytes and what drips behind them, and after how many seconds."""
    reader, writer = await raw.connect(hub.network.url)
    started = time.monotonic()
    writer.write(first)
    dripping = asyncio.create_task(_drip(writer, drip))
    try:
        # Who goes on sending to a closed connection loses the answer that is on its way.
        received = await asyncio.wait_for(reader.read(1), 10)
        dripping.cancel()
        received += await asyncio.wait_for(reader.read(), 10)
    finally:
        dripping.cancel()
        writer.close()
    return raw.parsed(received), time.monotonic() - started


async def _drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    async for bytes_ in _dripped(piece):
        writer.write(bytes_)


HALF_HEADERS = {
    "a request line": b"GET /ocpi/versions HT",
    "some headers": b"GET /ocpi/versions HTTP/1.1\r\nHost: hub\r\n",
    "all but the last byte": b"GET /ocpi/versions HTTP/1.1\r\nHost: hub\r\n\r",
}


@pytest.mark.parametrize("sent", HALF_HEADERS.values(), ids=HALF_HEADERS)
async def test_headers_that_stop_are_408_and_the_end(impatient: Scene, sent: bytes) -> None:
    answer, seconds = await _answer_to(impatient, sent)

    assert (answer.status, answer.envelope["status_code"]) == (408, 2000)
    assert answer.headers["connection"] == "close"
    assert _SECONDS * 0.8 <= seconds < _IN_TIME


async def test_headers_that_drip_have_one_deadline(impatient: Scene) -> None:
    """A byte now and then does not begin the time anew."""
    first = b"GET /ocpi/versions HTTP/1.1\r\nX-Slow: "

    answer, seconds = await _answer_to(impatient, first, drip=b"x")

    assert answer.status == 408
    assert seconds < _IN_TIME


async def test_a_connection_that_says_nothing_is_closed(impatient: Scene) -> None:
    reader, writer = await raw.connect(impatient.network.url)

    received = await asyncio.wait_for(reader.read(), _IN_TIME)
    writer.close()

    assert raw.parsed(received).status == 408


HALF_BODIES = {
    "none of it": ("Content-Length: 100", b"", b""),
    "half of it": ("Content-Length: 100", b'{"id": "x', b""),
    "a drip of it": ("Content-Length: 100000", b"{", b" "),
    "no chunk": ("Transfer-Encoding: chunked", b"", b""),
    "half a chunk": ("Transfer-Encoding: chunked", b"40\r\n{", b""),
    "chunks for ever": ("Transfer-Encoding: chunked", b"", b"1\r\n \r\n"),
}


@pytest.mark.parametrize(("length", "body", "drip"), HALF_BODIES.values(), ids=HALF_BODIES)
async def test_a_body_that_does_not_come_is_408_and_the_end(
    impatient: Scene, length: str, body: bytes, drip: bytes
) -> None:
    before = await impatient.stored()

    answer, seconds = await _answer_to(impatient, _request_line(impatient, length) + body, drip)

    assert (answer.status, answer.envelope["status_code"]) == (408, 2000)
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"]
    assert seconds < _IN_TIME
    assert await impatient.stored() == before


async def test_a_body_that_breaks_off_leaves_nothing(hub: Scene) -> None:
    before = await hub.stored()
    _, writer = await raw.connect(hub.network.url)

    writer.write(_request_line(hub, "Content-Length: 100") + b'{"id": ')
    await writer.drain()
    writer.close()
    after = await hub.ask(hub.cpo, "GET", "/versions")

    assert after.status == (200, 1000)
    assert await hub.stored() == before


TOO_LARGE = {
    "one header": b"X-Large: " + b"x" * 40_000,
    "many headers": b"\r\n".join(b"X-%d: %s" % (n, b"x" * 100) for n in range(400)),
    "a long target": b"",
}


@pytest.mark.parametrize("headers", TOO_LARGE.values(), ids=TOO_LARGE)
async def test_headers_that_are_too_large_are_431(hub: Scene, headers: bytes) -> None:
    target = b"/ocpi/versions?" + (b"" if headers else b"x" * 40_000)

    # Without their end: what is too large is refused before it is complete.
    answer, _ = await _answer_to(hub, b"GET " + target + b" HTTP/1.1\r\n" + headers)

    assert (answer.status, answer.envelope["status_code"]) == (431, 2000)
    assert answer.headers["connection"] == "close"


NO_HTTP = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
    "a mail server's greeting": b"EHLO hub.example\r\n\r\n",
    "a method with a space": b"GE T / HTTP/1.1\r\n\r\n",
    "two lengths": (
        b"POST /ocpi/versions HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
    ),
    "a length and chunks": (
        b"POST /ocpi/versions HTTP/1.1\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a negative length": b"POST /ocpi/versions HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length in hexadecimal": b"POST /ocpi/versions HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n",
    "a folded header": b"GET /ocpi/versions HTTP/1.1\r\nX-A: b\r\n c: d\r\n\r\n",
    "a space before the colon": b"GET /ocpi/versions HTTP/1.1\r\nHost : hub\r\n\r\n",
}


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP)
async def test_what_is_no_http_is_refused_in_the_shape_of_ocpi(
    impatient: Scene, sent: bytes
) -> None:
    """ROB-05, T38: also what another server in front could read differently."""
    answer, _ = await _answer_to(impatient, sent)

    assert answer.status in {400, 408}, answer
    assert answer.envelope["status_code"] == 2000


async def test_two_hundred_half_open_connections_hold_up_nobody(hub: Scene) -> None:
    """T24: everybody else is answered long before theirs is over."""
    half_open = [await raw.connect(hub.network.url) for _ in range(200)]
    for _, writer in half_open:
        writer.write(_request_line(hub, "Content-Length: 100") + b"{")

    async with asyncio.timeout(_IN_TIME):
        answers = [await hub.ask(hub.emsp, "GET", "/versions") for _ in range(20)]
    for _, writer in half_open:
        writer.close()

    assert {answer.status for answer in answers} == {(200, 1000)}
