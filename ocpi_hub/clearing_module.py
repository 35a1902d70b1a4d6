"""The module in which both parties of a CDR read what clearing says of it.

It is a custom module of the hub's own (2.2.1, custom modules), served with the same credentials
token as the others; nobody but the CPO and the eMSP of a CDR sees anything of it.
"""

from __future__ import annotations

from ocpi_hub.listing import Served, page_reply, window_of
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.errors import InvalidParameters, ObjectNotFound
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import Kind
from ocpi_hub.protocol.party import Party
from ocpi_hub.store import clearings


async def answer(
    db: Database, message: Message, viewer: Party, *, hub: Party, served: Served
) -> Reply:
    """A page of the viewer's clearings, or the one of a CDR."""
    if message.receiver not in (None, hub):
        module = message.operation.module
        raise InvalidParameters(f"OCPI-to: {module} is a module of {hub}, not {message.receiver}")
    if message.operation.kind is Kind.LIST:
        return await _page(db, message, viewer, served)
    return await _one(db, message, viewer)


async def _page(db: Database, message: Message, viewer: Party, served: Served) -> Reply:
    async with db.hot() as conn:
        found = await clearings.page(
            conn, viewer.key, window=window_of(message), by_arrival=served.by_arrival
        )
    return page_reply(message, served, found)


async def _one(db: Database, message: Message, viewer: Party) -> Reply:
    params = message.params
    cpo = Party(params["cpo_country_code"], params["cpo_party_id"])
    async with db.hot() as conn:
        found = await clearings.document(conn, cpo.key, cdr_id=params["cdr_id"], viewer=viewer.key)
    if found is None:
        raise ObjectNotFound(f"CDR {params['cdr_id']!r} of {cpo} is not known or not cleared yet")
    return Reply(data=found)
