"""Shortcuts to registered platforms, for tests that need them but are not about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ocpi_hub.node.engine import Database
from ocpi_hub.node.secrets import Vault, hash_token
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.registry import Mode, Registry
from ocpi_hub.store import registrations
from ocpi_hub.store.registrations import Claim, Endpoint, Registration, RoleChange

HUB = Party("NL", "HUB")
NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
VAULT = Vault("MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=")
MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs")


def registry(db: Database, *, mode: Mode = "open") -> Registry:
    """A registry of the hub NL/HUB, not yet loaded."""
    return Registry(db, hub=HUB, mode=mode, vault=VAULT)


def claim(text: str) -> Claim:
    """From NL/TNM/CPO."""
    party, _, role = text.rpartition("/")
    return Claim(Party.parse(party), Role(role), {"name": f"{party} Ltd"})


def registration(*claims: str, version: str = "2.2.1") -> Registration:
    """What a handshake with a platform brings; its token for the hub is `out`."""
    return Registration(
        version=version,
        versions_url="https://peer.example/ocpi/versions",
        token_out=VAULT.encrypt("out"),
        endpoints=[
            Endpoint(module, side, f"https://peer.example/{side.lower()}/{module}")
            for module in MODULES
            for side in Interface
        ],
        claims=[claim(text) for text in claims],
    )


async def invited(
    db: Database,
    name: str,
    *,
    token: str | None = None,
    bound_to: Sequence[str] | None = None,
    now: datetime = NOW,
) -> str:
    """The id of a platform invited with the token `<name>-A`."""
    async with db.begin() as conn:
        return await registrations.invite(
            conn,
            name,
            new_id=f"id-{name}",
            token_hash=hash_token(token or f"{name}-A"),
            expires_at=now + timedelta(days=30),
            bound_to=bound_to,
            now=now,
        )


async def register(
    db: Database,
    name: str,
    *claims: str,
    presented: str | None = None,
    token: str | None = None,
    now: datetime = NOW,
) -> RoleChange:
    """Register an invited platform with the token `<name>-C`."""
    async with db.begin() as conn:
        return await registrations.register(
            conn,
            f"id-{name}",
            presented=hash_token(presented or f"{name}-A"),
            token_hash=hash_token(token or f"{name}-C"),
            registration=registration(*claims),
            hub=HUB,
            now=now,
        )


async def registered(db: Database, name: str, *claims: str) -> str:
    """The id of a platform invited and registered in one go."""
    platform_id = await invited(db, name)
    await register(db, name, *claims)
    return platform_id


async def put(
    db: Database,
    name: str,
    *claims: str,
    presented: str,
    token: str,
    now: datetime = NOW,
) -> RoleChange:
    """A PUT credentials made with `presented` and answered with `token`."""
    async with db.begin() as conn:
        return await registrations.update_registration(
            conn,
            f"id-{name}",
            presented=hash_token(presented),
            token_hash=hash_token(token),
            registration=registration(*claims),
            hub=HUB,
            now=now,
        )
