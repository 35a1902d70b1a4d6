"""A hub with two CPOs and two eMSPs, and requests to it whose answers must have OCPI's shape."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import psycopg
from psycopg import sql

from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.modules import Operation
from ocpi_hub.protocol.roles import Role
from tests import samples
from tests.hub.network import Network, running_network
from tests.parties import Received, RecordingParty, encoded
from tests.security.operations import caller_role, owned, path

Body = dict[str, Any] | bytes | AsyncIterator[bytes] | None
HeaderList = Sequence[tuple[str, str]]

# Where something would be found that a refused request had left behind.
_TABLES = (
    "agreements",
    "catalogue",
    "cdr_conflicts",
    "cdrs",
    "credentials_tokens",
    "parties",
    "proxies",
    "sessions",
    "tariff_versions",
    "time_zones",
)
_LINES = sql.SQL(" UNION ALL ").join(
    sql.SQL("SELECT {} || t::text AS line FROM hub.{} t").format(name, sql.Identifier(name))
    for name in _TABLES
)
_FINGERPRINT = sql.SQL("SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM ({}) AS lines").format(
    _LINES
)
_NUMBERS = count(1)


@dataclass(frozen=True)
class Answer:
    """An answer of the hub that has the shape of OCPI."""

    http: int
    code: int
    message: str
    correlation_id: str
    response: httpx.Response

    @property
    def status(self) -> tuple[int, int]:
        """HTTP status and OCPI code."""
        return self.http, self.code

    @classmethod
    def read(cls, response: httpx.Response, number: str) -> Answer:
        """Every answer is an envelope with both message ids, whatever went wrong (IDS-07)."""
        assert response.headers["content-type"] == "application/json", response.text
        envelope = response.json()
        assert envelope.keys() >= {"status_code", "timestamp"}, response.text
        assert response.headers["x-request-id"] == f"request-{number}"
        assert response.headers["x-correlation-id"] == f"correlation-{number}"
        message = envelope.get("status_message", "")
        code = envelope["status_code"]
        return cls(response.status_code, code, message, f"correlation-{number}", response)


@dataclass
class Scene:
    """Platforms with one party each, registered at a hub that a module's tests share."""

    network: Network
    cpo: RecordingParty
    rival_cpo: RecordingParty
    emsp: RecordingParty
    rival_emsp: RecordingParty
    client: httpx.AsyncClient
    rows: psycopg.AsyncConnection

    def caller(self, operation: Operation) -> RecordingParty:
        """Who makes the requests of a row."""
        return self.cpo if caller_role(operation) is Role.CPO else self.emsp

    def receiver(self, operation: Operation) -> RecordingParty:
        """Whom the requests of a row are for."""
        return self.emsp if caller_role(operation) is Role.CPO else self.cpo

    def path(self, operation: Operation, **ids: str) -> str:
        """The path of a row with the caller as the owner."""
        return path(operation, name(self.caller(operation)) if owned(operation) else "", **ids)

    async def ask(
        self,
        party: RecordingParty,
        method: str,
        where: str,
        body: Body = None,
        *,
        from_: str | None = None,
        to: str | None = None,
        headers: HeaderList = (),
    ) -> Answer:
        """The hub's answer; `where` is below /ocpi and may have a query, `from_` is like NL/CPO."""
        number = str(next(_NUMBERS))
        sent = [
            ("Authorization", f"Token {encoded(party.hub_token)}"),
            ("X-Request-ID", f"request-{number}"),
            ("X-Correlation-ID", f"correlation-{number}"),
            *routing(from_=from_, to=to),
            *headers,
        ]
        content = dumps(body) if isinstance(body, dict) else body
        response = await self.client.request(method, f"/ocpi{where}", content=content, headers=sent)
        return Answer.read(response, number)

    async def refused(self, *args: Any, **kwargs: Any) -> Answer:
        """`ask` where nothing may be stored, nobody may hear of it and the hub may not fail."""
        before = await self.stored()
        answer = await self.ask(*args, **kwargs)
        assert answer.http < 500, answer.message
        assert await self.stored() == before
        assert self.heard(answer.correlation_id) == []
        return answer

    async def stored(self) -> str:
        """A fingerprint of everything that a message could have left behind."""
        found = await self.rows.execute(_FINGERPRINT)
        (digest,) = await found.fetchone() or ("",)
        return str(digest)

    def heard(self, correlation_id: str) -> list[Received]:
        """What any party received under a correlation id."""
        return [
            received
            for party in self.network.parties
            for received in party.received
            if received.headers.get("x-correlation-id") == correlation_id
        ]

    async def furnish(self) -> None:
        """Store the sample Location, Tariff, Token and Session of the first CPO and eMSP."""
        self.emsp.lists["tokens"] = [samples.token()]
        for party, where, body in (
            (self.cpo, "/receiver/2.2.1/locations/NL/CPO/LOC1", samples.location()),
            (self.cpo, "/receiver/2.2.1/tariffs/NL/CPO/TARIFF1", samples.tariff()),
            (self.emsp, "/receiver/2.2.1/tokens/DE/EMS/04A1B2C3D4E5F6", samples.token()),
            (self.cpo, "/receiver/2.2.1/sessions/NL/CPO/SESSION1", samples.session()),
        ):
            answer = await self.ask(party, "PUT", where, body)
            assert answer.code == 1000, answer.message


def name(party: RecordingParty) -> str:
    """Its first party, like NL/CPO."""
    return "/".join(party.first)


def routing(*, from_: str | None = None, to: str | None = None) -> list[tuple[str, str]]:
    """The routing headers of parties like NL/CPO."""
    return [
        (f"OCPI-{direction}-{half}", value)
        for direction, party in (("from", from_), ("to", to))
        if party is not None
        for half, value in zip(("country-code", "party-id"), party.split("/"), strict=True)
    ]


@asynccontextmanager
async def scene(database_url: str, **settings: str) -> AsyncIterator[Scene]:
    """NL/CPO, NL/RIV, DE/EMS and DE/RIV around a hub on real sockets."""
    async with (
        running_network(database_url, **settings) as network,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as rows,
        httpx.AsyncClient(base_url=network.url, timeout=20) as client,
    ):
        yield Scene(
            network,
            cpo=await network.join("NL/CPO/CPO"),
            rival_cpo=await network.join("NL/RIV/CPO"),
            emsp=await network.join("DE/EMS/EMSP"),
            rival_emsp=await network.join("DE/RIV/EMSP"),
            client=client,
            rows=rows,
        )
