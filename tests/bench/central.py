"""What stations connect to in the bench, as processes: our endpoint, our listener, a bare echo.

`python -m tests.bench.central shared|own|echo`; events are answered at once, nothing is kept.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import uvloop
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from websockets.asyncio.server import ServerConnection, serve

from cpo_adapter.ocpp.answers import (
    Acknowledged,
    Answer,
    BootAnswer,
    RegistrationStatus,
)
from cpo_adapter.ocpp.connection import Wiring
from cpo_adapter.ocpp.endpoint import Endpoint
from cpo_adapter.ocpp.events import Booted, Event
from cpo_adapter.ocpp.listener import listening
from cpo_adapter.ocpp.ports import FrameRecord, Link, SecurityProfile, StationCredentials
from cpo_adapter.ocpp.reception import Reception
from cpo_adapter.ocpp.registry import Registry
from cpo_adapter.ocpp.security import Doorkeeper, TrustedProxies
from ocpi_hub.service import lifecycle
from ocpi_hub.service.websocket import SocketLimits

_OPEN = StationCredentials(SecurityProfile.NONE, status=RegistrationStatus.ACCEPTED)


class _Ports:
    """Everybody may come, everything is answered."""

    async def credentials(self, station_id: str) -> StationCredentials | None:
        return _OPEN

    async def handle(self, station_id: str, event: Event) -> Answer:
        if isinstance(event, Booted):
            return BootAnswer(RegistrationStatus.ACCEPTED, 300, datetime.now(UTC))
        return Acknowledged()

    async def connected(self, link: Link) -> None:
        pass

    async def disconnected(self, link: Link, reason: str) -> None:
        pass

    def frame(self, station_id: str, record: FrameRecord) -> None:
        pass


def _reception() -> Reception:
    ports = _Ports()
    wiring = Wiring(ports, ports, lambda: datetime.now(UTC), lambda: "ours")
    return Reception(Doorkeeper(ports, b"key"), ports, Registry(), wiring)


@asynccontextmanager
async def _shared(sock: socket.socket) -> AsyncIterator[None]:
    endpoint, rest = Endpoint(_reception(), TrustedProxies()), Starlette()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # As the adapter does it: nothing stands between the server and the endpoint.
        await (rest if scope["type"] == "lifespan" else endpoint)(scope, receive, send)

    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lifecycle.serve(app, sock, stop=stop, on_ready=ready.set))
        await ready.wait()
        yield
        stop.set()


@asynccontextmanager
async def _own(sock: socket.socket) -> AsyncIterator[None]:
    front = listening(_reception(), sock, limits=SocketLimits(), proxies=TrustedProxies())
    async with front:
        yield


@asynccontextmanager
async def _echo(sock: socket.socket) -> AsyncIterator[None]:
    async def answer(websocket: ServerConnection) -> None:
        async for message in websocket:
            await websocket.send(message)

    async with serve(answer, sock=sock, compression=None):
        yield


_KINDS: dict[str, Callable[[socket.socket], AbstractAsyncContextManager[None]]] = {
    "shared": _shared,
    "own": _own,
    "echo": _echo,
}


async def main(kind: str) -> None:
    """Serves until told to stop; says its port first."""
    with lifecycle.stop_signals() as stop, lifecycle.bound("127.0.0.1", 0) as sock:
        lifecycle.expect_little_garbage()
        async with _KINDS[kind](sock):
            sys.stdout.write(json.dumps({"port": sock.getsockname()[1]}) + "\n")
            sys.stdout.flush()
            await stop.wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
