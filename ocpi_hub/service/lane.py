"""One lane per partner: its own few connections, its own limits, one deadline over everything.

What a partner does to its lane (hang, drip, flood, close) costs the other lanes nothing. A lane
connects only to addresses the guard has checked, with the name for SNI, certificate and Host.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from functools import partial

from ocpi_hub.service.address import AddressGuard, Target
from ocpi_hub.service.connection import Connection, Stale, request_bytes
from ocpi_hub.service.slots import Queue, Slots
from ocpi_hub.service.tls import reason_of, tls_context
from ocpi_hub.service.transport import (
    AnswerTimeout,
    ConnectFailed,
    Request,
    Response,
    TransportError,
)

CONNECT_LIMIT = 3.0
IDLE_LIMIT = 30.0
_ADDRESSES = 4


class Lane:
    """A Transport to one partner. Made, used and closed in one event loop."""

    def __init__(self, guard: AddressGuard, context: ssl.SSLContext, slots: Slots) -> None:
        self._guard = guard
        self._context = context
        self._slots = slots
        self._queue = Queue()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: deque[Connection] = deque()  # longest idle first
        self._busy: set[Connection] = set()
        self._deadlines = _Timer(self._loop, self._expire)
        self._idles = _Timer(self._loop, self._close_idle)

    async def send(self, request: Request, *, timeout: float, urgent: bool = False) -> Response:
        """The answer, or a TransportError, within `timeout` seconds."""
        target = self._guard.check_url(request.url)
        return await self.send_raw(
            request_bytes(request, target),
            target,
            timeout=timeout,
            max_answer=request.max_answer,
            retryable=request.retryable,
            urgent=urgent,
        )

    async def send_raw(
        self,
        raw: bytes,
        target: Target,
        *,
        timeout: float,
        max_answer: int,
        retryable: bool = False,
        urgent: bool = False,
    ) -> Response:
        """`send` for bytes made by `request_bytes` and a target the guard gave, once for many."""
        deadline = self._loop.time() + timeout
        if not self._slots.enter(self._queue, urgent=urgent):
            await self._wait(deadline, urgent=urgent)
        try:
            connection = self._take_idle(target) or await self._connect(target, deadline)
            try:
                return await self._exchange(connection, raw, deadline, max_answer)
            except Stale:
                if not retryable:
                    raise
            # Not another kept connection: what ended one has likely ended them all.
            fresh = await self._connect(target, deadline)
            return await self._exchange(fresh, raw, deadline, max_answer)
        finally:
            self._slots.leave(self._queue)

    def close(self) -> None:
        """Ends all connections; requests under way fail."""
        self._closed = True
        self._deadlines.stop()
        self._idles.stop()
        for connection in tuple(self._open):
            connection.fail(TransportError("the lane is closed", sent=connection in self._busy))

    async def _wait(self, deadline: float, *, urgent: bool) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await self._slots.wait(self._queue, urgent=urgent)
        except TimeoutError:
            raise AnswerTimeout("the requests before it were not answered in time") from None

    async def _exchange(
        self, connection: Connection, raw: bytes, deadline: float, max_answer: int
    ) -> Response:
        connection.deadline = deadline
        self._busy.add(connection)
        self._deadlines.at(deadline)
        try:
            response = await connection.start(raw, max_answer=max_answer)
        except asyncio.CancelledError:
            connection.abort()  # its answer would be taken for the next one's
            raise
        finally:
            self._busy.discard(connection)
        if connection.open:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
            self._idles.at(connection.idle_since + IDLE_LIMIT)
        return response

    # --- connections ---------------------------------------------------------------------------

    def _take_idle(self, target: Target) -> Connection | None:
        """The connection to the target's origin that was used last: the likeliest to be alive."""
        for connection in reversed(self._idle):
            if connection.open and _same_origin(connection.target, target):
                self._idle.remove(connection)
                return connection
        return None

    async def _connect(self, target: Target, deadline: float) -> Connection:
        if self._closed:
            raise TransportError("the lane is closed")
        if self._idle and len(self._idle) + self._queue.in_flight > self._slots.per_lane:
            self._idle.popleft().abort()
        limit = min(CONNECT_LIMIT, deadline - self._loop.time())
        started = self._loop.time()
        addresses = await self._addresses(target, limit)
        failure = ConnectFailed(f"{target.host} has no address")
        for number, address in enumerate(addresses):
            left = started + limit - self._loop.time()
            try:
                return await self._connect_to(address, target, left / (len(addresses) - number))
            except ConnectFailed as error:
                failure = error
        raise failure

    async def _addresses(self, target: Target, limit: float) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(limit):
                addresses = await self._guard.resolve(target.host, target.port)
        except TimeoutError:
            raise ConnectFailed(f"the name {target.host} did not resolve in time") from None
        return addresses[:_ADDRESSES]

    async def _connect_to(self, address: str, target: Target, limit: float) -> Connection:
        """A connection to this very address, with the name for SNI and the certificate."""
        make = partial(Connection, target, self._forget)
        secure = target.scheme == "https"
        try:
            async with asyncio.timeout(limit):
                _, connection = await self._loop.create_connection(
                    make,
                    address,
                    target.port,
                    ssl=self._context if secure else None,
                    server_hostname=target.host if secure else None,
                )
        except TimeoutError:
            raise ConnectFailed(f"{target.host} did not take the connection in time") from None
        except OSError as error:
            raise ConnectFailed(f"{target.host} cannot be reached: {reason_of(error)}") from error
        if not connection.open:
            raise ConnectFailed(f"{target.host} closed the connection at once")
        if self._closed:
            connection.abort()
            raise TransportError("the lane is closed")
        self._open.add(connection)
        return connection

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    # --- deadlines -----------------------------------------------------------------------------

    def _expire(self, now: float) -> float | None:
        """Fails the requests whose time is over; when to look again."""
        for connection in tuple(self._busy):
            if connection.deadline <= now:
                host = connection.target.host
                connection.fail(AnswerTimeout(f"{host} did not answer in time", sent=True))
                self._busy.discard(connection)
        return min((connection.deadline for connection in self._busy), default=None)

    def _close_idle(self, now: float) -> float | None:
        while self._idle and self._idle[0].idle_since + IDLE_LIMIT <= now:
            self._idle.popleft().abort()
        return self._idle[0].idle_since + IDLE_LIMIT if self._idle else None


