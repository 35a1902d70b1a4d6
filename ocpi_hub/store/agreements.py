"""Agreements: which two parties exchange which modules. They are symmetrical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.party import Party
from ocpi_hub.store import notices
from ocpi_hub.store.tables import agreements


@dataclass(frozen=True, slots=True)
class Agreement:
    """About one module, between two parties; in force while `ended_at` is None."""

    since: datetime
    ended_at: datetime | None


def pair(a: str, b: str) -> tuple[str, str]:
    """Two Party.keys in the order in which an agreement is kept."""
    return (a, b) if a <= b else (b, a)


async def add(
    conn: AsyncConnection, a: Party, *, b: Party, modules: Sequence[str], now: datetime
) -> list[str]:
    """The modules that are newly in force: each needs a backfill, both ways."""
    if a == b:
        raise InvalidParameters(f"agreement: expected two parties, got {a} twice")
    first, second = pair(a.key, b.key)
    wanted = insert(agreements).values(
        [
            {"first": first, "second": second, "module": module, "since": now}
            for module in dict.fromkeys(modules)
        ]
    )
    added = wanted.on_conflict_do_update(
        index_elements=[agreements.c.first, agreements.c.second, agreements.c.module],
        set_={"since": wanted.excluded.since, "ended_at": None},
        where=agreements.c.ended_at.is_not(None),
    )
    return await _announced(conn, added.returning(agreements.c.module))


async def end(
    conn: AsyncConnection, a: Party, *, b: Party, modules: Sequence[str], now: datetime
) -> list[str]:
    """The modules whose agreement ended with this."""
    first, second = pair(a.key, b.key)
    ended = (
        update(agreements)
        .where(agreements.c.first == first, agreements.c.second == second)
        .where(agreements.c.module.in_(modules), agreements.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    return await _announced(conn, ended.returning(agreements.c.module))


async def load(conn: AsyncConnection) -> dict[tuple[str, str], dict[str, Agreement]]:
    """Every agreement there is or was, by pair and module."""
    found: dict[tuple[str, str], dict[str, Agreement]] = {}
    ordered = select(agreements).order_by(
        agreements.c.first, agreements.c.second, agreements.c.module
    )
    for row in (await conn.execute(ordered)).mappings():
        modules = found.setdefault((row["first"], row["second"]), {})
        modules[row["module"]] = Agreement(row["since"], row["ended_at"])
    return found


async def _announced(conn: AsyncConnection, change: Any) -> list[str]:
    modules = sorted((await conn.scalars(change)).all())
    if modules:
        await notices.bump(conn)
    return modules
