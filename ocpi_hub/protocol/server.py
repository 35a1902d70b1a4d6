"""Serving OCPI: one ASGI application that turns requests into Messages and Replies into answers.

It is mounted by the hub and by both adapters with a `handle` of their own. Every answer that
leaves here is an OCPI envelope with both message ids, whatever went wrong. What it does not know:
who may do what (that is `handle`'s) and where the credentials tokens are kept (`authenticate`'s).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

from ocpi_hub.protocol import arguments as arguments_
from ocpi_hub.protocol.errors import (
    ClientError,
    InvalidParameters,
    ObjectNotFound,
    OcpiError,
    ServerError,
    TooLarge,
    Unauthorized,
)
from ocpi_hub.protocol.headers import RequestHeaders, TokenForms, routing
from ocpi_hub.protocol.jsontext import load_object
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.routes import Match, Routes, VersionsRequest, for_registration
from ocpi_hub.protocol.urls import plain
from ocpi_hub.protocol.validation import check, check_patch

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)

_SMALL_BODY = 1_000_000
_LARGE_BODY = 5_000_000
_DRAIN_SECONDS = 2.0
_WITH_BODY = ("POST", "PUT", "PATCH")
_ID_LENGTH = 36
# Ids that a hub or an adapter makes itself, and that of a CDR, which is longer than others.
_OWN_ID_LENGTH = {"cdr_reference": 64, "result_id": 64, "cdr_id": 39}


class Caller(Protocol):
    """Whoever a credentials token belongs to."""

    @property
    def id(self) -> str:
        """The platform."""

    @property
    def invited(self) -> bool:
        """Whether the token is an invitation (token A): good for versions and credentials."""

    @property
    def quirks(self) -> frozenset[str]:
        """Names of Quirks."""


C = TypeVar("C", bound=Caller)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, for logs, metrics and traces. No bodies, no tokens."""

    method: str
    path: str
    caller: str | None
    message: Message | None
    request_id: str
    correlation_id: str
    reply: Reply
    milliseconds: float


class Service(Protocol[C]):
    """What a service gives the server."""

    party: Party

    async def authenticate(self, token: TokenForms) -> C:
        """The caller, or Unauthorized; TooManyRequests when it calls too often."""

    async def versions(self, version: str | None, caller: C) -> Reply:
        """The list of versions, or one version's details."""

    async def handle(self, message: Message, caller: C) -> Reply:
        """The answer to a message of the table."""

    def observe(self, exchange: Exchange) -> None:
        """Hears of every exchange; must not wait."""


@dataclass(slots=True)
class _Request:
    """What is known of a request while it is being read."""

    method: str
    path: str
    query: str
    headers: RequestHeaders
    request_id: str
    correlation_id: str
    started: float
    caller: str | None = None
    message: Message | None = None
    sender: Party | None = None
    functional: bool = False
    unread: bool = False


