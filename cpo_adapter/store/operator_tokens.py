"""SQL of who may use the operator API: bearer tokens, kept as hashes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ocpi_hub.node.engine import Hot


class Role(StrEnum):
    """What somebody may do, each what the one before may and more."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"

    def covers(self, other: Role) -> bool:
        """Whether whoever is this may do what the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Operator:
    """Whoever a token belongs to; `name` is for the audit."""

    role: Role
    name: str


async def add(conn: Hot, token_hash: bytes, *, role: Role, label: str | None) -> None:
    """Keep a token that was just made."""
    await conn.execute(
        "INSERT INTO operator_tokens (hash, role, label) VALUES (%s, %s, %s)",
        (token_hash, role.value, label),
    )


async def find(conn: Hot, token_hash: bytes) -> Operator | None:
    """Whose token it is; None when it is nobody's or was revoked."""
    cursor = await conn.execute(
        "SELECT role, coalesce(label, role) FROM operator_tokens"
        " WHERE hash = %s AND revoked_at IS NULL",
        (token_hash,),
    )
    row = await cursor.fetchone()
    return None if row is None else Operator(Role(row[0]), row[1])
