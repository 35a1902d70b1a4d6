"""Who did what to the hub: one row per action of an operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ocpi_hub.store.tables import audit


@dataclass(frozen=True, slots=True)
class Entry:
    """One action."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


async def record(
    conn: AsyncConnection,
    actor: str,
    *,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Keep an action, in the transaction that carries it out. No secrets in `detail`."""
    await conn.execute(
        insert(audit).values(actor=actor, action=action, subject=subject, detail=dict(detail or {}))
    )


async def latest(conn: AsyncConnection, limit: int) -> list[Entry]:
    """The last actions, newest first."""
    rows = await conn.execute(select(audit).order_by(audit.c.id.desc()).limit(limit))
    return [
        Entry(row["at"], row["actor"], row["action"], row["subject"], row["detail"])
        for row in rows.mappings()
    ]