@dataclass(slots=True)
class Server(Generic[C]):
    """The ASGI application. `body_timeout` is in seconds."""

    service: Service[C]
    routes: Routes
    body_timeout: float = 15.0
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    new_id: Callable[[], str] = field(default=lambda: str(uuid4()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request below /ocpi."""
        request = self._open(scope)
        reply = await self._answer(request, receive)
        if request.unread:
            await self._drain(request, receive)
        await self._send(request, reply, send)
        elapsed = (time.perf_counter() - request.started) * 1000
        self.service.observe(
            Exchange(
                request.method,
                request.path,
                request.caller,
                request.message,
                request.request_id,
                request.correlation_id,
                reply,
                elapsed,
            )
        )

    def _open(self, scope: Scope) -> _Request:
        headers = RequestHeaders.read(scope["headers"])
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("latin-1").partition("?")[0].removeprefix("/ocpi")
        return _Request(
            method=scope["method"],
            path=path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            request_id=headers.message_id(b"x-request-id") or self.new_id(),
            correlation_id=headers.message_id(b"x-correlation-id") or self.new_id(),
            started=time.perf_counter(),
            unread=scope["method"] in _WITH_BODY,
        )

    async def _answer(self, request: _Request, receive: Receive) -> Reply:
        try:
            return await self._dispatch(request, receive)
        except OcpiError as error:
            return refusal(error)
        except Exception:
            # Not the path: it may hold the uid of a driver's card.
            ids = {"correlation_id": request.correlation_id, "request_id": request.request_id}
            log.exception("unhandled", extra={"action": "failed", "method": request.method} | ids)
            return refusal(ServerError("the request could not be handled", http_status=500))

    async def _dispatch(self, request: _Request, receive: Receive) -> Reply:
        # Before the path and the body are looked at: 401 wins over 404 and 400.
        caller = await self.service.authenticate(request.headers.credentials_token())
        request.caller = caller.id
        if caller.invited and not for_registration(request.path):
            raise Unauthorized("an invitation is good for versions and credentials only")
        match = self.routes.match(request.method, request.path)
        if isinstance(match, VersionsRequest):
            return await self.service.versions(match.version, caller)
        body = await self._body(request, match.operation, receive)
        message = self._message(request, match, body, caller)
        request.message = message
        return await self.service.handle(message, caller)

    async def _body(self, request: _Request, operation: Operation, receive: Receive) -> bytes:
        if request.method not in _WITH_BODY:
            return b""
        most = _LARGE_BODY if operation.large else _SMALL_BODY
        if request.headers.content_length() > most:
            raise _too_large(most)
        try:
            async with asyncio.timeout(self.body_timeout):
                return await _whole_body(request, receive, most)
        except TimeoutError:
            raise ClientError("the body took too long to arrive", http_status=408) from None

    async def _drain(self, request: _Request, receive: Receive) -> None:
        """Read on for a while, so that a refusal is not lost in a connection reset."""
        left = _LARGE_BODY
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while left > 0:
                    event = await receive()
                    left -= len(event.get("body", b""))
                    if not event.get("more_body", False):
                        request.unread = False
                        return
        except TimeoutError:
            return

    def _message(self, request: _Request, match: Match, body: bytes, caller: C) -> Message:
        operation = match.operation
        receiver = None
        if operation.kind is not Kind.CONFIG:
            # RTE-02: versions, credentials and hubclientinfo know no routing headers.
            request.functional = True
            request.sender = request.headers.party("from")
            receiver = request.headers.party("to")
        _check_params(match.params)
        if not plain(request.query):
            raise InvalidParameters("the query holds a character that has to be percent-encoded")
        document, findings = read_body(operation, body, caller.quirks)
        return Message(
            operation=operation,
            request_id=request.request_id,
            correlation_id=request.correlation_id,
            tail=match.tail,
            query=request.query,
            arguments=arguments_.read(operation, request.query),
            params=match.params,
            sender=request.sender,
            receiver=receiver,
            body=body,
            document=document,
            findings=findings,
            peer=caller.id,
        )

    async def _send(self, request: _Request, reply: Reply, send: Send) -> None:
        body = reply.envelope(self.now())
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", request.request_id.encode("ascii")),
            (b"x-correlation-id", request.correlation_id.encode("ascii")),
            *_encoded(reply.headers),
        ]
        if request.functional:
            answerer = reply.sender or self.service.party
            headers += _encoded(routing(to=request.sender, from_=answerer))
        if request.unread:
            headers.append((b"connection", b"close"))
        if reply.http_status == 401:
            headers.append((b"www-authenticate", b"Token"))
        await send({"type": "http.response.start", "status": reply.http_status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


async def _whole_body(request: _Request, receive: Receive, most: int) -> bytes:
    """The body of at most so many bytes, however it is cut into pieces."""
    body = bytearray()
    while request.unread:
        event = await receive()
        request.unread = event.get("more_body", False)
        if event["type"] == "http.disconnect":
            raise ClientError("the body broke off", http_status=400)
        body += event.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def refusal(error: OcpiError) -> Reply:
    """The envelope of an error."""
    return Reply(
        status_code=error.status_code,
        message=error.message,
        http_status=error.http_status,
        headers=tuple(error.headers.items()),
    )


def read_body(
    operation: Operation, body: bytes, quirks: frozenset[str] = frozenset()
) -> tuple[Any, tuple[str, ...]]:
    """The body as strict JSON, checked against the row's model, and what was only remarkable."""
    model = operation.body
    if model is None:
        return None, ()
    if operation.body_optional and not body.strip():
        return None, ()
    document = load_object(body)
    if operation.kind is Kind.CALLBACK:
        document = unwrapped(document)
    if operation.patch:
        lenient = Quirk.PATCH_WITHOUT_LAST_UPDATED in quirks
        return document, check_patch(model, document, stamp_optional=lenient)
    return document, check(model, document)


def unwrapped(document: dict[str, Any]) -> dict[str, Any]:
    """A result that some CPOs put into a response envelope, taken out of it (AMB-42)."""
    inner = document.get("data")
    return inner if "result" not in document and isinstance(inner, dict) else document


def _check_params(params: dict[str, str]) -> None:
    if "country_code" in params:
        try:
            Party.checked(params["country_code"], params["party_id"], where="URL")
        except InvalidParameters as error:
            # STA-12: no party of the caller's can be called so.
            raise ObjectNotFound(error.message) from error
    for name, value in params.items():
        most = _OWN_ID_LENGTH.get(name, _ID_LENGTH)
        if len(value) > most:
            raise InvalidParameters(
                f"{name} in the URL: has {len(value)} characters, at most {most} are allowed"
            )


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is larger than {most} bytes")
