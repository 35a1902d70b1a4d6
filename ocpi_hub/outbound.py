"""Every call the hub makes to a partner goes through here: one place for breaker, trace and quirks.

A call is refused at once while the partner's breaker is open; whatever comes of it moves the
breaker, counts as a sign of life, and leaves an exchange record.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

from ocpi_hub.protocol.client import Client, RefusedByPeer
from ocpi_hub.protocol.errors import OcpiError
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.registration import Handshake
from ocpi_hub.service.breaker import Breaker, heed_pause
from ocpi_hub.service.lane import Lanes
from ocpi_hub.service.transport import ConnectFailed, Request, Response, TransportError
from ocpi_hub.snapshot import Platform
from ocpi_hub.store.exchanges import Exchange, ExchangeWriter

OUT = 1


@dataclass(slots=True)
class Outbound:
    """Calls partners. `clock` is monotonic seconds, `now` the time of day."""

    lanes: Lanes
    exchanges: ExchangeWriter
    hub: Party
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    breakers: dict[str, Breaker] = field(default_factory=dict)
    # When each platform was last heard of, for presence.
    heard: dict[str, datetime] = field(default_factory=dict)

    def breaker(self, platform_id: str) -> Breaker:
        """The platform's breaker."""
        return self.breakers.setdefault(platform_id, Breaker())

    def trust_again(self, platform_id: str) -> None:
        """Forget the failures of a platform that is back."""
        self.breakers.pop(platform_id, None)

    async def alive(self, platform: Platform, *, timeout: float) -> str | None:
        """None when the platform answers GET versions, else why it counts as away.

        It goes past the breaker: this is how an open one learns that the platform is back.
        """
        if platform.versions_url is None or platform.token_out is None:
            return "it has never connected"
        lane = _Lane(self.lanes, platform.id)
        try:
            await Handshake(lane, timeout).versions(
                platform.versions_url,
                platform.token_out,
                plain_token=Quirk.PLAIN_TOKEN in platform.quirks,
            )
        except OcpiError as error:
            return error.message
        return None

    async def send(
        self,
        message: Message,
        platform: Platform,
        *,
        timeout: float,
        urgent: bool = False,
        url: str | None = None,
    ) -> Reply:
        """The partner's answer, or the 4000, 4002 or 4003 that stands for its absence."""
        if Quirk.FROM_HUB in platform.quirks and message.sender is not None:
            message = replace(message, sender=self.hub)
        request_id = str(uuid4())
        client = Client(new_id=lambda: request_id)
        line = _Line(self, platform.id, urgent)
        started = time.perf_counter()
        try:
            reply = await client.send(message, platform, transport=line, timeout=timeout, url=url)
        except RefusedByPeer as error:
            self.breaker(platform.id).unauthorized(self.clock())
            self._record(message, platform, request_id, started, error)
            raise
        except OcpiError as error:
            self._record(message, platform, request_id, started, error)
            raise
        self._record(message, platform, request_id, started, reply)
        return reply

    def _record(
        self,
        message: Message,
        platform: Platform,
        request_id: str,
        started: float,
        result: Reply | OcpiError,
    ) -> None:
        operation = message.operation
        self.exchanges.put(
            Exchange(
                at=self.now(),
                correlation_id=message.correlation_id,
                request_id=request_id,
                leg=OUT,
                platform_id=platform.id,
                module=operation.module,
                interface=operation.interface,
                method=operation.method,
                path=message.tail or operation.path,
                sender=str(message.sender) if message.sender else None,
                receiver=str(message.receiver) if message.receiver else None,
                http_status=result.http_status if isinstance(result, Reply) else None,
                status_code=result.status_code,
                message=result.message,
                milliseconds=round((time.perf_counter() - started) * 1000),
            )
        )


@dataclass(frozen=True, slots=True)
class _Lane:
    """A partner's lane as a Transport."""

    lanes: Lanes
    platform_id: str

    async def send(self, request: Request, *, timeout: float) -> Response:
        return await self.lanes.send(self.platform_id, request, timeout=timeout)


@dataclass(frozen=True, slots=True)
class _Line:
    """A partner's lane with its breaker before it."""

    outbound: Outbound
    platform_id: str
    urgent: bool

    async def send(self, request: Request, *, timeout: float) -> Response:
        outbound = self.outbound
        breaker = outbound.breaker(self.platform_id)
        if not breaker.allows(outbound.clock()):
            raise ConnectFailed("it failed too often lately and is not called now")
        try:
            response = await outbound.lanes.send(
                self.platform_id, request, timeout=timeout, urgent=self.urgent
            )
        except TransportError:
            breaker.failed(outbound.clock())
            raise
        breaker.succeeded(outbound.clock())
        heed_pause(breaker, response, now=outbound.clock(), date=outbound.now())
        outbound.heard[self.platform_id] = outbound.now()
        return response
