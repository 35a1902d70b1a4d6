"""Answers to GET on our Sender interfaces, out of what is published.

Source: 2.2.1 transport and format, Pagination; checklist section 3.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode

from ocpi_hub.node.engine import Hot
from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.store import published
from ocpi_hub.protocol.arguments import after
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.paging import Window
from ocpi_hub.protocol.party import Party

# The upper limit that is applied, whatever is asked for.
LIMIT = 100


def viewers(sender: Party, peer: Peer) -> Collection[Party]:
    """Who may see what a request shows: the party that asks, of a hub all that are behind it."""
    return peer.owners if sender == peer.hub else (sender,)


async def list_reply(
    conn: Hot, message: Message, *, sender: Party, peer: Peer, identity: Identity
) -> Reply:
    """The page of a list that was asked for, with X-Total-Count, X-Limit and Link."""
    arguments = message.arguments
    limit = min(arguments.limit or LIMIT, LIMIT)
    window = Window(
        limit=limit,
        offset=arguments.offset,
        after=arguments.after,
        date_from=arguments.date_from,
        date_to=arguments.date_to,
    )
    page = await published.page(
        conn, message.operation.module, viewers=viewers(sender, peer), window=window
    )
    headers = [("X-Total-Count", str(page.total)), ("X-Limit", str(limit))]
    following = arguments.offset + page.count
    if page.count and following < page.total:
        url = identity.endpoint(message.operation)
        query = _next_query(message, offset=following, limit=limit, last=page.last_created)
        headers.append(("Link", f'<{url}?{query}>; rel="next"'))
    return Reply(data=page.body, headers=tuple(headers))


async def object_reply(
    conn: Hot, message: Message, id_: str, *, sender: Party, peer: Peer
) -> Reply:
    """One object of ours; 404 when there is none, or it is for others only."""
    module = message.operation.module
    found = await published.find(conn, module, id=id_, viewers=viewers(sender, peer))
    if found is None:
        raise ObjectNotFound(f"{id_!r} is not known in {module}")
    return Reply(data=dumps(found))


def _next_query(message: Message, *, offset: int, limit: int, last: int | None) -> str:
    """PAG-09: every filter again, the new offset, and the limit as applied."""
    filters = [
        (name, value)
        for name, value in parse_qsl(message.query)
        if name in ("date_from", "date_to")
    ]
    hint = [] if last is None else [("after", after(offset, last))]
    return urlencode([*filters, ("offset", str(offset)), ("limit", str(limit)), *hint])
