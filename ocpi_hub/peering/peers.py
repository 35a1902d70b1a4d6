"""The peers at one moment: who they are, whom they speak for, and which way leads to a party.

What is asked on the way of a message is answered from memory. The database is read again after
every change of ours, and every few seconds, because commands and other processes change it too.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import Vault, hash_token
from ocpi_hub.node.steady import steadily
from ocpi_hub.peering.store import peers as store
from ocpi_hub.peering.store.clients import Client
from ocpi_hub.peering.store.peers import PeerStatus, Presence, Rows, TokenKind
from ocpi_hub.protocol import charging_problems
from ocpi_hub.protocol.errors import NotFound
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.v2_2_1.hub_client_info import ConnectionStatus

_CHECK_SECONDS = 2.0

# Where a module's side is served.
Endpoints = Mapping[tuple[str, Interface], str]


@dataclass(frozen=True)
class PeerRole:
    """One role of one party that a peer registered."""

    party: Party
    role: Role
    business_details: Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """A platform we are registered with: a protocol.client.Peer."""

    id: str
    name: str
    status: PeerStatus
    version: str | None
    versions_url: str | None
    token_out: str | None = field(repr=False)
    endpoints: Endpoints
    quirks: frozenset[str]
    roles: tuple[PeerRole, ...]
    # The only parties and roles it may register, as NL/TNM/CPO; None: any that nobody else has.
    bound_to: tuple[str, ...] | None
    clients: tuple[Client, ...]
    # When the parties behind a hub were read last.
    clients_read_at: datetime | None
    presence: Presence
    last_seen: datetime | None = field(compare=False)

    @property
    def registered(self) -> bool:
        """Whether messages may go to and come from it."""
        return self.status is PeerStatus.REGISTERED and self.token_out is not None

    @cached_property
    def hub(self) -> Party | None:
        """The party of a hub; None for everybody else."""
        return next((entry.party for entry in self.roles if entry.role is Role.HUB), None)

    @property
    def is_hub(self) -> bool:
        """Whether others speak through it."""
        return self.hub is not None

    @property
    def ready(self) -> bool:
        """Whether it takes part: of a hub it has to be known first who is behind it."""
        return self.registered and (not self.is_hub or self.clients_read_at is not None)

    @cached_property
    def speakers(self) -> Mapping[Party, frozenset[Role]]:
        """Whose messages it brings, in which roles: its own parties, or those behind a hub."""
        found: dict[Party, frozenset[Role]] = {}
        named = [(entry.party, entry.role) for entry in self.roles]
        named += [(client.party, client.role) for client in self.clients]
        for party, role in named:
            found[party] = found.get(party, frozenset()) | {role}
        return found

    @cached_property
    def owners(self) -> frozenset[Party]:
        """Whose objects it brings: behind a hub those known from HubClientInfo (RTE-38)."""
        return frozenset(party for party, roles in self.speakers.items() if roles != {Role.HUB})

    def parties(self, roles: frozenset[Role]) -> list[Party]:
        """Its own parties in one of these roles, each once."""
        return list(dict.fromkeys(entry.party for entry in self.roles if entry.role in roles))

    def reaches(self, party: Party) -> bool:
        """Whether a party behind this hub can be called now (HCI-09); unknown ones are tried."""
        statuses = {client.status for client in self.clients if client.party == party}
        return not statuses or ConnectionStatus.CONNECTED in statuses


@dataclass(frozen=True)
class TokenEntry:
    """What a credentials token that we issued is good for: a protocol.server.Caller."""

    peer: Peer
    kind: TokenKind
    expires_at: datetime | None

    @property
    def id(self) -> str:
        """The peer's id."""
        return self.peer.id

    @property
    def invited(self) -> bool:
        """Whether it is a token A: good for versions and credentials only (AUTH-04)."""
        return self.kind is TokenKind.INVITATION

    @property
    def quirks(self) -> frozenset[str]:
        """Names of the peer's quirks."""
        return self.peer.quirks


