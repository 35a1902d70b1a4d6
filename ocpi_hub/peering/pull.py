"""Reading a peer's lists: every page, within bounds, object by object (PAG-20, T15)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from ocpi_hub.peering.outgoing import Outgoing
from ocpi_hub.peering.peers import Peer
from ocpi_hub.protocol.errors import HubError
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.paging import next_page, objects_of
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.types import format_datetime

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
) -> AsyncIterator[Any]:
    """Everything that is on a list, each for `object_of` to read.

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
        objects = objects_of(reply)
        for listed in objects:
            yield listed
        left -= len(reply.raw or b"")
        if left < 0 or len(seen) >= _MOST_PAGES:
            raise HubError(f"the list of {module} does not end: {len(seen)} pages were read")
        url = next_page(url, reply, seen) if objects else None


def _first(peer: Peer, module: str) -> str:
    found = peer.endpoints.get((module, Interface.SENDER))
    if found is None:
        raise HubError(f"{peer.name} has no Sender interface of {module}")
    return found
