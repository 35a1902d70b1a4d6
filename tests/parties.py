"""RecordingParty: an OCPI 2.2.1 platform as an ASGI app that keeps what it received.

It registers in both directions, serves lists page by page, answers every push and command, and can
be told to answer otherwise. Tests assert on `received`: what the other party got.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ocpi_hub.protocol.jsontext import dumps as json_bytes

__all__ = [
    "Received",
    "RecordingParty",
    "encoded",
    "envelope",
    "envelope_of",
    "json_bytes",
    "raw_response",
]

MODULES = (
    "locations",
    "sessions",
    "cdrs",
    "tariffs",
    "tokens",
    "commands",
    "chargingprofiles",
    "nltst-extra",
)


# Loading them takes longer than a request, and all of this is http.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class Received:
    """One request as it arrived; `path` is below /ocpi, still encoded."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body with exact decimals."""
        return json.loads(self.body, parse_float=Decimal)

    def routing(self) -> tuple[str | None, str | None]:
        """OCPI-from and OCPI-to as NL/CPO."""
        return _party(self.headers, "from"), _party(self.headers, "to")


def _party(headers: dict[str, str], direction: str) -> str | None:
    country = headers.get(f"ocpi-{direction}-country-code")
    return f"{country}/{headers.get(f'ocpi-{direction}-party-id')}" if country else None


Answer = Callable[[Received], Awaitable[Response | None]]


