"""Registering with peers: the credentials module, with us on either side of it.

No database connection is held while a peer is called. A failed exchange changes nothing: tokens,
roles and endpoints are those from before. Source: 2.2.1 credentials; checklist section 9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import Vault, hash_token, new_token
from ocpi_hub.peering.identity import Identity
from ocpi_hub.peering.peers import Peer, Peers, TokenEntry
from ocpi_hub.peering.store import peers as peer_store
from ocpi_hub.peering.store import registrations
from ocpi_hub.peering.store.peers import TokenKind
from ocpi_hub.peering.store.registrations import Registration
from ocpi_hub.protocol.errors import InvalidParameters, MethodNotAllowed, OcpiError
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.registration import Discovered, Handshake, TokenRefused
from ocpi_hub.protocol.urls import check_url
from ocpi_hub.service.transport import Transport

INVITATION_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A token A for a peer that will register here; the only time the token is seen."""

    peer: Peer
    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """A peer at the door, with the token it showed: a protocol.server.Caller."""

    entry: TokenEntry
    token: str = field(repr=False)
    # Whether the token came as it is, without Base64.
    plain: bool

    @property
    def id(self) -> str:
        """The peer's id."""
        return self.entry.id

    @property
    def peer(self) -> Peer:
        """Whose token it is."""
        return self.entry.peer

    @property
    def invited(self) -> bool:
        """Whether the token is an invitation."""
        return self.entry.invited

    @property
    def quirks(self) -> frozenset[str]:
        """Names of the peer's quirks."""
        return self.entry.quirks


