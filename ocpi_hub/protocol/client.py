"""Calling OCPI: turns a Message into an HTTP request on the endpoint a peer published.

`send` has the shape of a server's `handle`: Message in, Reply out. A peer's bytes are passed on as
they are; what cannot be passed on (no answer, no envelope, a redirect) is an OcpiError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from ocpi_hub.protocol.errors import (
    HubError,
    OcpiError,
    ReceiverNotConnected,
    ReceiverTimeout,
    UnknownReceiver,
)
from ocpi_hub.protocol.headers import CORRELATION_ID, REQUEST_ID, authorization, routing
from ocpi_hub.protocol.jsontext import fit, load_parts, loads
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Kind, Operation
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.urls import join
from ocpi_hub.service.transport import (
    AnswerTimeout,
    BadAnswer,
    ConnectFailed,
    Request,
    Response,
    Transport,
    TransportError,
)

_WITH_BODY = ("POST", "PUT", "PATCH")
_CARRIED = ("x-total-count", "x-limit", "link", "location", "retry-after")
_WRITE_ANSWER = 256_000
_OBJECT_ANSWER = 5_000_000
_LIST_ANSWER = 10_000_000


class Peer(Protocol):
    """A platform as a client sees it."""

    @property
    def token_out(self) -> str | None:
        """The credentials token it issued to us."""

    @property
    def endpoints(self) -> Mapping[tuple[str, Interface], str]:
        """Its endpoint URLs by module and interface."""

    @property
    def quirks(self) -> frozenset[str]:
        """Names of Quirks."""


class RefusedByPeer(ReceiverNotConnected):
    """The receiver refuses the token it issued."""


def endpoint(message: Message, peer: Peer) -> str:
    """Where a message goes at a peer; UnknownReceiver when it lacks that side of the module."""
    operation = message.operation
    url = peer.endpoints.get((operation.module, operation.interface))
    if url is None:
        raise UnknownReceiver(
            f"the receiver has no {operation.interface} interface of {operation.module}"
        )
    return join(url, message.tail, message.query)


@dataclass(frozen=True, slots=True)
class Client:
    """Sends messages; `new_id` makes the X-Request-ID of each leg."""

    new_id: Callable[[], str] = lambda: str(uuid4())

    async def send(
        self,
        message: Message,
        peer: Peer,
        *,
        transport: Transport,
        timeout: float,
        url: str | None = None,
    ) -> Reply:
        """The peer's answer, passed on unread where it is an envelope.

        `url` overrides the endpoint (a response_url, a next page, a CDR's Location); `timeout` is
        in seconds and covers everything.
        """
        request = self.request(message, peer, url=url or endpoint(message, peer))
        try:
            response = await transport.send(request, timeout=timeout)
        except TransportError as error:
            raise as_ocpi(error) from error
        return read_reply(response, of_list=message.operation.paged)

    def request(self, message: Message, peer: Peer, *, url: str) -> Request:
        """One HTTP request: own token, own X-Request-ID, the same X-Correlation-ID."""
        operation = message.operation
        if operation.kind is Kind.LIST and Quirk.TRAILING_SLASH in peer.quirks:
            head, question, query = url.partition("?")
            url = f"{head.rstrip('/')}/{question}{query}"
        headers = [
            ("Authorization", _authorization(peer)),
            (REQUEST_ID, self.new_id()),
            (CORRELATION_ID, message.correlation_id),
        ]
        if operation.kind is not Kind.CONFIG:
            headers += routing(to=message.receiver, from_=message.sender)
        if operation.method in _WITH_BODY:
            headers.append(("Content-Type", "application/json"))
        return Request(
            method=operation.method,
            url=url,
            headers=tuple(headers),
            body=message.body if operation.method in _WITH_BODY else b"",
            retryable=_retryable(operation),
            max_answer=_answer_cap(operation),
        )


def _authorization(peer: Peer) -> str:
    if peer.token_out is None:
        raise ReceiverNotConnected("the receiver has never connected")
    return authorization(peer.token_out, plain=Quirk.PLAIN_TOKEN in peer.quirks)


def _retryable(operation: Operation) -> bool:
    """Whether it may be sent again when a connection turns out to be stale."""
    if operation.patch:
        # SES-15: the PATCH of a Session appends charging periods, the others set a state.
        return operation.broadcast
    return operation.method in ("GET", "PUT")


def _answer_cap(operation: Operation) -> int:
    if operation.method != "GET":
        return _WRITE_ANSWER
    # A custom module's GET may be a list.
    return _OBJECT_ANSWER if operation.kind is Kind.READ else _LIST_ANSWER


def as_ocpi(error: TransportError) -> OcpiError:
    """What a failure of the connection means to the requester (checklist STA-21)."""
    match error:
        case ConnectFailed():
            return ReceiverNotConnected(f"the receiver cannot be reached: {error}")
        case AnswerTimeout():
            return ReceiverTimeout("the receiver did not answer in time")
        case BadAnswer():
            return HubError(f"the receiver's answer is not HTTP: {error}")
        case _:
            return HubError(f"the request could not be sent: {error}")


def read_reply(response: Response, *, of_list: bool = False) -> Reply:
    """A response as a Reply; HubError (4000) when it is not an OCPI envelope.

    What a list holds is left to its reader: one object that cannot be kept spoils no other.
    """
    if response.status in (401, 403):
        # Passed on, a 401 would tell the requester that its own token is bad (AUTH-22).
        raise RefusedByPeer(f"the receiver refuses the hub's token (HTTP {response.status})")
    if 300 <= response.status < 400:
        raise HubError(f"the receiver redirects (HTTP {response.status}), which is not followed")
    envelope = _envelope(response, of_list=of_list)
    return Reply(
        status_code=envelope["status_code"],
        message=envelope.get("status_message"),
        raw=response.body,
        http_status=response.status,
        headers=tuple(
            (name, response.headers[name]) for name in _CARRIED if name in response.headers
        ),
    )


def _envelope(response: Response, *, of_list: bool) -> dict[str, Any]:
    try:
        envelope = _head(response.body) if of_list else loads(response.body)
    except OcpiError as error:
        raise HubError(
            f"the receiver's answer (HTTP {response.status}) is not JSON: {error.message}"
        ) from error
    if not isinstance(envelope, dict) or not _is_code(envelope.get("status_code")):
        raise HubError(
            f"the receiver's answer (HTTP {response.status}) is not an OCPI response:"
            " status_code missing or not a number of four digits"
        )
    if not isinstance(envelope.get("status_message"), str | None):
        raise HubError("the receiver's answer is not an OCPI response: status_message is no text")
    return envelope


def _head(body: bytes) -> Any:
    """The envelope without its data."""
    envelope = load_parts(body)
    if not isinstance(envelope, dict):
        return fit(envelope)
    return fit({name: value for name, value in envelope.items() if name != "data"})


def _is_code(value: object) -> bool:
    return isinstance(value, int) and 1000 <= value <= 9999


def data_of(reply: Reply) -> Any:
    """The data of a passed-on envelope, as JSON with exact decimals."""
    return None if reply.raw is None else loads(reply.raw).get("data")
