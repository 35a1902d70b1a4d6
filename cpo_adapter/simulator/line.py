"""A station's connection to its central system: made, lost, made again, and booted once."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from functools import partial
from random import Random
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from cpo_adapter.simulator import configuration as settings
from cpo_adapter.simulator.face import BootReason, registration
from cpo_adapter.simulator.link import Call, CallRefused, Link, LinkClosed
from cpo_adapter.simulator.station import Station
from cpo_adapter.simulator.versions import Version

_OPEN_WITHIN = 10.0
_CLOSE_WITHIN = 2.0
_SAY_THE_REST_WITHIN = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
# Between going down and being up again, in seconds of the day.
_RESTART = 30.0


class Line:
    """Keeps one station connected."""

    def __init__(self, station: Station, version: Version, *, url: str, rng: Random) -> None:
        self._station = station
        self._version = version
        self._url = f"{url.rstrip('/')}/{quote(station.name, safe='')}"
        self._rng = rng
        self._socket: ClientConnection | None = None
        self._allowed = asyncio.Event()
        self._allowed.set()
        self._pause = _FIRST_PAUSE

    def drop(self) -> None:
        """The network fails: without a goodbye, and until it is restored."""
        self._allowed.clear()
        self._station.say("connection drops")
        if self._socket is not None:
            self._socket.transport.abort()

    def restore(self) -> None:
        """The network is there again."""
        self._allowed.set()

    async def keep(self) -> None:
        """Connects, again and again, for ever."""
        while True:
            await self._allowed.wait()
            try:
                await self._connect()
            except (LinkClosed, WebSocketException, OSError) as why:
                self._station.say("is offline", note=str(why) or type(why).__name__)
            if self._station.boots in (BootReason.RESET, BootReason.FIRMWARE):
                await self._station.clock.sleep(_RESTART)
            elif self._allowed.is_set():
                await asyncio.sleep(self._pause * self._rng.uniform(0.5, 1.5))
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    async def _connect(self) -> None:
        key = self._station.configuration.text(settings.KEY)
        credentials = base64.b64encode(f"{self._station.name}:{key}".encode()).decode()
        opening = connect(
            self._url,
            subprotocols=[Subprotocol(self._version.subprotocol)],
            additional_headers={"Authorization": f"Basic {credentials}"},
            compression=None,
            open_timeout=_OPEN_WITHIN,
            close_timeout=_CLOSE_WITHIN,
            proxy=None,
        )
        async with opening as self._socket:
            if self._socket.subprotocol != self._version.subprotocol:
                raise LinkClosed(f"the central system does not speak {self._version.subprotocol}")
            await self._serve(self._socket)

    async def _serve(self, socket: ClientConnection) -> None:
        link = Link(socket, partial(self._version.respond, self._station))
        reasons: list[str] = []
        try:
            # Open before the boot is answered: what is asked for meanwhile is sent after it.
            with self._station.outbox.opened():
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._talk(link, tasks))
                    tasks.create_task(self._hang_up())
                    await link.read()
        except* LinkClosed as closed:
            reasons += [str(each) for each in closed.exceptions]
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # Python 3.11 forgets a cancellation that comes while a group ends by an error.
            raise asyncio.CancelledError
        raise LinkClosed(reasons[0])

    async def _talk(self, link: Link, tasks: asyncio.TaskGroup) -> None:
        booted = self._station.boots is not None
        if booted:
            await self._boot(link)
        self._pause = _FIRST_PAUSE
        self._station.say("is online", note="" if booted else "again")
        self._station.came_online(booted=booted)
        tasks.create_task(self._beat())
        await self._station.outbox.send_to(link)

    async def _boot(self, link: Link) -> None:
        station = self._station
        reason = station.boots or BootReason.POWER_UP
        while True:
            try:
                said = registration(await link.call(station.face.boot(station.name, reason)))
            except CallRefused as error:
                raise LinkClosed(f"the boot was refused: {error}") from error
            if said.accepted:
                break
            station.say("is not accepted yet")
            await asyncio.sleep(max(said.interval, 1))
        station.boots = None
        if said.interval > 0:
            station.configuration.put(settings.HEARTBEAT, str(said.interval))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(max(self._station.configuration.number(settings.HEARTBEAT), 1))
            self._station.outbox.post(lambda: Call("Heartbeat"))

    async def _hang_up(self) -> None:
        await self._station.hangs_up.wait()
        self._station.hangs_up.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SAY_THE_REST_WITHIN):
                await self._station.outbox.sent()
        raise LinkClosed("it restarts")
