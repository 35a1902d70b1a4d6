"""SQL of aliases: what a station may be shown, and whose token it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A token that was let in, by its eMSP's command or answer, under the name stations see."""

    id_tag: str
    owner: str
    token: dict[str, Any]
    authorization_reference: str | None
    command_id: str | None
    station_id: str | None
    created_at: datetime
    expires_at: datetime | None


async def put(conn: Hot, alias: Alias) -> None:
    """Keep it; the newest of an id_tag counts."""
    await conn.execute(
        """
INSERT INTO aliases (id_tag, owner, token, authorization_reference, command_id, station_id,
    created_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id_tag) DO UPDATE SET owner = excluded.owner, token = excluded.token,
    authorization_reference = excluded.authorization_reference, command_id = excluded.command_id,
    station_id = excluded.station_id, created_at = excluded.created_at,
    expires_at = excluded.expires_at
""",
        (
            alias.id_tag.upper(),
            alias.owner,
            Jsonb(alias.token),
            alias.authorization_reference,
            alias.command_id,
            alias.station_id,
            alias.created_at,
            alias.expires_at,
        ),
    )


async def find(conn: Hot, id_tag: str) -> Alias | None:
    """What a station was shown, in whatever spelling it comes back; also when it has expired."""
    async with conn.cursor(row_factory=class_row(Alias)) as cursor:
        await cursor.execute(
            """
SELECT id_tag, owner, token, authorization_reference, command_id, station_id, created_at, expires_at
FROM aliases WHERE id_tag = %s
""",
            (id_tag.upper(),),
        )
        return await cursor.fetchone()
