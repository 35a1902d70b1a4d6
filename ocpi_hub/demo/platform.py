"""A sandbox platform: what every OCPI platform does, whatever its role.

It registers at a hub with an invitation, serves the modules it has handlers for, and calls the
hub. What it serves, and what its version details say, follow from the handlers alone.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from ocpi_hub.demo.tally import Count, Tally
from ocpi_hub.protocol.client import Client, data_of
from ocpi_hub.protocol.errors import (
    InvalidParameters,
    MethodNotAllowed,
    NotFound,
    ObjectNotFound,
    OcpiError,
    Unauthorized,
)
from ocpi_hub.protocol.headers import TokenForms, next_link
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import CONFIGURATION, OPERATIONS, VERSION, Operation, operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.registration import Endpoints, Handshake
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.routes import Routes
from ocpi_hub.protocol.server import Exchange, refusal
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.urls import segment
from ocpi_hub.protocol.validation import check, check_patch
from ocpi_hub.service.transport import Transport

log = logging.getLogger(__name__)

Document = dict[str, Any]
Handler = Callable[[Message], Awaitable[Reply]]

_TIMEOUT = 20.0
_MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class HubCaller:
    """The hub at the door: the only caller there is."""

    id: str = "hub"
    invited: bool = False
    quirks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HubPeer:
    """The hub as it is called: a client.Peer."""

    party: Party
    token_out: str
    endpoints: Endpoints
    quirks: frozenset[str] = frozenset()


class Stamps:
    """Values for last_updated, each a millisecond or more after the one before it."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._last = datetime.fromtimestamp(0, UTC)

    def next(self) -> str:
        """The present moment, if nothing has it yet."""
        self._last = max(self._now(), self._last + timedelta(milliseconds=1))
        return format_datetime(self._last)


