"""SQL of the keys that sign ID tokens: sealed, with their public halves in the open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot

# Processes that start together make one first key.
_TURN = 0x656D7370_6A776B73


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and when it begins to sign."""

    kid: str
    sealed: bytes
    public: dict[str, Any]
    signs_from: datetime


async def in_turn(conn: Hot) -> None:
    """Until the transaction ends nobody else changes the keys."""
    await conn.execute("SELECT pg_advisory_xact_lock(%s)", (_TURN,))


async def add(conn: Hot, key: SigningKey, *, now: datetime) -> None:
    """Keep a key that was just made."""
    await conn.execute(
        "INSERT INTO signing_keys (kid, sealed, public, signs_from, created_at)"
        " VALUES (%s, %s, %s, %s, %s)",
        (key.kid, key.sealed, Jsonb(key.public), key.signs_from, now),
    )


async def every(conn: Hot) -> list[SigningKey]:
    """The keys, the newest first."""
    async with conn.cursor(row_factory=class_row(SigningKey)) as cursor:
        await cursor.execute(
            "SELECT kid, sealed, public, signs_from FROM signing_keys ORDER BY signs_from DESC, kid"
        )
        return await cursor.fetchall()


async def remove(conn: Hot, kid: str) -> None:
    """Nothing that it signed is good any more."""
    await conn.execute("DELETE FROM signing_keys WHERE kid = %s", (kid,))
