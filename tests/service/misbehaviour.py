"""What broken and hostile peers answer, as tables for the lane and for httpx."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass

from ocpi_hub.service.transport import AnswerTimeout, BadAnswer, TransportError
from tests.service.peers import OK, Behaviour, Exchange, answer, answer_and_close, hang

_HEAD = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True)
class Bad:
    """A misbehaviour and what becomes of it. `began`: whether any byte of an answer came."""

    behave: Behaviour
    error: type[TransportError]
    began: bool | None = None


async def reset(exchange: Exchange) -> None:
    """RST in place of an answer."""
    exchange.reset()


async def reset_after_head(exchange: Exchange) -> None:
    """RST with the body owing."""
    await exchange.write(_HEAD + b"Content-Length: 20\r\n\r\n")
    await asyncio.sleep(0.02)
    exchange.reset()


async def drip_head(exchange: Exchange) -> None:
    """One byte of the head at a time."""
    await exchange.drip(OK, every=0.2)


async def drip_body(exchange: Exchange) -> None:
    """The head, then one byte of the body at a time."""
    await exchange.write(_HEAD + b"Content-Length: 20\r\n\r\n")
    await exchange.drip(b"{" * 20, every=0.2)


async def endless_chunks(exchange: Exchange) -> None:
    """Chunks without end."""
    await exchange.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await exchange.write(b"1000\r\n" + b" " * 4096 + b"\r\n")


async def endless_small_chunks(exchange: Exchange) -> None:
    """Chunks of one byte, each with a long extension, without end."""
    await exchange.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await exchange.write((b"1;" + b"x" * 1000 + b"\r\n \r\n") * 8)


async def endless_header(exchange: Exchange) -> None:
    """A header line without end."""
    await exchange.write(_HEAD + b"X-Long: ")
    while True:
        await exchange.write(b"x" * 8192)


async def endless_interim(exchange: Exchange) -> None:
    """100 Continue without end."""
    while True:
        await exchange.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


async def endless_body(exchange: Exchange) -> None:
    """A body until the connection closes, which it never does."""
    await exchange.write(_HEAD + b"\r\n")
    while True:
        await exchange.write(b" " * 65_536)


def _compressed(body: bytes) -> bytes:
    packed = gzip.compress(body)
    return _HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed


# F7, F8, F10, F12. Each is the answer of both clients.
BAD: dict[str, Bad] = {
    "hang": Bad(hang, AnswerTimeout),
    "drip head": Bad(drip_head, AnswerTimeout),
    "drip body": Bad(drip_body, AnswerTimeout),
    "half a head": Bad(answer(_HEAD + b"Content-"), AnswerTimeout),
    "no bytes and FIN": Bad(answer_and_close(b""), BadAnswer, began=False),
    "no bytes and RST": Bad(reset, BadAnswer, began=False),
    "head and FIN": Bad(answer_and_close(_HEAD + b"Content-Length: 9\r\n\r\n"), BadAnswer, True),
    "head and RST": Bad(reset_after_head, BadAnswer, True),
    "truncated body": Bad(
        answer_and_close(_HEAD + b"Content-Length: 100\r\n\r\n{"), BadAnswer, True
    ),
    "truncated chunks": Bad(
        answer_and_close(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc"), BadAnswer, True
    ),
    "another protocol": Bad(answer_and_close(b"SSH-2.0-OpenSSH_9.2\r\n"), BadAnswer, True),
    "html without http": Bad(answer_and_close(b"<html>it works</html>\r\n"), BadAnswer, True),
    "status of letters": Bad(answer(b"HTTP/1.1 abc OK\r\n\r\n"), BadAnswer, True),
    "length of letters": Bad(answer(_HEAD + b"Content-Length: 1e2\r\n\r\n"), BadAnswer, True),
    "length below zero": Bad(answer(_HEAD + b"Content-Length: -1\r\n\r\n"), BadAnswer, True),
    "chunk size of letters": Bad(
        answer(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), BadAnswer, True
    ),
    "length of 1 GB": Bad(
        answer(_HEAD + b"Content-Length: 1000000000\r\n\r\n" + bytes(20_000)), BadAnswer, True
    ),
    "gzip": Bad(answer(_compressed(b"{}")), BadAnswer, True),
    "gzip bomb": Bad(answer(_compressed(bytes(20_000_000))), BadAnswer, True),
    "endless chunks": Bad(endless_chunks, BadAnswer, True),
    "endless body": Bad(endless_body, BadAnswer, True),
    "endless header": Bad(endless_header, BadAnswer, True),
}

# What httpx on aiohttp lets pass or takes its time over, and the lane refuses.
BAD_FOR_A_LANE: dict[str, Bad] = {
    "two lengths": Bad(
        answer(_HEAD + b"Content-Length: 20\r\nContent-Length: 2\r\n\r\n{}"), BadAnswer, True
    ),
    "length and chunks": Bad(
        answer(_HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"),
        BadAnswer,
        True,
    ),
    "compressed chunks": Bad(
        answer(_HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), BadAnswer, True
    ),
    "a line feed in a header": Bad(answer(_HEAD + b"Location: a\n b\r\n\r\n"), BadAnswer, True),
    "a NUL in a header": Bad(answer(_HEAD + b"Location: a\0b\r\n\r\n"), BadAnswer, True),
    "another protocol from now": Bad(
        answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
        BadAnswer,
        True,
    ),
    "10,000 headers": Bad(answer(_HEAD + b"a: b\r\n" * 10_000 + b"\r\n"), BadAnswer, True),
    "200 headers": Bad(answer(_HEAD + b"a: b\r\n" * 200 + b"\r\n"), BadAnswer, True),
    "10,000 trailers": Bad(
        answer(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 10_000),
        BadAnswer,
        True,
    ),
    "endless small chunks": Bad(endless_small_chunks, BadAnswer, True),
    "endless interim answers": Bad(endless_interim, BadAnswer, True),
}


@dataclass(frozen=True)
class Good:
    """An unusual answer, and what it says."""

    behave: Behaviour
    status: int = 200
    body: bytes = b"{}"


GOOD: dict[str, Good] = {
    "plain": Good(answer(_HEAD + b"Content-Length: 2\r\n\r\n{}")),
    "chunked": Good(
        answer(_HEAD + b"Transfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n1;ext=1\r\n}\r\n0\r\n\r\n")
    ),
    "chunked with a trailer": Good(
        answer(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n")
    ),
    "until closed": Good(answer_and_close(_HEAD + b"\r\n{}")),
    "connection close": Good(
        answer_and_close(_HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
    ),
    "http 1.0": Good(answer_and_close(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}")),
    "http 1.0 until closed": Good(answer_and_close(b"HTTP/1.0 200 OK\r\n\r\n{}")),
    "100 continue first": Good(
        answer(b"HTTP/1.1 100 Continue\r\n\r\n" + _HEAD + b"Content-Length: 2\r\n\r\n{}")
    ),
    "103 early hints first": Good(
        answer(b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" + _HEAD + b"Content-Length: 2\r\n\r\n{}")
    ),
    "204": Good(answer(b"HTTP/1.1 204 No Content\r\n\r\n"), status=204, body=b""),
    "304": Good(answer(b"HTTP/1.1 304 Not Modified\r\n\r\n"), status=304, body=b""),
    "500": Good(answer(b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}"), status=500),
    "no reason phrase": Good(answer(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}")),
    "identity": Good(answer(_HEAD + b"Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}")),
}
