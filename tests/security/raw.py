"""HTTP requests byte by byte, for what no HTTP client would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class RawAnswer:
    """The first answer on a connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        """The body as an OCPI envelope."""
        found: dict[str, Any] = json.loads(self.body)
        assert found.keys() >= {"status_code", "timestamp"}, found
        return found


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the server of a URL."""
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def request(
    url: str,
    target: str,
    *,
    method: str = "GET",
    headers: Sequence[tuple[str, str | bytes]],
    body: bytes = b"",
) -> RawAnswer:
    """The answer to a request with exactly this target and these headers, in this order."""
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1"), b"Host: hub", b"Connection: close"]
    lines += [b"Content-Length: %d" % len(body)] if body else []
    for name, value in headers:
        lines.append(
            name.encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        )
    reader, writer = await connect(url)
    try:
        writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        return parsed(await asyncio.wait_for(reader.read(), 10))
    finally:
        writer.close()


def parsed(received: bytes) -> RawAnswer:
    """The answer in what a server sent before it closed the connection."""
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return RawAnswer(int(status_line.split()[1]), headers, body)
