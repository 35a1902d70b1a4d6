"""Peers as they are stored, all that is known of them at once, and their presence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


class PeerStatus(StrEnum):
    """Where a peer is in its life."""

    INVITED = "invited"
    REGISTERED = "registered"
    REMOVED = "removed"


class Presence(StrEnum):
    """Whether a registered peer answers."""

    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"


class TokenKind(StrEnum):
    """What a credentials token that we issued is for."""

    INVITATION = "A"
    # In an exchange that we began and that is not finished; good for everything.
    HANDED_OVER = "B"
    REGISTERED = "C"
    # Issued in the answer to a PUT and not yet used; good for everything.
    PROVISIONAL = "P"


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything about peers as of one moment, as it is stored."""

    peers: Sequence[Mapping[str, Any]]
    tokens: Sequence[Mapping[str, Any]]
    clients: Sequence[Mapping[str, Any]]


_ALL = (
    "SELECT * FROM peers ORDER BY registered_at, id",
    "SELECT * FROM peer_tokens",
    "SELECT * FROM client_infos ORDER BY party, role",
)


async def load(conn: Hot) -> Rows:
    """All peers, the tokens issued to them, and who is behind the hubs among them."""
    async with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return Rows(*[await (await cursor.execute(query)).fetchall() for query in _ALL])


async def keep_presence(
    conn: Hot, peer_id: str, *, presence: Presence, last_seen: datetime | None, now: datetime
) -> None:
    """Notes whether a peer answers, since when, and when it was last heard of."""
    await conn.execute(
        "UPDATE peers SET presence = %(presence)s, last_seen = greatest(last_seen, %(seen)s),"
        " presence_since = CASE WHEN presence = %(presence)s THEN presence_since ELSE %(now)s END"
        " WHERE id = %(id)s AND status = 'registered'",
        {"id": peer_id, "presence": presence, "seen": last_seen, "now": now},
    )


async def add_quirk(conn: Hot, peer_id: str, *, quirk: str) -> None:
    """Notes what a peer does differently."""
    await conn.execute(
        "UPDATE peers SET quirks = quirks || %s WHERE id = %s AND NOT quirks @> %s",
        (Jsonb([quirk]), peer_id, Jsonb([quirk])),
    )
