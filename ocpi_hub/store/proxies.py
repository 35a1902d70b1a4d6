"""Our URLs in place of another's: for the result of a call, and for the next page of a list.

Each is bound to the platform that may call it, expires, and survives a restart (HUB-03, PAG-18).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Executable, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.node.secrets import new_reference
from ocpi_hub.store.tables import proxies


@dataclass(frozen=True, slots=True)
class ProxyDraft:
    """What a URL of ours is to stand for.

    `url` belongs to `target_platform`; only `caller_platform` may call ours. `from_` and `to` are
    the parties of the original request, as NL/TNM. With `once` it takes a single call.
    """

    kind: str  # result | page
    url: str
    target_platform: str
    caller_platform: str
    from_: str
    to: str
    module: str
    correlation_id: str
    once: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Proxy(ProxyDraft):
    """What a URL of ours stands for, under its unguessable id."""

    id: str


async def remember(conn: AsyncConnection, draft: ProxyDraft) -> str:
    """The id under which it is kept: it has 144 random bits (SEC-08)."""
    proxy_id = new_reference()
    await conn.execute(insert(proxies).values(id=proxy_id, **asdict(draft)))
    return proxy_id


async def resolve(
    conn: AsyncConnection, proxy_id: str, *, caller_platform: str, now: datetime
) -> Proxy | None:
    """What it stands for; None when it is another platform's, expired or used up."""
    statement = select(*_COLUMNS).where(*_good(proxy_id, caller_platform, now))
    return await _one(conn, statement)


async def take(
    conn: AsyncConnection, proxy_id: str, *, caller_platform: str, now: datetime
) -> Proxy | None:
    """Like `resolve`, and uses it: of two calls at once of a single-use URL, one gets None."""
    statement = update(proxies).where(*_good(proxy_id, caller_platform, now))
    return await _one(conn, statement.values(used_at=now).returning(*_COLUMNS))


async def release(conn: AsyncConnection, proxy_id: str) -> None:
    """Undo a `take` whose call came to nothing."""
    await conn.execute(update(proxies).where(proxies.c.id == proxy_id).values(used_at=None))


async def purge(conn: AsyncConnection, *, now: datetime, limit: int) -> int:
    """Delete at most `limit` expired ones; how many."""
    expired = select(proxies.c.id).where(proxies.c.expires_at <= now).limit(limit)
    done = await conn.execute(
        delete(proxies).where(proxies.c.id.in_(expired.with_for_update(skip_locked=True)))
    )
    return done.rowcount


_COLUMNS = [column for column in proxies.c if column.name not in ("used_at", "created_at")]


def _good(proxy_id: str, caller_platform: str, now: datetime) -> list[ColumnElement[bool]]:
    return [
        proxies.c.id == proxy_id,
        proxies.c.caller_platform == caller_platform,
        proxies.c.expires_at > now,
        ~proxies.c.once | proxies.c.used_at.is_(None),
    ]


async def _one(conn: AsyncConnection, statement: Executable) -> Proxy | None:
    row = (await conn.execute(statement)).mappings().one_or_none()
    return None if row is None else Proxy(**row)