@dataclass(slots=True)
class Platform:
    """One platform with one party: a protocol.server.Service. `url` is without a final slash."""

    party: Party
    role: Role
    name: str
    url: str
    token: str
    transport: Transport
    handlers: Mapping[tuple[str, Interface], Handler] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    stamps: Stamps = field(default_factory=Stamps)
    # ClientInfo by party and role.
    clients: dict[tuple[str, str], Document] = field(default_factory=dict)
    _hub: HubPeer | None = None

    # --- what it serves ------------------------------------------------------------------------

    @property
    def routes(self) -> Routes:
        """The rows of the module table that it has handlers for, and credentials."""
        served = [row for row in OPERATIONS if (row.module, row.interface) in self.handlers]
        return Routes([*served, *(row for row in CONFIGURATION if row.module == "credentials")])

    async def authenticate(self, token: TokenForms) -> HubCaller:
        """The hub, or Unauthorized."""
        if token.decoded != self.token:
            raise Unauthorized
        return HubCaller()

    async def versions(self, version: str | None, caller: HubCaller) -> Reply:
        """Version 2.2.1, or its endpoints."""
        root = f"{self.url}/ocpi"
        if version is None:
            return Reply(data=dumps([{"version": VERSION, "url": f"{root}/{VERSION}"}]))
        endpoints = [
            {"identifier": module, "role": side.value, "url": self.endpoint(module, side)}
            for module, side in (*self.handlers, ("credentials", Interface.SENDER))
        ]
        return Reply(data=dumps({"version": VERSION, "endpoints": endpoints}))

    def endpoint(self, module: str, side: Interface) -> str:
        """Where it serves a module."""
        if module in {row.module for row in CONFIGURATION}:
            return f"{self.url}/ocpi/{VERSION}/{module}"
        return f"{self.url}/ocpi/{side.lower()}/{VERSION}/{module}"

    async def handle(self, message: Message, caller: HubCaller) -> Reply:
        """The answer of the module's handler."""
        row = message.operation
        if row.module == "credentials":
            return self._credentials(row.method)
        return await self.handlers[(row.module, row.interface)](message)

    async def client_info(self, message: Message) -> Reply:
        """Keeps who can be reached. Source: 2.2.1 HubClientInfo, Receiver interface."""
        owner = owner_of(message)
        if message.operation.method == "GET":
            known = [info for (key, _), info in self.clients.items() if key == owner.key]
            if not known:
                raise ObjectNotFound(f"{owner} is not known here")
            return Reply(data=dumps(known[0]))
        self.clients[owner.key, message.document["role"]] = message.document
        self.tally.add(Count.CLIENT_INFO)
        return Reply()

    def observe(self, exchange: Exchange) -> None:
        """Notes what went wrong here: the hub sends only what was checked."""
        if not exchange.reply.ok and exchange.reply.http_status >= 500:
            self.tally.add(Count.FAILED_CALLS)

    def _credentials(self, method: str) -> Reply:
        if method != "GET":
            raise MethodNotAllowed(
                "this sandbox registers by itself, when it starts", headers={"Allow": "GET"}
            )
        return Reply(data=dumps(self._own_credentials()))

    def _own_credentials(self) -> Document:
        return {
            "token": self.token,
            "url": f"{self.url}/ocpi/versions",
            "roles": [
                {
                    "role": self.role.value,
                    "business_details": {"name": self.name},
                    "party_id": self.party.party_id,
                    "country_code": self.party.country_code,
                }
            ],
        }

    # --- what it calls -------------------------------------------------------------------------

    async def register(self, versions_url: str, token: str) -> None:
        """The handshake with an invitation; OcpiError names the step that failed."""
        handshake = Handshake(self.transport, _TIMEOUT)
        found = await handshake.discover(versions_url, token)
        theirs = await handshake.send_credentials("POST", found, token, self._own_credentials())
        role = theirs["roles"][0]
        party = Party(role["country_code"], role["party_id"])
        self._hub = HubPeer(party, theirs["token"], found.endpoints)

    @property
    def registered(self) -> bool:
        """Whether the hub knows this platform."""
        return self._hub is not None

    @property
    def hub(self) -> HubPeer:
        """The hub, once this platform is registered there."""
        if self._hub is None:
            raise RuntimeError("a platform registers before it calls")
        return self._hub

    async def broadcast(
        self,
        row: Operation,
        params: Mapping[str, str],
        *,
        body: Document | None,
        query: str = "",
    ) -> None:
        """Tells everybody about an object of its own: a Broadcast Push, addressed to the hub."""
        owner = {"country_code": self.party.country_code, "party_id": self.party.party_id}
        await self.ask(row, params={**owner, **params}, query=query, body=body, to=self.hub.party)

    async def ask(
        self,
        row: Operation,
        *,
        params: Mapping[str, str] | None = None,
        query: str = "",
        body: Document | None = None,
        to: Party | None = None,
        url: str | None = None,
        expected: frozenset[int] = frozenset(),
    ) -> Reply:
        """The hub's answer; one that is neither a success nor `expected` is logged and counted."""
        _check_own(row, body)
        encoded = {name: segment(value) for name, value in (params or {}).items()}
        message = Message(
            operation=row,
            request_id="",
            correlation_id=str(uuid4()),
            tail=row.path.format(**encoded) if url is None else "",
            query=query,
            sender=self.party,
            receiver=to,
            body=b"" if body is None else dumps(body),
        )
        try:
            reply = await Client().send(
                message, self.hub, transport=self.transport, timeout=_TIMEOUT, url=url
            )
        except OcpiError as error:
            reply = refusal(error)
        if not reply.ok and reply.status_code not in expected:
            self._complain(message, reply)
        return reply

    def _complain(self, message: Message, reply: Reply) -> None:
        self.tally.add(Count.FAILED_CALLS)
        log.warning(
            "a call failed",
            extra={
                "method": message.operation.method,
                "of": message.operation.module,
                "path": message.tail,
                "status_code": reply.status_code,
                "reason": reply.message,
                "correlation_id": message.correlation_id,
            },
        )

    async def list_of(self, module: str, *, of: Party | None = None) -> list[Document]:
        """Everything of a module that a party serves this platform, else the hub by GET All."""
        row = operation(module, Interface.SENDER, "GET")
        query = "limit=100"
        if module == "sessions":
            # 9.2.2.1.1: a list of Sessions needs date_from.
            query += "&date_from=2000-01-01T00:00:00Z"
        found: list[Document] = []
        url: str | None = None
        for _ in range(_MOST_PAGES):
            reply = await self.ask(row, query=query, to=of or self.hub.party, url=url)
            if not reply.ok:
                return found
            found += data_of(reply)
            url = next_link(reply.header("link"))
            if url is None:
                break
        return found


def owner_of(message: Message) -> Party:
    """The owner in the URL of a pushed object."""
    return Party(message.params["country_code"], message.params["party_id"])


def no_handler(message: Message) -> NotFound:
    """The refusal of a row that a module has and a sandbox does not serve."""
    row = message.operation
    return NotFound(f"{row.method} of {row.module} is not served here")


def check_same_id(given: str, in_url: str, *, name: str) -> None:
    """InvalidParameters when an object is put where another one stands."""
    if given.lower() != in_url.lower():
        raise InvalidParameters(f"{name}: {given!r} in the body, {in_url!r} in the URL")


def _check_own(row: Operation, body: Document | None) -> None:
    """What leaves here is right, or this program is wrong."""
    if row.body is None or body is None:
        return
    if row.patch:
        check_patch(row.body, body)
    else:
        check(row.body, body)
