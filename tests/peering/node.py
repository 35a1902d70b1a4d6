"""A party of ours on a real socket: everything of peering, and an adapter that keeps what it hears.

Its peers are recording parties, or a hub of its own kind; see conftest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import MetaData

from ocpi_hub.node.columns import metadata_of
from ocpi_hub.node.engine import Database, open_database
from ocpi_hub.node.secrets import Vault
from ocpi_hub.peering import serving as replies
from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.peers import Peer
from ocpi_hub.peering.side import OcpiSide, open_side
from ocpi_hub.peering.store import ddl, handed_over, parked, published, tables
from ocpi_hub.peering.store.parked import Parked
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.modules import FUNCTIONAL, Kind, Operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.server import Exchange, Server
from ocpi_hub.protocol.types import parse_datetime
from tests.hub.commands import KEY
from tests.parties import RecordingParty
from tests.serving import free_port, serving

SCHEMA = "peertest"


def new_metadata() -> MetaData:
    """The tables, as an adapter has them."""
    metadata = metadata_of(SCHEMA)
    tables.add_to(metadata)
    return metadata


async def make_tables(db: Database) -> None:
    """The tables, as a migration makes them."""
    async with db.hot() as conn:
        await conn.execute(f"CREATE SCHEMA {SCHEMA}".encode())
        for statement in (*ddl.CREATE, *ddl.WHOSE):
            await conn.execute(statement.encode())


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A database as the service sees it."""
    async with open_database(url, schema=SCHEMA, pool_size=4) as db:
        yield db


@dataclass
class Node:
    """One party of ours; `heard` is what its adapter was asked to do."""

    identity: Identity
    db: Database
    timeout: float = 2.0
    heard: list[tuple[Message, Party, Peer]] = field(default_factory=list)
    side: OcpiSide = field(init=False)
    _served: AsyncExitStack = field(default_factory=AsyncExitStack)

    # --- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Serve it, with all its tasks."""
        self._served = AsyncExitStack()
        self.side = await self._served.enter_async_context(
            open_side(
                self.identity,
                self.db,
                Vault(KEY),
                allow_private_networks=True,
                timeout=self.timeout,
                pull_interval=3600,
            )
        )
        server = self.side.server(_served_rows(self.identity.role), self._do, observed=_nothing)
        await self._served.enter_async_context(_running(self.side))
        port = urlsplit(self.identity.public_url).port
        assert port is not None
        await self._served.enter_async_context(serving(_App(server), port))

    async def stop(self) -> None:
        """From now on nobody listens, and nobody is told anything."""
        await self._served.aclose()

    # --- peers ---------------------------------------------------------------------------------

    async def connect(self, party: RecordingParty, name: str = "peer") -> Peer:
        """Register at a served party."""
        url = f"{party.url}/ocpi/versions"
        peer = await self.side.registrar.connect(name, versions_url=url, token=party.token)
        if peer.is_hub:
            await self.side.clients.read(peer)
        return self.side.peers.named(name)

    # --- what it owns --------------------------------------------------------------------------

    async def publish(
        self, module: str, document: dict[str, Any], *, receiver: str | None = None
    ) -> None:
        """Offer an object, and have it told."""
        async with self.db.hot_transaction() as conn:
            await published.publish(
                conn,
                module,
                id=document["uid"] if module == "tokens" else document["id"],
                document=document,
                receiver=None if receiver is None else Party.parse(receiver),
                last_updated=parse_datetime(document["last_updated"]),
            )
        self.side.publisher.poke()

    async def set_status(self, location_id: str, evse_uid: str, status: str, stamp: str) -> None:
        """An EVSE has another status."""
        async with self.db.hot_transaction() as conn:
            await published.publish(
                conn,
                "locations",
                id=location_id,
                sub=evse_uid,
                document={"status": status, "last_updated": stamp},
                last_updated=parse_datetime(stamp),
            )
        self.side.publisher.poke()

    async def withdraw(self, module: str, id_: str) -> None:
        """Take an object back."""
        async with self.db.hot() as conn:
            await published.withdraw(conn, module, id=id_, last_updated=datetime.now(UTC))
        self.side.publisher.poke()

    # --- how it was taken ----------------------------------------------------------------------

    async def parked(self) -> list[Parked]:
        """What was not taken."""
        async with self.db.hot() as conn:
            return await parked.all_(conn)

    async def has_parked(self) -> bool:
        """Whether something was not taken."""
        return bool(await self.parked())

    async def has_nothing_parked(self) -> bool:
        """Whether everything was taken."""
        return not await self.parked()

    async def handed_over(self, cdr_id: str) -> str | None:
        """Where a receiver keeps a CDR of ours."""
        async with self.db.hot() as conn:
            return await handed_over.location(conn, cdr_id)

    def has_handed_over(self, cdr_id: str) -> Callable[[], Awaitable[bool]]:
        """Asks whether a CDR was taken."""

        async def check() -> bool:
            async with self.db.hot() as conn:
                return bool(await handed_over.taken(conn, [cdr_id.lower()]))

        return check

    async def forget_cursors(self) -> None:
        """As if nobody had been told anything."""
        async with self.db.hot() as conn:
            await conn.execute("UPDATE cursors SET xid = '0', seq = 0")

    def client_info_url(self, party: str) -> str:
        """Where a hub tells about a party."""
        return f"{self.identity.details_url}/hubclientinfo/{party}"

    def heard_of(self, module: str) -> list[tuple[Message, Party, Peer]]:
        """What its adapter was asked to do about a module, lists left out."""
        return [
            each
            for each in self.heard
            if each[0].operation.module == module and each[0].operation.kind is not Kind.LIST
        ]

    async def _do(self, message: Message, sender: Party, peer: Peer) -> Reply:
        self.heard.append((message, sender, peer))
        if message.operation.kind is Kind.LIST:
            async with self.db.hot() as conn:
                return await replies.list_reply(
                    conn, message, sender=sender, peer=peer, identity=self.identity
                )
        return Reply()


def node_of(db: Database, role: Role = Role.CPO, party: str = "NL/CPO", **options: Any) -> Node:
    """A party of ours on a free port."""
    url = f"http://127.0.0.1:{free_port()}"
    return Node(Identity(Party.parse(party), role, "Example of ours", url), db, **options)


def now() -> str:
    """The present moment as OCPI writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(frozen=True, slots=True)
class _App:
    server: Server[Any]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self.server(scope, receive, send)


@asynccontextmanager
async def _running(side: OcpiSide) -> AsyncIterator[None]:
    task = asyncio.create_task(side.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _served_rows(role: Role) -> list[Operation]:
    """What a party of that role serves: Sender of its own modules, Receiver of the others."""
    return [row for row in FUNCTIONAL if role in row.receivers]


def _nothing(exchange: Exchange) -> None:
    del exchange
