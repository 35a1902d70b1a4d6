"""How a request leaves: the small seam between what is said and what carries it.

A Transport takes a Request and gives a Response, or says in one sentence why there is none:

    TransportError          the request could not be written (`sent` is False)
    ├── ConnectFailed       no connection: name, address, refusal, TLS, connect limit
    │   └── AddressRefused  the guard does not let us call that address
    ├── AnswerTimeout       no whole answer before the deadline
    └── BadAnswer           what came is not an answer: garbage, too large, closed early

Redirects are not followed by any of them: a 3xx is a Response.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

_JOINED = frozenset({"link"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_WRITTEN_BY_TRANSPORT = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
)

Headers = Mapping[str, str]
AsgiMessage = MutableMapping[str, Any]
AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[AsgiMessage]],
        Callable[[AsgiMessage], Awaitable[None]],
    ],
    Awaitable[None],
]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `retryable` says that sending it twice does no harm."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    retryable: bool = False
    max_answer: int = 256_000


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. Header names are lower-cased; of a repeated one the first value counts,
    except Link, whose values are joined by a comma."""

    status: int
    headers: Headers
    body: bytes


class TransportError(Exception):
    """There is no answer. `sent` says whether a byte of the request may have reached the peer."""

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class ConnectFailed(TransportError):
    """No connection could be made."""


class AddressRefused(ConnectFailed):
    """The address is not one we call."""


class AnswerTimeout(TransportError):
    """No whole answer came before the deadline."""


class BadAnswer(TransportError):
    """What came is not a whole HTTP answer. `began` says whether any byte of one came."""

    def __init__(self, message: str, *, began: bool) -> None:
        super().__init__(message, sent=True)
        self.began = began


class Transport(Protocol):
    """Carries requests; `timeout` is in seconds and covers everything from now to the last byte."""

    async def send(self, request: Request, *, timeout: float) -> Response:
        """The answer, or a TransportError."""
        ...


def add_header(headers: dict[str, str], name: str, value: str) -> None:
    """Adds an answer's header by the rule of Response; `name` is lower-cased already."""
    if name not in headers:
        headers[name] = value
    elif name in _JOINED:
        headers[name] = f"{headers[name]}, {value}"


def check_headers(request: Request) -> None:
    """TransportError, without the value, when a method or header would break out of its line."""
    if _TOKEN.fullmatch(request.method) is None:
        raise TransportError("the method is not one word of plain letters")
    for name, value in request.headers:
        if _TOKEN.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise TransportError(f"header {name[:40]!r} holds a character that HTTP does not allow")
        if name.lower() in _WRITTEN_BY_TRANSPORT:
            raise TransportError(f"header {name} is written by the transport, not by its caller")


@dataclass(frozen=True, slots=True)
class AsgiTransport:
    """Carries requests to ASGI apps of this process by host name; another host is offline."""

    apps: Mapping[str, AsgiApp]

    async def send(self, request: Request, *, timeout: float) -> Response:
        """The app's answer; what the app raises is raised here."""
        url = urlsplit(request.url)
        app = self.apps.get(url.netloc) or self.apps.get(url.hostname or "")
        if app is None:
            raise ConnectFailed(f"{url.netloc} is offline")
        check_headers(request)
        call = _AsgiCall(request)
        try:
            async with asyncio.timeout(timeout):
                await app(_scope(request), call.receive, call.send)
        except TimeoutError:
            raise AnswerTimeout(
                f"no answer from {url.netloc} in {timeout:g} s", sent=True
            ) from None
        return call.response()


def _scope(request: Request) -> dict[str, Any]:
    url = urlsplit(request.url)
    sent = (("Host", url.netloc), *request.headers)
    length = (("Content-Length", str(len(request.body))),) if request.body else ()
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote(url.path) or "/",
        "raw_path": (url.path or "/").encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1")) for name, value in (*sent, *length)
        ],
        "client": ("127.0.0.1", 1),
        "server": (url.hostname, url.port),
    }


@dataclass(slots=True)
class _AsgiCall:
    """One request to an app and what the app answers."""

    request: Request
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False
    _read: bool = False

    async def receive(self) -> AsgiMessage:
        """The request's body, then the end of the connection."""
        if self._read:
            return {"type": "http.disconnect"}
        self._read = True
        return {"type": "http.request", "body": self.request.body, "more_body": False}

    async def send(self, message: AsgiMessage) -> None:
        """Takes a piece of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            for name, value in message.get("headers", ()):
                add_header(self.headers, name.decode("latin-1").lower(), value.decode("latin-1"))
            return
        self.body += message.get("body", b"")
        self.complete = not message.get("more_body", False)
        if len(self.body) > self.request.max_answer:
            raise BadAnswer(f"the answer is over {self.request.max_answer} bytes", began=True)

    def response(self) -> Response:
        """The whole answer."""
        if self.status is None or not self.complete:
            raise BadAnswer("the answer ended early", began=self.status is not None)
        return Response(self.status, self.headers, bytes(self.body))
