"""A service from its first signal handler to its last answer: listen, serve, stop in time."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvicorn
import uvloop

from ocpi_hub.service.door import DoorProtocol
from ocpi_hub.service.refusals import PortInUse, ServiceFailed
from ocpi_hub.service.websocket import SocketLimits, WebSocketProtocol

T = TypeVar("T")

# With what else has to be closed after it, a service is gone within ten seconds.
_GRACEFUL_SECONDS = 5
# Longer than partners and proxies keep an idle connection, so that it is they who close it.
_KEEP_ALIVE_SECONDS = 75
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# New objects between two looks for garbage that reference counts do not free. Python's own 700 are
# a handful of requests; each look then goes through all that are in flight.
_GARBAGE_AFTER = 50_000
_SOCKETS = SocketLimits()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a service's main coroutine on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def expect_little_garbage() -> None:
    """For a process that only serves: what is loaded stays, and no collection looks at it again."""
    gc.freeze()
    gc.set_threshold(_GARBAGE_AFTER, *gc.get_threshold()[1:])


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set, from the start of the block to its end."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket with the address, or PortInUse; it listens once `serve` has it.

    Taken before anything else is started, so that a second service says so at once.
    """
    sock = _bind(host, port)
    try:
        yield sock
    finally:
        sock.close()


async def serve(
    app: Callable[..., Any],
    sock: socket.socket,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], None],
    sockets: SocketLimits = _SOCKETS,
) -> None:
    """Serves the app until `stop` is set, then lets the requests in flight finish."""
    config = uvicorn.Config(
        app,
        http=DoorProtocol,
        ws=WebSocketProtocol,
        ws_max_size=sockets.max_size,
        ws_ping_interval=sockets.ping_seconds,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
    )
    server = _Server(config, on_ready)
    async with asyncio.TaskGroup() as tasks:
        stopping = tasks.create_task(_stop_when_asked(server, stop))
        await server.serve(sockets=[sock])
        stopping.cancel()
    if server.broken:
        raise ServiceFailed("the service cannot go on: see the log for the reason")


class _Server(uvicorn.Server):
    """uvicorn that leaves the signals to `stop_signals` and says when it takes connections."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @property
    def broken(self) -> bool:
        """Whether the application did not start, or something it runs in the background ended."""
        return self.lifespan.should_exit or getattr(self.lifespan, "error_occurred", False)

    async def on_tick(self, counter: int) -> bool:
        # uvicorn itself goes on serving when the lifespan has ended with an error.
        return await super().on_tick(counter) or self.broken

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            # uvicorn would end the process, and whatever is open around it.
            self.should_exit = True
        if not self.should_exit:
            self._on_ready()


async def _stop_when_asked(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise PortInUse(f"cannot listen on {host}: {error.strerror}") from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        sock.close()
        reason = "another process does" if error.errno == errno.EADDRINUSE else error.strerror
        raise PortInUse(f"cannot listen on {host} port {port}: {reason}") from error
    return sock