@dataclass(slots=True)
class Peers:
    """All peers as of the last refresh; `changed` is told of each that found something new."""

    db: Database
    vault: Vault
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    clock: Callable[[], float] = time.monotonic
    changed: list[Callable[[], None]] = field(default_factory=list)
    _read_at: float = -math.inf
    _by_id: dict[str, Peer] = field(default_factory=dict)
    _tokens: dict[bytes, TokenEntry] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __iter__(self) -> Iterator[Peer]:
        """Every peer, removed ones too, in the order of their registration."""
        return iter(self._by_id.values())

    async def run(self) -> None:
        """Follow the database until cancelled."""
        await steadily("peers", self.refresh, pause=_CHECK_SECONDS)

    async def refresh(self) -> None:
        """Read everything anew; who asks while that is done shares the next reading."""
        asked = self.clock()
        async with self._turn:
            if self._read_at > asked:
                return
            begun = self.clock()
            async with self.db.hot() as conn:
                rows = await store.load(conn)
            before = self._by_id
            self._by_id = _assembled(rows, self.vault)
            self._tokens = {
                bytes(row["hash"]): TokenEntry(
                    self._by_id[row["peer_id"]], TokenKind(row["kind"]), row["expires_at"]
                )
                for row in rows.tokens
            }
            self._read_at = begun
        if before != self._by_id:
            for tell in self.changed:
                tell()

    # --- finding -------------------------------------------------------------------------------

    def get(self, peer_id: str) -> Peer | None:
        """The peer with that id."""
        return self._by_id.get(peer_id)

    def named(self, name: str) -> Peer:
        """The peer of that name, or NotFound."""
        for peer in self:
            if peer.name == name:
                return peer
        known = ", ".join(sorted(peer.name for peer in self)) or "none"
        raise NotFound(f"there is no peer {name} (known: {known})")

    def authenticate(self, token: str) -> TokenEntry | None:
        """Whose token it is; None when unknown, expired, or of a peer that was removed."""
        entry = self._tokens.get(hash_token(token))
        if entry is None or (entry.expires_at is not None and entry.expires_at <= self.now()):
            return None
        return None if entry.peer.status is PeerStatus.REMOVED else entry

    @property
    def ready(self) -> list[Peer]:
        """Those that take part."""
        return [peer for peer in self if peer.ready]

    def route(self, party: Party) -> Peer | None:
        """The way to a party: a peer that is this party, else the hub that lists it, else the
        only hub there is."""
        ready = self.ready
        for peer in ready:
            if any(entry.party == party for entry in peer.roles):
                return peer
        hubs = [peer for peer in ready if peer.is_hub]
        listing = [peer for peer in hubs if party in peer.owners]
        if listing:
            return next((peer for peer in listing if peer.reaches(party)), listing[0])
        return hubs[0] if len(hubs) == 1 else None


def _assembled(rows: Rows, vault: Vault) -> dict[str, Peer]:
    direct = _direct(rows)
    clients: dict[str, list[Client]] = {}
    for row in rows.clients:
        client = _client(row)
        # Who is registered here speaks for itself; a hub that says otherwise is not believed.
        if client.party not in direct:
            clients.setdefault(row["peer_id"], []).append(client)
    return {row["id"]: _peer(row, clients.get(row["id"], ()), vault) for row in rows.peers}


def _direct(rows: Rows) -> frozenset[Party]:
    """The parties that have a registration of their own."""
    return frozenset(
        Party(role["country_code"], role["party_id"])
        for row in rows.peers
        if row["status"] == PeerStatus.REGISTERED
        for role in row["roles"]
    )


def _relayed(endpoints: Endpoints) -> Endpoints:
    """Where a hub takes the modules that it only passes on: beside those that it lists."""
    beside = endpoints.get(("locations", Interface.RECEIVER))
    if beside is None or not beside.endswith("/locations"):
        return {}
    root = beside.removesuffix("locations")
    return {(module, Interface.RECEIVER): root + module for module in charging_problems.PUTS}


def _peer(row: Mapping[str, Any], clients: Sequence[Client], vault: Vault) -> Peer:
    sealed = row["token_out"]
    endpoints = {(e["identifier"], Interface(e["role"])): e["url"] for e in row["endpoints"]}
    if any(role["role"] == Role.HUB for role in row["roles"]):
        endpoints = {**_relayed(endpoints), **endpoints}
    return Peer(
        id=row["id"],
        name=row["name"],
        status=PeerStatus(row["status"]),
        version=row["version"],
        versions_url=row["versions_url"],
        token_out=None if sealed is None else vault.decrypt(bytes(sealed)),
        endpoints=endpoints,
        quirks=frozenset(row["quirks"]),
        roles=tuple(
            PeerRole(
                Party(role["country_code"], role["party_id"]),
                Role(role["role"]),
                role["business_details"],
            )
            for role in row["roles"]
        ),
        bound_to=None if row["bound_to"] is None else tuple(row["bound_to"]),
        clients=tuple(clients),
        clients_read_at=row["clients_read_at"],
        presence=Presence(row["presence"]),
        last_seen=row["last_seen"],
    )


def _client(row: Mapping[str, Any]) -> Client:
    return Client(
        Party(row["country_code"], row["party_id"]),
        Role(row["role"]),
        ConnectionStatus(row["status"]),
        row["last_updated"],
    )
