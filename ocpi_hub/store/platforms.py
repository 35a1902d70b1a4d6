"""Platforms: their status, presence and quirks, and everything the registry is loaded from.

How a platform comes to be registered is in registrations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Table, Text, case, cast, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.store import notices
from ocpi_hub.store.tables import credentials_tokens, parties, platforms


class PlatformStatus(StrEnum):
    """Where a platform is in its life."""

    INVITED = "invited"
    REGISTERED = "registered"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class Presence(StrEnum):
    """Whether a registered platform answers."""

    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"


class TokenKind(StrEnum):
    """What a credentials token that the hub issued is for."""

    INVITATION = "A"
    # In an exchange that the hub began and that is not finished; good for everything.
    HANDED_OVER = "B"
    REGISTERED = "C"
    # Issued in the answer to a PUT and not yet used; good for everything.
    PROVISIONAL = "P"


@dataclass(frozen=True)
class Rows:
    """Everything the registry knows of platforms, as it is stored."""

    platforms: Sequence[Mapping[str, Any]]
    tokens: Sequence[Mapping[str, Any]]
    parties: Sequence[Mapping[str, Any]]


async def freeze(conn: AsyncConnection) -> None:
    """Let the rest of a transaction that has just begun read one moment, and only read."""
    await conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


async def load(conn: AsyncConnection) -> Rows:
    """All platforms, the tokens issued to them, and their parties."""
    return Rows(
        platforms=await _all(conn, platforms),
        tokens=await _all(conn, credentials_tokens),
        parties=await _all(conn, parties),
    )


async def named(conn: AsyncConnection, name: str) -> str | None:
    """The id of the platform with that name."""
    found = await conn.scalar(select(platforms.c.id).where(platforms.c.name == name))
    return None if found is None else str(found)


async def set_presence(
    conn: AsyncConnection, platform_id: str, *, presence: Presence, now: datetime
) -> bool:
    """True when that is news about a registered platform."""
    return await _change(
        conn,
        platforms.c.id == platform_id,
        platforms.c.status == PlatformStatus.REGISTERED,
        platforms.c.presence != presence,
        presence=presence,
        presence_since=now,
    )


async def set_quirks(conn: AsyncConnection, platform_id: str, *, quirks: frozenset[str]) -> bool:
    """True when the platform exists."""
    return await _change(conn, platforms.c.id == platform_id, quirks=sorted(quirks))


async def add_quirk(conn: AsyncConnection, platform_id: str, *, quirk: str) -> bool:
    """True when the platform did not have it yet."""
    quirks = platforms.c.quirks
    return await _change(
        conn,
        platforms.c.id == platform_id,
        ~quirks.has_key(cast(quirk, Text)),
        quirks=quirks.op("||")(func.to_jsonb(cast(quirk, Text))),
    )


async def suspend(conn: AsyncConnection, platform_id: str, *, now: datetime) -> bool:
    """True when it took part until now. Its tokens are kept and refused until it is resumed."""
    return await _change(
        conn,
        platforms.c.id == platform_id,
        platforms.c.status.in_((PlatformStatus.INVITED, PlatformStatus.REGISTERED)),
        status=PlatformStatus.SUSPENDED,
        presence=Presence.OFFLINE,
        presence_since=now,
    )


async def resume(conn: AsyncConnection, platform_id: str, *, now: datetime) -> bool:
    """True when it was suspended. It is OFFLINE until it is heard of."""
    return await _change(
        conn,
        platforms.c.id == platform_id,
        platforms.c.status == PlatformStatus.SUSPENDED,
        status=case(
            (platforms.c.token_out.is_(None), PlatformStatus.INVITED),
            else_=PlatformStatus.REGISTERED,
        ),
        presence=Presence.OFFLINE,
        presence_since=now,
    )


# Rows are locked in one order, or two processes that touch the same platforms would deadlock.
_TOUCH = text("""
    WITH seen AS (
        SELECT id, at
          FROM unnest(CAST(:ids AS text[]), CAST(:moments AS timestamptz[])) AS s(id, at)
    ), locked AS (
        SELECT id FROM hub.platforms WHERE id IN (SELECT id FROM seen) ORDER BY id FOR UPDATE
    )
    UPDATE hub.platforms AS p SET last_seen = greatest(p.last_seen, seen.at)
      FROM seen JOIN locked USING (id)
     WHERE p.id = seen.id
""")


async def touch(conn: AsyncConnection, seen: Mapping[str, datetime]) -> None:
    """Keep when platforms were last heard of. No news for the registry: presence is."""
    if seen:
        await conn.execute(_TOUCH, {"ids": list(seen), "moments": list(seen.values())})


async def reseal(conn: AsyncConnection, rotate: Callable[[bytes], bytes]) -> int:
    """Encrypt every stored token anew; how many there are."""
    kept = select(platforms.c.id, platforms.c.token_out).where(platforms.c.token_out.is_not(None))
    rows = (await conn.execute(kept.with_for_update())).all()
    for platform_id, sealed in rows:
        await conn.execute(
            update(platforms)
            .where(platforms.c.id == platform_id)
            .values(token_out=rotate(bytes(sealed)))
        )
    if rows:
        await notices.bump(conn)
    return len(rows)


async def _all(conn: AsyncConnection, table: Table) -> list[dict[str, Any]]:
    return [row._asdict() for row in await conn.execute(select(table))]


async def _change(conn: AsyncConnection, *where: Any, **values: Any) -> bool:
    done = await conn.execute(update(platforms).where(*where).values(**values))
    if done.rowcount == 0:
        return False
    await notices.bump(conn)
    return True