@dataclass
class RecordingParty:
    """`roles` are like "NL/CPO/CPO"; `url` is where it is served, without a final slash."""

    url: str
    roles: list[str]
    # What the hub must show here: our token for it.
    token: str = "party-token-for-the-hub"
    receivers: tuple[str, ...] = (*MODULES, "hubclientinfo")
    senders: tuple[str, ...] = MODULES
    plain_token: bool = False
    received: list[Received] = field(default_factory=list)
    # How often versions, their details or credentials were asked for.
    asked: int = 0
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    answer: Answer | None = None
    # The same for versions, their details and credentials.
    handshake: Answer | None = None
    # Set when it stops being served: what hangs then ends.
    released: asyncio.Event = field(default_factory=asyncio.Event)
    page_size: int = 50
    hub_versions_url: str = ""
    hub_token: str = ""
    hub_endpoints: dict[tuple[str, str], str] = field(default_factory=dict)
    transport: httpx.AsyncBaseTransport | None = None

    # --- what it is ----------------------------------------------------------------------------

    @property
    def first(self) -> tuple[str, str]:
        """Country code and party id of its first role."""
        country, party, _ = self.roles[0].split("/")
        return country, party

    def credentials(self, token: str) -> dict[str, Any]:
        """Its Credentials object."""
        roles = [role.split("/") for role in self.roles]
        return {
            "token": token,
            "url": f"{self.url}/ocpi/versions",
            "roles": [
                {
                    "role": role,
                    "business_details": {"name": f"Example {party}"},
                    "party_id": party,
                    "country_code": country,
                }
                for country, party, role in roles
            ],
        }

    def version_details(self) -> dict[str, Any]:
        """What it serves."""
        endpoints = [
            {"identifier": module, "role": side, "url": f"{self.url}/ocpi/{side.lower()}/{module}"}
            for side, modules in (("SENDER", self.senders), ("RECEIVER", self.receivers))
            for module in modules
        ]
        url = f"{self.url}/ocpi/credentials"
        endpoints.append({"identifier": "credentials", "role": "SENDER", "url": url})
        return {"version": "2.2.1", "endpoints": endpoints}

    # --- what it hears -------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        raw = scope.get("raw_path", scope["path"].encode()).decode()
        heard = Received(
            request.method,
            raw.removeprefix("/ocpi"),
            request.url.query,
            dict(request.headers),
            await request.body(),
        )
        response = await self._respond(heard)
        response.headers["X-Request-ID"] = heard.headers.get("x-request-id", "")
        response.headers["X-Correlation-ID"] = heard.headers.get("x-correlation-id", "")
        await response(scope, receive, send)

    async def _respond(self, heard: Received) -> Response:
        if heard.headers.get("authorization") != self._expected_authorization():
            return envelope(None, 2000, http_status=401, message="unknown token")
        if heard.path in ("/versions", "/2.2.1", "/credentials"):
            self.asked += 1
            said = None if self.handshake is None else await self.handshake(heard)
            if said is not None:
                return said
        if heard.path == "/versions":
            return envelope([{"version": "2.2.1", "url": f"{self.url}/ocpi/2.2.1"}])
        if heard.path == "/2.2.1":
            return envelope(self.version_details())
        if heard.path == "/credentials":
            return await self._credentials(heard)
        self.received.append(heard)
        if self.answer is not None:
            said = await self.answer(heard)
            if said is not None:
                return said
        return self._functional(heard)

    def _expected_authorization(self) -> str:
        return f"Token {self.token if self.plain_token else encoded(self.token)}"

    async def _credentials(self, heard: Received) -> Response:
        self.received.append(heard)
        if heard.method == "DELETE":
            return envelope(None)
        self.hub_token = heard.json["token"]
        self.hub_versions_url = heard.json["url"]
        await self.discover()
        self.token = f"{self.token}-renewed"
        return envelope(self.credentials(self.token))

    def _functional(self, heard: Received) -> Response:
        _, side, module, *rest = heard.path.split("/")
        if heard.method == "GET" and side == "sender" and not rest:
            return self._page(heard, module)
        if side == "results":
            return envelope(None)
        if module == "cdrs" and heard.method == "POST":
            number = len(self.of("POST", "/receiver/cdrs"))
            location = f"/receiver/cdrs/{number}"
            self.objects[location] = heard.body
            return envelope(None, http_status=201, Location=f"{self.url}/ocpi{location}")
        if module == "commands" and side == "receiver":
            return envelope({"result": "ACCEPTED", "timeout": 30})
        if module == "chargingprofiles" and side == "receiver":
            return envelope({"result": "ACCEPTED", "timeout": 30})
        if heard.path.endswith("/charging_preferences"):
            return envelope("ACCEPTED")
        if heard.path.endswith("/authorize"):
            return self._authorize(unquote(rest[0]))
        if heard.method in ("PUT", "PATCH"):
            if heard.method == "PUT":
                self.objects[heard.path.lower()] = heard.body
            return envelope(None)
        if heard.method == "GET" and heard.path.lower() in self.objects:
            return envelope_of(self.objects[heard.path.lower()])
        if heard.method == "GET" and heard.path in self.objects:
            return envelope_of(self.objects[heard.path])
        if heard.method == "DELETE":
            return envelope(None)
        return envelope(None, 2001, http_status=404, message="not known here")

    def _authorize(self, uid: str) -> Response:
        for token in self.lists.get("tokens", []):
            if token["uid"].lower() == uid.lower():
                return envelope({"allowed": "ALLOWED", "token": token})
        return envelope(None, 2004, http_status=404, message="unknown token")

    def _page(self, heard: Received, module: str) -> Response:
        query = dict(part.partition("=")[::2] for part in heard.query.split("&") if part)
        date_from = unquote(query.get("date_from", ""))
        listed = [o for o in self.lists.get(module, []) if o["last_updated"] >= date_from]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", self.page_size))
        shown = listed[offset : offset + min(limit, self.page_size)]
        headers: dict[str, Any] = {
            "X-Total-Count": str(len(listed)),
            "X-Limit": str(self.page_size),
        }
        if offset + len(shown) < len(listed):
            following = f"offset={offset + len(shown)}&limit={self.page_size}"
            if date_from:
                following = f"date_from={date_from}&{following}"
            url = f"{self.url}/ocpi/sender/{module}?{following}"
            headers["Link"] = f'<{url}>; rel="next"'
        return envelope(shown, **headers)

    def begin_anew(self) -> None:
        """Forget what was received and answer as usual: a test that shares this party begins."""
        self.received.clear()
        self.answer = None

    def say(self, make: Callable[[], Response], *, method: str = "", below: str = "") -> None:
        """From now on answer so, to this method (any) on paths that start so."""

        async def answer(heard: Received) -> Response | None:
            meant = heard.method.startswith(method) and heard.path.startswith(below)
            return make() if meant else None

        self.answer = answer

    async def never(self, heard: Received) -> Response | None:
        """An `answer` that does not come."""
        await self.released.wait()
        return envelope(None, 3000, http_status=503)

    @property
    def clients(self) -> dict[str, str]:
        """The last status of each party and role that the hub pushed, by NL/CPO/CPO."""
        pushed = [put.json for put in self.of("PUT", "/receiver/hubclientinfo")]
        return {f"{p['country_code']}/{p['party_id']}/{p['role']}": p["status"] for p in pushed}

    def of(self, method: str, start: str) -> list[Received]:
        """What arrived with that method on a path that starts so."""
        return [r for r in self.received if r.method == method and r.path.startswith(start)]

    # --- what it says --------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        url: str,
        body: object = None,
        *,
        to: str | None = None,
        from_: str | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request with our token for the hub; `body` may be bytes, sent as they are."""
        sent = {"Authorization": f"Token {encoded(token or self.hub_token)}"}
        for direction, party in (("to", to), ("from", from_)):
            if party is not None:
                country, party_id = party.split("/")
                sent[f"OCPI-{direction}-country-code"] = country
                sent[f"OCPI-{direction}-party-id"] = party_id
        content = body if isinstance(body, bytes) or body is None else json_bytes(body)
        if content is not None:
            sent["Content-Type"] = "application/json"
        client = httpx.AsyncClient(transport=self.transport, timeout=30, verify=_NO_CERTIFICATES)
        async with client:
            return await client.request(
                method, url, content=content, headers=sent | (headers or {})
            )

    async def call(
        self,
        method: str,
        side: str,
        module: str,
        path: str = "",
        body: object = None,
        *,
        to: str | None = None,
        from_: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """A request on an endpoint of the hub, from our first party unless `from_` says."""
        endpoint = self.hub_endpoints[(module, side.upper())]
        url = f"{endpoint}/{path}" if path and not path.startswith("?") else f"{endpoint}{path}"
        speaker = "/".join(self.first) if from_ is None else from_
        return await self.request(method, url, body, to=to, from_=speaker, headers=headers)

    async def discover(self, token: str | None = None) -> None:
        """The hub's versions and details."""
        versions = await self.request("GET", self.hub_versions_url, token=token)
        (details_url,) = (v["url"] for v in versions.json()["data"] if v["version"] == "2.2.1")
        details = await self.request("GET", details_url, token=token)
        self.hub_endpoints = {
            (e["identifier"], e["role"]): e["url"] for e in details.json()["data"]["endpoints"]
        }

    async def register(self, versions_url: str, token_a: str) -> httpx.Response:
        """POST credentials with an invitation, as the Sender."""
        self.hub_versions_url = versions_url
        await self.discover(token_a)
        response = await self.request(
            "POST",
            self.hub_endpoints[("credentials", "SENDER")],
            self.credentials(self.token),
            token=token_a,
        )
        if response.json()["status_code"] == 1000:
            self.hub_token = response.json()["data"]["token"]
        return response


def encoded(token: str) -> str:
    """As in the Authorization header."""
    return base64.b64encode(token.encode()).decode()


def envelope(
    data: object,
    status_code: int = 1000,
    *,
    http_status: int = 200,
    message: str | None = None,
    **headers: str,
) -> Response:
    """An OCPI response."""
    content: dict[str, Any] = {} if data is None else {"data": data}
    content["status_code"] = status_code
    if message is not None:
        content["status_message"] = message
    content["timestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Response(
        json_bytes(content), status_code=http_status, headers=headers, media_type="application/json"
    )


def envelope_of(raw: bytes) -> Response:
    """An OCPI response with these bytes as its data."""
    body = b'{"data":' + raw + b',"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'
    return raw_response(body)


def raw_response(body: bytes, http_status: int = 200) -> Response:
    """A response of these bytes."""
    return Response(body, http_status, media_type="application/json")
