"""A central system on a real socket; its ports keep what they are told and answer by a table."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.routing import Mount

from cpo_adapter.ocpp.answers import (
    Acknowledged,
    Answer,
    Authorization,
    AuthorizationStatus,
    AuthorizeAnswer,
    BootAnswer,
    CertificateStatusAnswer,
    DataTransferAnswer,
    DataTransferStatus,
    HeartbeatAnswer,
    RegistrationStatus,
    SigningAnswer,
    StartAnswer,
    TransactionAnswer,
)
from cpo_adapter.ocpp.connection import Connection, Wiring
from cpo_adapter.ocpp.endpoint import Endpoint
from cpo_adapter.ocpp.events import (
    AuthorizeRequested,
    Booted,
    CertificateStatusRequested,
    DataTransferred,
    Event,
    HeartbeatReceived,
    SigningRequested,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from cpo_adapter.ocpp.listener import listening
from cpo_adapter.ocpp.ports import FrameRecord, Link, SecurityProfile, StationCredentials
from cpo_adapter.ocpp.reception import Reception
from cpo_adapter.ocpp.registry import Registry
from cpo_adapter.ocpp.security import Doorkeeper, TrustedProxies, key_hmac
from ocpi_hub.service import lifecycle
from ocpi_hub.service.websocket import SocketLimits
from tests.serving import free_port

SERVER_KEY = b"the server's key"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_SECONDS = 5

E = TypeVar("E", bound=Event)


def open_station(**fields: Any) -> StationCredentials:
    """A station of profile 0 that has booted before."""
    return StationCredentials(
        **{"profile": SecurityProfile.NONE, "status": RegistrationStatus.ACCEPTED, **fields}
    )


def keyed_station(
    key: str, profile: SecurityProfile = SecurityProfile.BASIC, **fields: Any
) -> StationCredentials:
    """A station with a Basic key that has booted before."""
    return open_station(profile=profile, key_hmac=key_hmac(SERVER_KEY, key), **fields)


@dataclass
class Ports:
    """All the ports: what they know, what they answer, and what they were told."""

    stations: dict[str, StationCredentials] = field(default_factory=dict)
    unknown: StationCredentials | None = None
    boot: RegistrationStatus = RegistrationStatus.ACCEPTED
    authorization: AuthorizationStatus = AuthorizationStatus.ACCEPTED
    events: list[Event] = field(default_factory=list)
    frames: list[tuple[str, FrameRecord]] = field(default_factory=list)
    coming: list[Link] = field(default_factory=list)
    going: list[tuple[Link, str]] = field(default_factory=list)
    # Awaited before an event of this kind is answered.
    before: dict[type[Event], Callable[[Event], Awaitable[None]]] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    async def credentials(self, station_id: str) -> StationCredentials | None:
        return self.stations.get(station_id, self.unknown)

    async def handle(self, station_id: str, event: Event) -> Answer:
        before = self.before.get(type(event))
        if before is not None:
            await before(event)
        self.events.append(event)
        return self._answer(event)

    def _answer(self, event: Event) -> Answer:
        authorization = Authorization(self.authorization)
        match event:
            case Booted():
                return BootAnswer(self.boot, 300, NOW)
            case HeartbeatReceived():
                return HeartbeatAnswer(NOW)
            case AuthorizeRequested():
                return AuthorizeAnswer(authorization)
            case TransactionStarted():
                return StartAnswer(next(self._numbers), authorization)
            case TransactionUpdated() | TransactionEnded():
                return TransactionAnswer()
            case DataTransferred():
                return DataTransferAnswer(DataTransferStatus.UNKNOWN_VENDOR_ID)
            case SigningRequested():
                return SigningAnswer(accepted=True)
            case CertificateStatusRequested():
                return CertificateStatusAnswer(None)
            case _:
                return Acknowledged()

    async def connected(self, link: Link) -> None:
        self.coming.append(link)

    async def disconnected(self, link: Link, reason: str) -> None:
        self.going.append((link, reason))

    def frame(self, station_id: str, record: FrameRecord) -> None:
        self.frames.append((station_id, record))

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class Central:
    """A running central system: where it is, and what is behind it."""

    port: int
    ports: Ports
    registry: Registry
    secure: bool = False

    @property
    def url(self) -> str:
        """Where stations connect, without their id."""
        return f"{'wss' if self.secure else 'ws'}://127.0.0.1:{self.port}/ocpp"

    async def connection(self, station_id: str) -> Connection:
        """The station's connection, as soon as there is one."""
        await until(lambda: self.registry.get(station_id) is not None)
        found = self.registry.get(station_id)
        assert found is not None
        return found


def reception(ports: Ports, registry: Registry) -> Reception:
    """What takes stations in."""
    numbers = count(1)
    wiring = Wiring(ports, ports, lambda: datetime.now(UTC), lambda: f"ours-{next(numbers)}")
    return Reception(Doorkeeper(ports, SERVER_KEY), ports, registry, wiring)


@asynccontextmanager
async def on_shared_port(
    ports: Ports, *, trusted: tuple[str, ...] = (), ping_seconds: float = 20
) -> AsyncIterator[Central]:
    """The central system as an ASGI app on the port of a service."""
    registry = Registry()
    endpoint = Endpoint(reception(ports, registry), TrustedProxies.parse(trusted))
    port = free_port()
    app = Starlette(routes=[Mount("/ocpp", endpoint)])
    stop, ready = asyncio.Event(), asyncio.Event()
    limits = SocketLimits(ping_seconds=ping_seconds)
    with lifecycle.bound("127.0.0.1", port) as sock:
        async with asyncio.TaskGroup() as tasks:
            serving = lifecycle.serve(app, sock, stop=stop, on_ready=ready.set, sockets=limits)
            tasks.create_task(serving)
            await ready.wait()
            try:
                yield Central(port, ports, registry)
            finally:
                stop.set()


@asynccontextmanager
async def on_own_port(
    ports: Ports,
    *,
    trusted: tuple[str, ...] = (),
    ping_seconds: float = 20,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Central]:
    """The central system on a port of its own."""
    registry = Registry()
    port = free_port()
    with lifecycle.bound("127.0.0.1", port) as sock:
        async with listening(
            reception(ports, registry),
            sock,
            limits=SocketLimits(ping_seconds=ping_seconds),
            proxies=TrustedProxies.parse(trusted),
            tls=tls,
        ):
            yield Central(port, ports, registry, secure=tls is not None)


FRONTS = {"shared port": on_shared_port, "own port": on_own_port}


async def until(true: Callable[[], bool], *, seconds: float = _SECONDS) -> None:
    """Returns once it is true."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.005)
