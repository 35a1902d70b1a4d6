"""SQL of CDRs: written once, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot

_LATEST = """
SELECT document FROM cdrs c
WHERE transaction_id = %s AND NOT credit
    AND NOT EXISTS (SELECT 1 FROM cdrs WHERE credit AND about = c.id)
ORDER BY created_at DESC LIMIT 1
"""


async def add(
    conn: Hot,
    document: Mapping[str, Any],
    *,
    transaction_id: str,
    now: datetime,
    about: str | None = None,
) -> None:
    """Keep a CDR; `about` is the CDR that it credits or replaces."""
    await conn.execute(
        """
INSERT INTO cdrs (id, transaction_id, document, credit, about, created_at)
VALUES (%s, %s, %s, %s, %s, %s)
""",
        (
            document["id"],
            transaction_id,
            Jsonb(document),
            document.get("credit") is True,
            about,
            now,
        ),
    )


async def in_force(conn: Hot, transaction_id: str) -> dict[str, Any] | None:
    """The CDR of a transaction that is not credited."""
    row = await (await conn.execute(_LATEST, (transaction_id,))).fetchone()
    return None if row is None else row[0]


_LISTED = """
SELECT document FROM cdrs
WHERE created_at >= %(since)s AND created_at < %(until)s
    AND (%(after)s::text IS NULL OR (created_at, id) > (
        SELECT created_at, id FROM cdrs WHERE id = %(after)s
    ))
ORDER BY created_at, id LIMIT %(limit)s
"""


async def listed(
    conn: Hot, *, since: datetime, until: datetime, after: str | None = None, limit: int
) -> list[dict[str, Any]]:
    """CDRs of a time in the order in which they were made; those after the one of this id."""
    values = {"since": since, "until": until, "after": after, "limit": limit}
    rows = await (await conn.execute(_LISTED, values)).fetchall()
    return [row[0] for row in rows]
