"""Every call to a peer goes through here: the way, the routing headers, the deadline, the breaker.

Source: 2.2.1 transport and format, Message Routing; checklist section 10.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.peers import Peer, Peers
from ocpi_hub.protocol.client import Client, RefusedByPeer
from ocpi_hub.protocol.errors import (
    InvalidParameters,
    OcpiError,
    ReceiverNotConnected,
    UnknownReceiver,
)
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.registration import Handshake
from ocpi_hub.protocol.urls import check_url, origin, segment
from ocpi_hub.protocol.validation import check, check_patch
from ocpi_hub.service.breaker import Breaker, State, heed_pause
from ocpi_hub.service.lane import Lanes
from ocpi_hub.service.transport import ConnectFailed, Request, Response, TransportError


@dataclass(slots=True)
class Outgoing:
    """Calls peers, each over its own lane. `timeout` is in seconds, `clock` monotonic.

    `sent` and `failed` count requests: all of them, and those without a usable answer.
    """

    identity: Identity
    peers: Peers
    lanes: Lanes
    timeout: float
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sent: int = 0
    failed: int = 0
    _breakers: dict[str, Breaker] = field(default_factory=dict)
    # When each peer was last heard of.
    _heard: dict[str, datetime] = field(default_factory=dict)

    async def send(
        self,
        operation: Operation,
        *,
        to: Party | None = None,
        peer: Peer | None = None,
        params: Mapping[str, str] | None = None,
        query: str = "",
        body: Mapping[str, Any] | None = None,
        url: str | None = None,
        timeout: float | None = None,
        correlation_id: str | None = None,
        urgent: bool = False,
    ) -> Reply:
        """The peer's answer within `timeout` seconds, or the OcpiError that says why there is none.

        Without `peer` the way to `to` is looked up: 4001 when there is none, 4003 when the hub says
        that the party is not there. `params` are the ids of the path; of a client-owned object the
        owner is us. `url` goes past the endpoint: a response_url, a next page. `urgent` is for what
        somebody waits for.
        """
        _check_own(operation, body)
        way = peer if peer is not None else self._way(to)
        if url is not None:
            _check_origin(url, way)
        message = Message(
            operation=operation,
            request_id="",
            correlation_id=correlation_id or str(uuid4()),
            tail="" if url is not None else self._tail(operation, params or {}),
            query=query,
            sender=self.identity.party,
            receiver=self._addressee(operation, to, way),
            body=b"" if body is None else dumps(body),
        )
        return await self._call(message, way, url=url, timeout=timeout, urgent=urgent)

    def addressees(self, operation: Operation, peer: Peer) -> list[Party]:
        """Whom a peer is told what is for everybody: a hub tells the rest itself (RTE-12), of
        another platform each party that takes it is one request (RTE-31)."""
        return [peer.hub] if peer.hub is not None else peer.parties(operation.receivers)

    def heard(self, peer: Peer) -> bool:
        """A message of the peer came in; True when it had counted as away and is tried again."""
        self._heard[peer.id] = self.now()
        if not self.away(peer):
            return False
        self._breakers.pop(peer.id)
        return True

    def breaker(self, peer: Peer) -> Breaker:
        """The peer's breaker."""
        return self._breakers.setdefault(peer.id, Breaker())

    def away(self, peer: Peer) -> bool:
        """Whether the peer failed so often that it is hardly called."""
        return self.breaker(peer).state is not State.CLOSED

    async def alive(self, peer: Peer, *, timeout: float) -> bool:
        """Whether the peer answers GET versions; if so, it is trusted again.

        It goes past the breaker: this is how an open one learns that the peer is back.
        """
        if peer.versions_url is None or peer.token_out is None:
            return False
        plain = Quirk.PLAIN_TOKEN in peer.quirks
        handshake = Handshake(self.lanes.lane(peer.id), timeout)
        try:
            await handshake.versions(peer.versions_url, peer.token_out, plain_token=plain)
        except OcpiError:
            return False
        return self.heard(peer)

    def heard_at(self, peer: Peer) -> datetime | None:
        """When this process last heard of the peer."""
        return self._heard.get(peer.id)

    def forget(self, peer: Peer) -> None:
        """The peer left: its connections end."""
        self.lanes.remove(peer.id)
        self._breakers.pop(peer.id, None)

    # --- one request ---------------------------------------------------------------------------

    def _way(self, to: Party | None) -> Peer:
        found = None if to is None else self.peers.route(to)
        if found is None:
            raise UnknownReceiver(f"no peer of ours leads to {to or 'a party that is not named'}")
        return found

    def _addressee(self, operation: Operation, to: Party | None, peer: Peer) -> Party | None:
        """OCPI-to. To a hub none is an open routing request, for it to find out (RTE-17)."""
        if operation.kind is Kind.CONFIG:
            return None
        if to is not None:
            if peer.is_hub and to != peer.hub and not peer.reaches(to):
                raise ReceiverNotConnected(f"{to} is not connected to {peer.name}")
            return to
        if peer.is_hub:
            broadcast = operation.broadcast or operation.kind is Kind.LIST
            return peer.hub if broadcast else None
        parties = peer.parties(operation.receivers)
        return parties[0] if len(parties) == 1 else None

    def _tail(self, operation: Operation, params: Mapping[str, str]) -> str:
        owner = self.identity.party
        given = {"country_code": owner.country_code, "party_id": owner.party_id, **params}
        return operation.path.format_map({name: segment(value) for name, value in given.items()})

    async def _call(
        self, message: Message, peer: Peer, *, url: str | None, timeout: float | None, urgent: bool
    ) -> Reply:
        self.sent += 1
        try:
            return await Client().send(
                message,
                peer,
                transport=_Line(self, peer, urgent),
                timeout=self.timeout if timeout is None else timeout,
                url=url,
            )
        except RefusedByPeer:
            self.breaker(peer).unauthorized(self.clock())
            raise


@dataclass(frozen=True, slots=True)
class _Line:
    """A peer's lane with its breaker before it."""

    outgoing: Outgoing
    peer: Peer
    urgent: bool

    async def send(self, request: Request, *, timeout: float) -> Response:
        outgoing = self.outgoing
        breaker = outgoing.breaker(self.peer)
        if not breaker.allows(outgoing.clock()):
            outgoing.failed += 1
            raise ConnectFailed("it failed too often lately and is not called now")
        try:
            response = await outgoing.lanes.send(
                self.peer.id, request, timeout=timeout, urgent=self.urgent
            )
        except TransportError:
            outgoing.failed += 1
            breaker.failed(outgoing.clock())
            raise
        breaker.succeeded(outgoing.clock())
        heed_pause(breaker, response, now=outgoing.clock(), date=outgoing.now())
        outgoing._heard[self.peer.id] = outgoing.now()
        return response


def _check_own(operation: Operation, body: Mapping[str, Any] | None) -> None:
    """What leaves here is right, or whoever made it is wrong."""
    if operation.body is None or body is None:
        return
    if operation.patch:
        check_patch(operation.body, body)
    else:
        check(operation.body, body)


def _check_origin(url: str, peer: Peer) -> None:
    """A URL that came in a message. Behind a hub anybody may have named it, and who is called gets
    the token for the hub: it has to be the hub's own server."""
    check_url(url, name="url")
    known = {origin(endpoint) for endpoint in peer.endpoints.values()}
    if peer.is_hub and origin(url) not in known:
        raise InvalidParameters(f"url: {url[:60]!r} is not on the server of the hub, {peer.name}")
