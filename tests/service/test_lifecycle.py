"""Listening, serving and stopping, over real sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from ocpi_hub.service import lifecycle
from ocpi_hub.service.refusals import PortInUse, ServiceFailed


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with lifecycle.bound("127.0.0.1", 0) as bound:
        yield bound


async def slow(_: Request) -> PlainTextResponse:
    await asyncio.sleep(0.3)
    return PlainTextResponse("done")


async def endless(_: Request) -> PlainTextResponse:
    await asyncio.Event().wait()
    return PlainTextResponse("never")


APP = Starlette(routes=[Route("/slow", slow), Route("/endless", endless)])


async def test_a_request_in_flight_is_answered_after_stop(sock: socket.socket) -> None:
    ready, stop = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(lifecycle.serve(APP, sock, stop=stop, on_ready=ready.set))
        await ready.wait()
        answer = tasks.create_task(_get(sock, "/slow"))
        await asyncio.sleep(0.1)
        stop.set()

    head = answer.result().lower()
    assert head.startswith(b"http/1.1 200")
    assert b"\r\ndate:" in head
    assert b"\r\nserver:" not in head


async def test_a_hanging_request_does_not_hold_up_the_stop_for_long(
    sock: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "_GRACEFUL_SECONDS", 0.2)
    ready, stop = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(3), asyncio.TaskGroup() as tasks:
        tasks.create_task(lifecycle.serve(APP, sock, stop=stop, on_ready=ready.set))
        await ready.wait()
        answer = tasks.create_task(_get(sock, "/endless"))
        await asyncio.sleep(0.1)
        stop.set()

    assert not answer.result().startswith(b"HTTP/1.1 200")


@asynccontextmanager
async def _never_starts(_: Starlette) -> AsyncIterator[None]:
    raise RuntimeError("no database")
    yield


@asynccontextmanager
async def _dies_while_serving(_: Starlette) -> AsyncIterator[None]:
    async def work() -> None:
        await asyncio.sleep(0.2)
        raise RuntimeError("a bug")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work())
        yield


@pytest.mark.parametrize("lifespan", [_never_starts, _dies_while_serving])
async def test_an_app_that_breaks_down_ends_the_service(
    sock: socket.socket, lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]]
) -> None:
    """Half a service would be worse than a restart."""
    app = Starlette(lifespan=lifespan)

    with pytest.raises(ServiceFailed, match="see the log"):
        async with asyncio.timeout(5):
            await lifecycle.serve(app, sock, stop=asyncio.Event(), on_ready=lambda: None)


async def test_sigterm_sets_the_stop_event() -> None:
    with lifecycle.stop_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(1):
            await stop.wait()


def test_a_taken_port_is_one_sentence(sock: socket.socket) -> None:
    sock.listen()
    port = sock.getsockname()[1]

    with pytest.raises(PortInUse) as refused, lifecycle.bound("127.0.0.1", port):
        pass

    assert str(refused.value) == f"cannot listen on 127.0.0.1 port {port}: another process does"
    assert refused.value.exit_code == 69


def test_an_address_that_is_not_ours_is_one_sentence() -> None:
    with pytest.raises(PortInUse, match=r"cannot listen on 192\.0\.2\.1 port 8000: Cannot assign"):
        lifecycle.bound("192.0.2.1", 8000).__enter__()


async def _get(sock: socket.socket, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(f"GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer
