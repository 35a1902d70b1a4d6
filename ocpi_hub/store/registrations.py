"""How a platform comes to be registered: invitations, tokens, and the parties it speaks for.

Every function is one step of the caller's transaction. One that raises has refused the step, and
the transaction must be rolled back: nothing has changed then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.protocol.errors import Unauthorized
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.store import notices
from ocpi_hub.store.claims import (
    Claim,
    RoleChange,
    check_claims,
    plan_roles,
    suspend_others,
    take_roles,
)
from ocpi_hub.store.platforms import PlatformStatus, Presence, TokenKind
from ocpi_hub.store.tables import credentials_tokens, platforms

__all__ = [
    "GRACE",
    "Claim",
    "Endpoint",
    "Registration",
    "RoleChange",
    "bound_to",
    "check_claims",
    "invite",
    "prepare",
    "promote",
    "purge_tokens",
    "register",
    "remove",
    "update_registration",
    "withdraw",
]

# How long a replaced token may still be used while its successor was not (AUTH-18, F25).
GRACE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One line of a platform's version details."""

    identifier: str
    role: Interface
    url: str


@dataclass(frozen=True, slots=True)
class Registration:
    """What a handshake brought: `token_out` is the platform's token for the hub, encrypted."""

    version: str
    versions_url: str
    token_out: bytes
    endpoints: Sequence[Endpoint]
    claims: Sequence[Claim]


async def invite(
    conn: AsyncConnection,
    name: str,
    *,
    new_id: str,
    token_hash: bytes,
    expires_at: datetime,
    bound_to: Sequence[str] | None = None,
    now: datetime,
) -> str:
    """The id of the platform, which now has this invitation (token A) and no other token.

    Inviting a name again keeps its parties, endpoints and status. `bound_to` holds the only
    parties and roles it may register, as NL/TNM/CPO, which are PLANNED until then; None: those of
    its last invitation, or without one any that is free (CRE-19).
    """
    changes = {} if bound_to is None else {"bound_to": bound_to}
    platform_id = await _opened(conn, name, new_id=new_id, changes=changes)
    await plan_roles(conn, platform_id, now=now)
    await _drop_tokens(conn, platform_id)
    await _add_token(conn, platform_id, token_hash, TokenKind.INVITATION, expires_at=expires_at)
    await notices.bump(conn)
    return platform_id


async def bound_to(conn: AsyncConnection, platform_id: str) -> list[str] | None:
    """The only parties and roles the platform may register, or None: any that is free."""
    names: list[str] | None = await conn.scalar(
        select(platforms.c.bound_to).where(platforms.c.id == platform_id)
    )
    return names


async def prepare(conn: AsyncConnection, name: str, *, new_id: str, token_hash: bytes) -> str:
    """The id of the platform the hub is about to call, which may use this token besides its own.

    For POST and PUT credentials sent by the hub: the platform calls back during them. Then comes
    `register` with the same token, or `withdraw`.
    """
    platform_id = await _opened(conn, name, new_id=new_id, changes={})
    await _add_token(conn, platform_id, token_hash, TokenKind.HANDED_OVER)
    await notices.bump(conn)
    return platform_id


async def withdraw(conn: AsyncConnection, token_hash: bytes) -> None:
    """Forget a token whose exchange failed; the platform's other tokens stand."""
    await conn.execute(delete(credentials_tokens).where(credentials_tokens.c.hash == token_hash))
    await notices.bump(conn)


async def register(
    conn: AsyncConnection,
    platform_id: str,
    *,
    presented: bytes,
    token_hash: bytes,
    registration: Registration,
    hub: Party,
    now: datetime,
) -> RoleChange:
    """Make the platform registered with one token, `token_hash`; every other one is gone.

    `presented` is the token the exchange ran under: the invitation, or for a POST or PUT sent by
    the hub the token it handed over, which is then `token_hash` too.
    """
    platform = await _locked(conn, platform_id, presented=presented, now=now)
    change = await _enter(conn, platform, registration=registration, hub=hub, now=now)
    await _drop_tokens(conn, platform_id)
    await _add_token(conn, platform_id, token_hash, TokenKind.REGISTERED)
    await notices.bump(conn)
    return change


async def update_registration(
    conn: AsyncConnection,
    platform_id: str,
    *,
    presented: bytes,
    token_hash: bytes,
    registration: Registration,
    hub: Party,
    now: datetime,
) -> RoleChange:
    """Carry out a PUT credentials: `token_hash` is provisional until `promote`.

    The platform may not have heard the answer, so the token it had stays good for 24 hours.
    """
    platform = await _locked(conn, platform_id, presented=presented, now=now)
    change = await _enter(conn, platform, registration=registration, hub=hub, now=now)
    # A platform that comes with the last answer's token has heard that answer.
    await promote(conn, presented)
    held = credentials_tokens.c.platform_id == platform_id
    await conn.execute(
        delete(credentials_tokens).where(held, credentials_tokens.c.kind == TokenKind.PROVISIONAL)
    )
    await conn.execute(update(credentials_tokens).where(held).values(expires_at=now + GRACE))
    await _add_token(conn, platform_id, token_hash, TokenKind.PROVISIONAL)
    await notices.bump(conn)
    return change


async def promote(conn: AsyncConnection, token_hash: bytes) -> bool:
    """True when a provisional token became the platform's only one, because it was used."""
    tokens = credentials_tokens
    platform_id = await conn.scalar(
        update(tokens)
        .where(tokens.c.hash == token_hash, tokens.c.kind == TokenKind.PROVISIONAL)
        .values(kind=TokenKind.REGISTERED)
        .returning(tokens.c.platform_id)
    )
    if platform_id is None:
        return False
    await conn.execute(
        delete(tokens).where(tokens.c.platform_id == platform_id, tokens.c.hash != token_hash)
    )
    await notices.bump(conn)
    return True


async def remove(conn: AsyncConnection, platform_id: str, *, now: datetime) -> None:
    """Carry out a DELETE credentials, or the operator's removal (CRE-12, SEC-11).

    No token is left in either direction, its parties are suspended and free to register elsewhere.
    """
    await _drop_tokens(conn, platform_id)
    await conn.execute(
        update(platforms)
        .where(platforms.c.id == platform_id)
        .values(
            status=PlatformStatus.REMOVED,
            token_out=None,
            presence=Presence.OFFLINE,
            presence_since=now,
        )
    )
    await suspend_others(conn, platform_id, claims=(), now=now)
    await notices.bump(conn)


async def purge_tokens(conn: AsyncConnection, *, now: datetime) -> int:
    """Delete the tokens that have expired; how many."""
    done = await conn.execute(
        delete(credentials_tokens).where(credentials_tokens.c.expires_at <= now)
    )
    return done.rowcount


async def _opened(
    conn: AsyncConnection, name: str, *, new_id: str, changes: Mapping[str, Any]
) -> str:
    """The platform of that name; a removed one is invited again."""
    fresh = insert(platforms).values(id=new_id, name=name, status=PlatformStatus.INVITED, **changes)
    again = case(
        (platforms.c.status == PlatformStatus.REMOVED, PlatformStatus.INVITED),
        else_=platforms.c.status,
    )
    platform_id = await conn.scalar(
        fresh.on_conflict_do_update(
            index_elements=[platforms.c.name], set_={"status": again, **changes}
        ).returning(platforms.c.id)
    )
    return str(platform_id)


async def _locked(
    conn: AsyncConnection, platform_id: str, *, presented: bytes, now: datetime
) -> RowMapping:
    """The platform's row, so that its exchanges happen one after the other.

    Unauthorized when the token was used up or replaced since the request came in.
    """
    row = await conn.execute(
        select(platforms).where(platforms.c.id == platform_id).with_for_update()
    )
    platform = row.mappings().one_or_none()
    tokens = credentials_tokens
    stands = await conn.scalar(
        select(tokens.c.kind).where(
            tokens.c.hash == presented,
            tokens.c.platform_id == platform_id,
            tokens.c.expires_at.is_(None) | (tokens.c.expires_at > now),
        )
    )
    refused = (PlatformStatus.SUSPENDED, PlatformStatus.REMOVED)
    if platform is None or stands is None or platform["status"] in refused:
        raise Unauthorized("the credentials token was replaced during the exchange")
    return platform


async def _enter(
    conn: AsyncConnection,
    platform: RowMapping,
    *,
    registration: Registration,
    hub: Party,
    now: datetime,
) -> RoleChange:
    check_claims(registration.claims, bound_to=platform["bound_to"], hub=hub)
    added = await take_roles(conn, platform, claims=registration.claims, now=now)
    removed = await suspend_others(conn, platform["id"], claims=registration.claims, now=now)
    connected = (
        platform["status"] == PlatformStatus.REGISTERED
        and platform["presence"] == Presence.CONNECTED
    )
    await conn.execute(
        update(platforms)
        .where(platforms.c.id == platform["id"])
        .values(
            status=PlatformStatus.REGISTERED,
            version=registration.version,
            versions_url=registration.versions_url,
            token_out=registration.token_out,
            endpoints=[
                {"identifier": e.identifier, "role": e.role, "url": e.url}
                for e in registration.endpoints
            ],
            presence=Presence.CONNECTED,
            presence_since=platform["presence_since"] if connected else now,
            last_seen=now,
            registered_at=platform["registered_at"] or now,
        )
    )
    return RoleChange(added=added, removed=removed)


async def _drop_tokens(conn: AsyncConnection, platform_id: str) -> None:
    await conn.execute(
        delete(credentials_tokens).where(credentials_tokens.c.platform_id == platform_id)
    )


async def _add_token(
    conn: AsyncConnection,
    platform_id: str,
    token_hash: bytes,
    kind: TokenKind,
    *,
    expires_at: datetime | None = None,
) -> None:
    await conn.execute(
        insert(credentials_tokens).values(
            hash=token_hash, platform_id=platform_id, kind=kind, expires_at=expires_at
        )
    )
