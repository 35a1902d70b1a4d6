"""Reading a peer's lists: every page, within bounds, object by object (PAG-20, T15)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin
from uuid import uuid4

from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peer
from ocpi_hub.protocol.client import data_of
from ocpi_hub.protocol.errors import HubError
from ocpi_hub.protocol.headers import next_link
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.urls import origin

_LIMIT = 100
_MOST_PAGES = 20_000
_MOST_BYTES = 2_000_000_000


async def pull(
    outgoing: Outgoing,
    peer: Peer,
    module: str,
    *,
    date_from: datetime | None = None,
    to: Party | None = None,
) -> AsyncIterator[dict[str, Any]]:
    """Every object of a list as it came, unchecked; what is no object is left out.

    Without `to` a hub is asked for everybody's. OcpiError when a page is refused, is no list or
    leads to another server; what was read before it has been given out then.
    """
    row = operation(module, Interface.SENDER, "GET")
    query = {"limit": str(_LIMIT)}
    if date_from is not None:
        query["date_from"] = format_datetime(date_from)
    correlation_id = str(uuid4())
    url: str | None = _first(peer, module)
    url = f"{url}?{urlencode(query)}"
    seen: set[str] = set()
    left = _MOST_BYTES
    while url is not None:
        seen.add(url)
        reply = await outgoing.send(row, to=to, peer=peer, url=url, correlation_id=correlation_id)
        objects = _objects(reply)
        for document in objects:
            if isinstance(document, dict):
                yield document
        left -= len(reply.raw or b"")
        if left < 0 or len(seen) >= _MOST_PAGES:
            raise HubError(f"the list of {module} does not end: {len(seen)} pages were read")
        url = _next(url, reply, seen) if objects else None


def _first(peer: Peer, module: str) -> str:
    found = peer.endpoints.get((module, Interface.SENDER))
    if found is None:
        raise HubError(f"{peer.name} has no Sender interface of {module}")
    return found


def _objects(reply: Reply) -> list[Any]:
    if not reply.ok:
        raise HubError(f"the list was refused: OCPI {reply.status_code} {reply.message or ''}")
    data = data_of(reply)
    if not isinstance(data, list):
        raise HubError("the list is no list: data is not an array")
    return data


def _next(url: str, reply: Reply, seen: set[str]) -> str | None:
    """The next page on the same server, never one that was read before."""
    target = next_link(reply.header("link"))
    if target is None:
        return None
    absolute = urljoin(url, target)
    if origin(absolute) != origin(url):
        raise HubError("the list's Link leads to another server")
    return None if absolute in seen else absolute