@dataclass(frozen=True, slots=True)
class Registrar:
    """Our side of credentials. `timeout` (seconds) is for each call of a handshake."""

    db: Database
    vault: Vault
    transport: Transport
    peers: Peers
    identity: Identity
    timeout: float = 8.0
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    # --- we are called -------------------------------------------------------------------------

    async def invite(self, name: str, *, bound_to: Sequence[str] | None = None) -> Invitation:
        """A fresh token A; inviting a name again replaces its tokens and keeps everything else.

        `bound_to` holds the only parties and roles it may register, as NL/TNM/CPO.
        """
        token, expires_at = new_token(), self.now() + INVITATION_LIFE
        async with self.db.hot_transaction() as conn:
            await registrations.invite(
                conn,
                name,
                new_id=uuid4().hex,
                token_hash=hash_token(token),
                expires_at=expires_at,
                bound_to=bound_to,
            )
        await self.peers.refresh()
        return Invitation(self.peers.named(name), token, expires_at)

    async def answer(self, message: Message, caller: Caller) -> Reply:
        """The answer to GET, POST, PUT or DELETE credentials."""
        method = message.operation.method
        if method == "GET":
            return self._reply(caller.token)
        if method == "POST" and not caller.invited:
            raise MethodNotAllowed("you are registered here: PUT updates, DELETE ends it")
        if method != "POST" and caller.invited:
            raise MethodNotAllowed("you are not registered here yet: POST credentials first")
        if method == "DELETE":
            await self._remove(caller.peer)
            return Reply()
        return await self._taken(message.document, caller)

    async def _taken(self, credentials: Mapping[str, Any], caller: Caller) -> Reply:
        self._check_roles(credentials)
        check_url(credentials["url"], name="url")
        found = await self._handshake().discover(
            credentials["url"], credentials["token"], plain_token=True if caller.plain else None
        )
        fresh = new_token()
        step = registrations.register if caller.invited else registrations.update_registration
        async with self.db.hot_transaction() as conn:
            await step(
                conn,
                caller.id,
                presented=hash_token(caller.token),
                token_hash=hash_token(fresh),
                registration=self._registration(found, credentials),
                now=self.now(),
            )
            if found.plain_token:
                await peer_store.add_quirk(conn, caller.id, quirk=Quirk.PLAIN_TOKEN)
        await self.peers.refresh()
        return self._reply(fresh)

    def _reply(self, token: str) -> Reply:
        return Reply(data=dumps(self.identity.credentials(token)))

    async def promote(self, caller: Caller) -> None:
        """The first use of a token from a PUT ends its predecessor (AUTH-18)."""
        if caller.entry.kind is not TokenKind.PROVISIONAL:
            return
        async with self.db.hot_transaction() as conn:
            await registrations.promote(conn, hash_token(caller.token))
        await self.peers.refresh()

    # --- we call -------------------------------------------------------------------------------

    async def connect(self, name: str, *, versions_url: str, token: str) -> Peer:
        """Register at a peer with its token; at one we are registered with, PUT.

        Errors: 3001 to 3003 with URL and step, 2001 for parties that are not its to speak for.
        """
        check_url(versions_url, name="versions_url")
        known = self._known(name)
        if known is not None and known.registered and known.token_out is not None:
            if known.versions_url not in (None, versions_url):
                raise InvalidParameters(
                    f"versions_url: {name} is registered at {known.versions_url}; remove it first,"
                    " or give this one another name"
                )
            try:
                return await self._exchange("PUT", name, versions_url, known.token_out)
            except TokenRefused:
                # It does not know us any more: the fresh token is for a new registration.
                pass
        return await self._exchange("POST", name, versions_url, token)

    async def rotate(self, peer: Peer) -> Peer:
        """Exchange fresh tokens with a registered peer by a PUT of ours."""
        if peer.token_out is None or peer.versions_url is None:
            raise InvalidParameters(f"{peer.name} is not registered")
        return await self._exchange("PUT", peer.name, peer.versions_url, peer.token_out)

    async def leave(self, peer: Peer) -> str | None:
        """End a registration, and tell the peer; the reason when it could not be told."""
        reason = await self._told(peer)
        await self._remove(peer)
        return reason

    async def _told(self, peer: Peer) -> str | None:
        if peer.token_out is None or peer.versions_url is None:
            return "it has never connected"
        try:
            handshake = self._handshake()
            found = await handshake.discover(peer.versions_url, peer.token_out)
            await handshake.send_credentials("DELETE", found, peer.token_out, {})
        except OcpiError as error:
            return error.message
        return None

    async def _exchange(self, method: str, name: str, versions_url: str, token: str) -> Peer:
        handshake = self._handshake()
        found = await handshake.discover(versions_url, token)
        fresh = new_token()
        async with self.db.hot_transaction() as conn:
            peer_id = await registrations.prepare(
                conn, name, new_id=uuid4().hex, token_hash=hash_token(fresh)
            )
        await self.peers.refresh()
        try:
            ours = self.identity.credentials(fresh)
            theirs = await handshake.send_credentials(method, found, token, ours)
            await self._entered(peer_id, found, theirs, fresh)
        except BaseException:
            async with self.db.hot() as conn:
                await registrations.withdraw(conn, hash_token(fresh))
            raise
        await self.peers.refresh()
        return self.peers.named(name)

    async def _entered(
        self, peer_id: str, found: Discovered, theirs: Mapping[str, Any], fresh: str
    ) -> None:
        self._check_roles(theirs)
        async with self.db.hot_transaction() as conn:
            await registrations.register(
                conn,
                peer_id,
                presented=hash_token(fresh),
                token_hash=hash_token(fresh),
                registration=self._registration(found, theirs),
                now=self.now(),
            )
            if found.plain_token:
                await peer_store.add_quirk(conn, peer_id, quirk=Quirk.PLAIN_TOKEN)

    # --- both ----------------------------------------------------------------------------------

    def _handshake(self) -> Handshake:
        return Handshake(self.transport, self.timeout)

    def _known(self, name: str) -> Peer | None:
        return next((peer for peer in self.peers if peer.name == name), None)

    async def _remove(self, peer: Peer) -> None:
        async with self.db.hot_transaction() as conn:
            await registrations.remove(conn, peer.id)
        await self.peers.refresh()

    def _registration(self, found: Discovered, theirs: Mapping[str, Any]) -> Registration:
        return Registration(
            ours=self.identity.party,
            version=found.version,
            versions_url=found.versions_url,
            token_out=self.vault.encrypt(theirs["token"]),
            endpoints=[
                {"identifier": module, "role": side.value, "url": url}
                for (module, side), url in sorted(found.endpoints.items())
            ],
            roles=theirs["roles"],
        )

    def _check_roles(self, credentials: Mapping[str, Any]) -> None:
        """CRE-18: nobody else speaks for us."""
        for index, role in enumerate(credentials["roles"]):
            party = Party.checked(role["country_code"], role["party_id"], where=f"roles.{index}")
            if party == self.identity.party and role["role"] == self.identity.role:
                raise InvalidParameters(
                    f"roles.{index}: {party} as {role['role']} is who you are talking to"
                )