class _Timer:
    """Calls `due(now)` when the earliest time asked for has come; `due` says the next, if any.

    One timer for all requests of a lane: a timer each would cost as much as sending.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, due: Callable[[float], float | None]
    ) -> None:
        self._loop = loop
        self._due = due
        self._when = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def at(self, when: float) -> None:
        """Asks to be called at `when` or soon after."""
        if self._handle is None:
            self._arm(when)
        elif when < self._when:
            self._handle.cancel()
            self._arm(when)

    def stop(self) -> None:
        """Asks no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, when: float) -> None:
        self._when = when
        self._handle = self._loop.call_at(when, self._run)

    def _run(self) -> None:
        self._handle = None
        # Timers may fire a little early; without the margin they would fire again at once.
        following = self._due(self._loop.time() + 0.002)
        if following is not None:
            self._arm(following)


class Lanes:
    """The lanes of all partners, over one set of slots."""

    def __init__(
        self,
        guard: AddressGuard,
        context: ssl.SSLContext | None = None,
        slots: Slots | None = None,
    ) -> None:
        self._guard = guard
        self._context = context or tls_context()
        self._slots = slots or Slots()
        self._lanes: dict[str, Lane] = {}

    def lane(self, key: str) -> Lane:
        """The partner's lane."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(self._guard, self._context, self._slots)
        return lane

    async def send(
        self, key: str, request: Request, *, timeout: float, urgent: bool = False
    ) -> Response:
        """The answer over the partner's lane; `urgent` may use the reserved slots."""
        return await self.lane(key).send(request, timeout=timeout, urgent=urgent)

    def remove(self, key: str) -> None:
        """Ends the lane of a partner that left."""
        lane = self._lanes.pop(key, None)
        if lane is not None:
            lane.close()

    def close(self) -> None:
        """Ends all lanes."""
        for key in tuple(self._lanes):
            self.remove(key)


def _same_origin(one: Target, other: Target) -> bool:
    return one.host == other.host and one.port == other.port and one.scheme == other.scheme
