"""A Server with a service of its own behind it, called over ASGI without a socket."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import unquote

from ocpi_hub.protocol.errors import Unauthorized
from ocpi_hub.protocol.headers import TokenForms
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import OPERATIONS
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.routes import Routes
from ocpi_hub.protocol.server import Exchange, Server
from tests.protocol.messages import HUB

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TOKEN, INVITATION = "a-known-token", "an-invitation"


@dataclass(frozen=True)
class Visitor:
    """Whoever a token belongs to."""

    id: str
    invited: bool = False
    quirks: frozenset[str] = frozenset()


@dataclass
class Desk:
    """A service that keeps the messages it was handed and answers as it is told."""

    party: Party = HUB
    answer: Callable[[Message], Reply] = lambda message: Reply()
    quirks: frozenset[str] = frozenset()
    heard: list[Message] = field(default_factory=list)
    observed: list[Exchange] = field(default_factory=list)

    async def authenticate(self, token: TokenForms) -> Visitor:
        """Two tokens are known."""
        visitors = {
            TOKEN: Visitor("registered", quirks=self.quirks),
            INVITATION: Visitor("invited", invited=True),
        }
        if token.decoded not in visitors:
            raise Unauthorized("the credentials token is not known")
        return visitors[token.decoded]

    async def versions(self, version: str | None, caller: Visitor) -> Reply:
        """The version that was asked for, as data."""
        return Reply(data=json.dumps(version).encode())

    async def handle(self, message: Message, caller: Visitor) -> Reply:
        """Keeps the message and answers."""
        self.heard.append(message)
        return self.answer(message)

    def observe(self, exchange: Exchange) -> None:
        """Keeps the exchange."""
        self.observed.append(exchange)


@dataclass
class Answer:
    """What left the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The envelope."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def codes(self) -> tuple[int, int]:
        """HTTP status and OCPI code."""
        return self.status, self.json["status_code"]

    def routing(self) -> tuple[str | None, str | None]:
        """OCPI-from and OCPI-to as NL/CPO."""
        return self._party("from"), self._party("to")

    def _party(self, direction: str) -> str | None:
        country = self.headers.get(f"ocpi-{direction}-country-code")
        return f"{country}/{self.headers[f'ocpi-{direction}-party-id']}" if country else None


@dataclass
class Caller:
    """Calls a server; pieces of a body arrive one by one, None never does, no piece breaks off."""

    server: Server[Visitor]
    desk: Desk

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        pieces: Sequence[bytes | None] | None = None,
        headers: dict[str, str] | Sequence[tuple[str, str]] = (),
        token: str | None = TOKEN,
    ) -> Answer:
        """One request and its answer; `path` may hold a query."""
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        if token is not None:
            pairs.append(("Authorization", f"Token {base64.b64encode(token.encode()).decode()}"))
        wire = _Wire(list([body] if pieces is None else pieces))
        await self.server(_scope(method, path, pairs), wire.receive, wire.send)
        start, *rest = wire.sent
        return Answer(
            start["status"],
            {name.decode(): value.decode("latin-1") for name, value in start["headers"]},
            b"".join(event["body"] for event in rest),
        )


def caller(desk: Desk | None = None, **options: Any) -> Caller:
    """A caller of a server of every row, with ids and a clock that tests can name."""
    numbers = count(1)
    served = desk or Desk()
    server: Server[Visitor] = Server(
        served,
        Routes(OPERATIONS, custom=True),
        now=lambda: NOW,
        new_id=lambda: f"made-{next(numbers)}",
        **options,
    )
    return Caller(server, served)


def _scope(method: str, path: str, headers: list[tuple[str, str]]) -> dict[str, Any]:
    target, _, query = path.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": unquote(target),
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }


@dataclass
class _Wire:
    """One connection, which the other side keeps open: what is still to arrive, what was sent."""

    pieces: list[bytes | None]
    sent: list[dict[str, Any]] = field(default_factory=list)
    _began: bool = False

    async def receive(self) -> dict[str, Any]:
        if not self.pieces:
            if not self._began:
                return {"type": "http.disconnect"}
            await asyncio.Event().wait()
        self._began = True
        piece = self.pieces.pop(0)
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces)}

    async def send(self, event: dict[str, Any]) -> None:
        self.sent.append(event)
