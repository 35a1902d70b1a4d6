"""SQL of who did what, for what staff and commands do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


async def record(
    conn: Hot,
    actor: str,
    *,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Keep an action, in the transaction that carries it out. No secrets in `detail`."""
    await conn.execute(
        "INSERT INTO audit (actor, action, subject, detail) VALUES (%s, %s, %s, %s)",
        (actor, action, subject, Jsonb(dict(detail or {}))),
    )
