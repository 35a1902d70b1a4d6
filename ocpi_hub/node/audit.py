"""Who did what: one row for each action of an operator, staff or a driver, in the table `audit`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.rows import dict_row
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


async def latest(conn: Hot, *, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """The last actions, newest first; `before` is an id to go on from."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
SELECT id, at, actor, action, subject, detail FROM audit
WHERE %(before)s::bigint IS NULL OR id < %(before)s
ORDER BY id DESC LIMIT %(limit)s
""",
            {"before": before, "limit": limit},
        )
        return await cursor.fetchall()
