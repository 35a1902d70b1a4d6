"""Registering platforms: the credentials module, with the hub on either side of the handshake.

No database connection is held while a partner is called. A failed exchange changes nothing: tokens,
roles and endpoints are those from before. Source: 2.2.1 credentials; checklist section 9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from ocpi_hub.node.engine import Connection, Database
from ocpi_hub.node.secrets import Vault, hash_token, new_token
from ocpi_hub.protocol.errors import InvalidParameters, MethodNotAllowed, OcpiError
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Message, Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.quirks import Quirk
from ocpi_hub.protocol.registration import Discovered, Endpoints, Handshake, TokenRefused
from ocpi_hub.protocol.roles import Role
from ocpi_hub.protocol.urls import check_url
from ocpi_hub.service.transport import Transport
from ocpi_hub.snapshot import RECEIVERS, Platform, TokenEntry
from ocpi_hub.store import cursors, platforms, registrations
from ocpi_hub.store.registrations import Claim, Endpoint, Registration, RoleChange


@dataclass(frozen=True, slots=True)
class Onboarding:
    """The hub's side of credentials. `timeout` (seconds) is for each call of a handshake."""

    db: Database
    vault: Vault
    transport: Transport
    hub: Party
    name: str
    versions_url: str
    timeout: float = 8.0
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    # --- the hub as Receiver -------------------------------------------------------------------

    async def answer(
        self, message: Message, entry: TokenEntry, *, token: str, plain: bool
    ) -> Reply:
        """The answer to GET, POST, PUT or DELETE credentials made with `token`."""
        match message.operation.method:
            case "GET":
                return self._reply(token)
            case "POST":
                if not entry.invited:
                    raise MethodNotAllowed("this platform is registered: PUT updates, DELETE ends")
                return await self._taken(message.document, entry, token=token, plain=plain)
            case "PUT":
                _must_be_registered(entry)
                return await self._taken(message.document, entry, token=token, plain=plain)
            case _:
                _must_be_registered(entry)
                async with self.db.begin() as conn:
                    await registrations.remove(conn, entry.platform.id, now=self.now())
                return Reply()

    async def _taken(
        self, credentials: dict[str, Any], entry: TokenEntry, *, token: str, plain: bool
    ) -> Reply:
        claims = claims_of(credentials)
        platform = entry.platform
        async with self.db.begin() as conn:
            bound_to = await registrations.bound_to(conn, platform.id)
        registrations.check_claims(claims, bound_to=bound_to, hub=self.hub)
        check_url(credentials["url"], name="url")
        found = await self._handshake().discover(
            credentials["url"], credentials["token"], plain_token=True if plain else None
        )
        await self._begin_cursors(claims)
        fresh = new_token()
        async with self.db.begin() as conn:
            step = registrations.register if entry.invited else registrations.update_registration
            await step(
                conn,
                platform.id,
                presented=hash_token(token),
                token_hash=hash_token(fresh),
                registration=self._registration(found, credentials["token"], claims),
                hub=self.hub,
                now=self.now(),
            )
            await self._keep_token_form(conn, platform, found)
        return self._reply(fresh)

    def _reply(self, token: str) -> Reply:
        return Reply(data=dumps(self.credentials(token)))

    def credentials(self, token: str) -> dict[str, Any]:
        """The hub's own Credentials: only role HUB, the parties are in HubClientInfo (CRE-17)."""
        return {
            "token": token,
            "url": self.versions_url,
            "roles": [
                {
                    "role": Role.HUB.value,
                    "business_details": {"name": self.name},
                    "party_id": self.hub.party_id,
                    "country_code": self.hub.country_code,
                }
            ],
        }

    # --- the hub as Sender ---------------------------------------------------------------------

    async def connect(
        self, name: str, *, versions_url: str, token: str, known: Platform | None
    ) -> RoleChange:
        """Register at a partner with its token; at one we are registered with, PUT.

        Errors: 3001 to 3003 with URL and step, 2001 for roles that are not free.
        """
        check_url(versions_url, name="versions_url")
        if known is not None and known.registered and known.token_out is not None:
            try:
                return await self._exchange(
                    "PUT", name, known.versions_url or versions_url, known.token_out
                )
            except TokenRefused:
                # It does not know us any more: the fresh token is for a new registration.
                return await self._exchange("POST", name, versions_url, token)
        return await self._exchange("POST", name, versions_url, token)

    async def rotate(self, platform: Platform) -> RoleChange:
        """Exchange fresh tokens with a registered partner by a PUT of ours."""
        if platform.token_out is None or platform.versions_url is None:
            raise InvalidParameters(f"{platform.name} is not registered")
        return await self._exchange("PUT", platform.name, platform.versions_url, platform.token_out)

    async def leave(self, platform: Platform) -> str | None:
        """Tell a partner with DELETE credentials; the reason when it could not be told."""
        if platform.token_out is None or platform.versions_url is None:
            return None
        try:
            handshake = self._handshake()
            found = await handshake.discover(platform.versions_url, platform.token_out)
            await handshake.send_credentials("DELETE", found, platform.token_out, {})
        except OcpiError as error:
            return error.message
        return None

    async def _exchange(self, method: str, name: str, versions_url: str, token: str) -> RoleChange:
        handshake = self._handshake()
        found = await handshake.discover(versions_url, token)
        fresh = new_token()
        async with self.db.begin() as conn:
            platform_id = await registrations.prepare(
                conn, name, new_id=uuid4().hex, token_hash=hash_token(fresh)
            )
        try:
            theirs = await handshake.send_credentials(method, found, token, self.credentials(fresh))
            return await self._entered(platform_id, found, theirs, fresh)
        except BaseException:
            async with self.db.begin() as conn:
                await registrations.withdraw(conn, hash_token(fresh))
            raise

    async def _entered(
        self, platform_id: str, found: Discovered, theirs: dict[str, Any], fresh: str
    ) -> RoleChange:
        claims = claims_of(theirs)
        await self._begin_cursors(claims)
        async with self.db.begin() as conn:
            change = await registrations.register(
                conn,
                platform_id,
                presented=hash_token(fresh),
                token_hash=hash_token(fresh),
                registration=self._registration(found, theirs["token"], claims),
                hub=self.hub,
                now=self.now(),
            )
            if found.plain_token:
                await platforms.add_quirk(conn, platform_id, quirk=Quirk.PLAIN_TOKEN)
        return change

    # --- both ----------------------------------------------------------------------------------

    def _handshake(self) -> Handshake:
        return Handshake(self.transport, self.timeout)

    def _registration(self, found: Discovered, token_out: str, claims: list[Claim]) -> Registration:
        return Registration(
            version=found.version,
            versions_url=found.versions_url,
            token_out=self.vault.encrypt(token_out),
            endpoints=_stored(found.endpoints),
            claims=claims,
        )

    async def _begin_cursors(self, claims: list[Claim]) -> None:
        """What is broadcast from now on the newcomer is told; the rest is its GET."""
        async with self.db.hot() as conn:
            for module, roles in RECEIVERS.items():
                told = sorted({claim.party.key for claim in claims if claim.role in roles})
                await cursors.begin_at_head(conn, told, modules=[module])

    async def _keep_token_form(
        self, conn: Connection, platform: Platform, found: Discovered
    ) -> None:
        """AMB-01: how a peer wants its token is found out at registration, then kept."""
        if found.plain_token and Quirk.PLAIN_TOKEN not in platform.quirks:
            await platforms.add_quirk(conn, platform.id, quirk=Quirk.PLAIN_TOKEN)


INVITATION_LIFE = timedelta(days=30)


async def invite(
    db: Database, name: str, *, bound_to: list[str] | None, now: datetime
) -> tuple[str, datetime]:
    """A fresh token A for a partner and when it expires; the only time the token is seen."""
    token, expires_at = new_token(), now + INVITATION_LIFE
    async with db.begin() as conn:
        await registrations.invite(
            conn,
            name,
            new_id=uuid4().hex,
            token_hash=hash_token(token),
            expires_at=expires_at,
            bound_to=bound_to,
            now=now,
        )
    return token, expires_at


def claims_of(credentials: Mapping[str, Any]) -> list[Claim]:
    """The parties and roles that a Credentials object claims."""
    return [
        Claim(
            party=Party.checked(role["country_code"], role["party_id"], where=f"roles.{index}"),
            role=Role(role["role"]),
            business_details=role["business_details"],
        )
        for index, role in enumerate(credentials["roles"])
    ]


def _stored(endpoints: Endpoints) -> list[Endpoint]:
    return [Endpoint(module, side, url) for (module, side), url in sorted(endpoints.items())]


def _must_be_registered(entry: TokenEntry) -> None:
    if entry.invited:
        raise MethodNotAllowed("this platform is not registered yet: POST credentials first")
