"""Our URL in place of another's, so that an answer to it comes back through the hub.

Rewritten are the `response_url` of commands and charging profiles, the `Link` of lists and the
`Location` of CDRs; nothing else in a message is touched (checklist HUB-03 to HUB-11). An id in such
a URL is unguessable, bound to the platform that may call it, and survives a restart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode, urlsplit

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Kind, Operation, ResponseUrl
from ocpi_hub.protocol.urls import check_url
from ocpi_hub.snapshot import Platform


@dataclass(frozen=True, slots=True)
class HubUrls:
    """The hub's own URLs; `public_url` is without a final slash."""

    public_url: str

    @property
    def versions(self) -> str:
        """Where partners start."""
        return f"{self.public_url}/ocpi/versions"

    @property
    def version_details(self) -> str:
        """The details of 2.2.1."""
        return f"{self.public_url}/ocpi/2.2.1"

    def endpoint(self, operation: Operation) -> str:
        """The endpoint of a row's module and interface."""
        if operation.kind is Kind.CONFIG:
            return f"{self.public_url}/ocpi/2.2.1/{operation.module}"
        return f"{self.public_url}/ocpi/{operation.interface.lower()}/2.2.1/{operation.module}"

    def result(self, operation: Operation, proxy_id: str) -> str:
        """Where the later result of a call is posted."""
        asked = operation.path if operation.module == "commands" else operation.method.lower()
        return f"{self.public_url}/ocpi/sender/2.2.1/{operation.module}/{asked}/{proxy_id}"

    def page(self, operation: Operation, proxy_id: str, query: str) -> str:
        """The next page of a list that another platform serves."""
        filters = f"{query}&" if query else ""
        return f"{self.endpoint(operation)}?{filters}{PAGE_PARAMETER}={proxy_id}"

    def cdr(self, reference: str) -> str:
        """Where a CDR that went through the hub is fetched."""
        return f"{self.public_url}/ocpi/receiver/2.2.1/cdrs/{reference}"


PAGE_PARAMETER = "page"


def page_id(query: str) -> str | None:
    """The id of the page a rewritten Link stands for."""
    return next((value for name, value in parse_qsl(query) if name == PAGE_PARAMETER), None)


def page_query(message: Message, url: str) -> str:
    """The query of a rewritten Link: the same filters, offset and limit as the original's.

    PAG-09: a Link repeats the filters of the request and carries offset and limit.
    """
    known = {"date_from", "date_to", "offset", "limit"}
    theirs = [(k, v) for k, v in parse_qsl(urlsplit(url).query) if k in known]
    ours = [(k, v) for k, v in parse_qsl(message.query) if k in known]
    return urlencode(theirs or ours)


def response_url(message: Message) -> str | None:
    """The URL for the later result, or None where the call has none."""
    match message.operation.response_url:
        case ResponseUrl.BODY:
            return str(message.document["response_url"])
        case ResponseUrl.QUERY:
            return message.arguments.response_url
        case None:
            return None


def check_response_url(url: str, caller: Platform) -> None:
    """SEC-07: a result goes to a host of the platform that asked, with its token and no other."""
    check_url(url, name="response_url")
    host = urlsplit(url).hostname
    if host not in hosts_of(caller):
        known = ", ".join(sorted(hosts_of(caller)))
        raise InvalidParameters(
            f"response_url: {host!r} is not a host of the platform that asks ({known})"
        )


def hosts_of(platform: Platform) -> frozenset[str]:
    """The host names a platform published its endpoints on."""
    urls: Iterable[str] = platform.endpoints.values()
    known = [*urls, platform.versions_url or ""]
    return frozenset(host for url in known if (host := urlsplit(url).hostname))


def with_response_url(message: Message, ours: str) -> tuple[bytes, str]:
    """Body and query with our URL; every other byte of the body stays as it came."""
    if message.operation.response_url is ResponseUrl.BODY:
        return _replace_in_body(message.body, ours), message.query
    return message.body, _replace_in_query(message.query, ours)


_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_PIECE = re.compile(rb"[{}\[\]]|" + _STRING)
_VALUE = re.compile(rb"\s*:\s*(" + _STRING + rb")")


def _replace_in_body(body: bytes, ours: str) -> bytes:
    """The value of the top-level key response_url, found by walking the brackets and strings."""
    depth = 0
    for piece in _PIECE.finditer(body):
        text = piece.group()
        if text in (b"{", b"["):
            depth += 1
        elif text in (b"}", b"]"):
            depth -= 1
        elif depth == 1 and json.loads(text) == "response_url":
            value = _VALUE.match(body, piece.end())
            if value is not None:
                return body[: value.start(1)] + json.dumps(ours).encode() + body[value.end(1) :]
    raise InvalidParameters("response_url: expected a URL")


def _replace_in_query(query: str, ours: str) -> str:
    """The other parameters stay as they came (HUB-02)."""
    given = f"response_url={quote(ours, safe='')}"
    return "&".join(
        given if unquote_plus(part.partition("=")[0]) == "response_url" else part
        for part in query.split("&")
    )


def replace_header(reply: Reply, name: str, value: str | None) -> Reply:
    """The reply with a header replaced, or without it when `value` is None."""
    if value is None and reply.header(name) is None:
        return reply
    lowered = name.lower()
    kept = [(k, v) for k, v in reply.headers if k.lower() != lowered]
    if value is not None:
        kept.append((name, value))
    return replace(reply, headers=tuple(kept))
