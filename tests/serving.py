"""Serving ASGI applications on real sockets, in the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

from ocpi_hub.service import lifecycle


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses."""
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@asynccontextmanager
async def serving(app: Any, port: int) -> AsyncIterator[None]:
    """The application on 127.0.0.1 for the time of the block."""
    stop, ready = asyncio.Event(), asyncio.Event()
    with lifecycle.bound("127.0.0.1", port) as sock:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lifecycle.serve(app, sock, stop=stop, on_ready=ready.set))
            await ready.wait()
            try:
                yield
            finally:
                stop.set()
