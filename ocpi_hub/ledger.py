"""Sessions on their way: kept for their two parties, then forwarded once.

The ledger is not the catalogue: only the CPO and the eMSP of a session see it, so that an eMSP
that was away finds its sessions complete (docs/decisions.md).
"""

from __future__ import annotations

from datetime import datetime

from ocpi_hub.listing import Served, page_reply, window_of
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.routing import Direct
from ocpi_hub.store import custody as cdr_store
from ocpi_hub.store import ledger as store
from ocpi_hub.store.ledger import Kept


async def keep(db: Database, message: Message, direct: Direct, *, now: datetime) -> None:
    """Commit a Session PUT or PATCH; 2001 where it may not go on to its receiver."""
    owner, session_id = direct.sender.key, message.params["session_id"]
    async with db.hot_transaction() as conn:
        if message.operation.patch:
            kept = await store.patch_session(
                conn, owner, session_id=session_id, patch=message.document, now=now
            )
        else:
            kept = await store.put_session(
                conn, owner, document=message.document, body=message.body, now=now
            )
        found = await store.find(conn, owner, session_id=session_id)
    if kept is Kept.CLOSED:
        raise InvalidParameters(f"session {session_id!r} is final and does not change any more")
    if found is not None and found.emsp != direct.receiver.party.key:
        raise InvalidParameters(
            f"OCPI-to: session {session_id!r} is not one of {direct.receiver.party}"
        )


async def between(db: Database, session_id: str, parties: tuple[Party, Party]) -> bool:
    """Whether a session of these two is known."""
    wanted = {party.key for party in parties}
    async with db.hot() as conn:
        return any(set(pair) == wanted for pair in await store.parties_of(conn, session_id))


async def cpos(db: Database, session_id: str, emsp: Party) -> list[Party]:
    """The CPOs that have a session of that id with an eMSP's token (PRF-06)."""
    async with db.hot() as conn:
        pairs = await store.parties_of(conn, session_id)
    return [Party.of_key(owner) for owner, with_ in pairs if with_ == emsp.key]


async def emsps(db: Database, session_id: str, cpo: Party) -> list[Party]:
    """The eMSP of a CPO's session, if it is known."""
    async with db.hot() as conn:
        found = await store.find(conn, cpo.key, session_id=session_id)
    return [] if found is None else [Party.of_key(found.emsp)]


async def page(db: Database, message: Message, viewer: Party, *, served: Served) -> Reply:
    """A page of the viewer's sessions."""
    return await _page(db, message, viewer, served, of=store.page)


async def cdr_page(db: Database, message: Message, viewer: Party, *, served: Served) -> Reply:
    """A page of the viewer's CDRs."""
    return await _page(db, message, viewer, served, of=cdr_store.page)


async def _page(
    db: Database, message: Message, viewer: Party, served: Served, *, of: store.Pager
) -> Reply:
    async with db.hot() as conn:
        found = await of(conn, viewer.key, window=window_of(message), by_arrival=served.by_arrival)
    return page_reply(message, served, found)
