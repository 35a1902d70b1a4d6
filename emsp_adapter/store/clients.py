"""SQL of the apps that are registered here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from ocpi_hub.node.engine import Hot


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client; one without a secret is public. Grant types and scope are space-separated."""

    id: str
    name: str
    secret_hash: bytes | None
    redirect_uris: list[str]
    grant_types: str
    scope: str
    created_at: datetime


_SELECT = SQL(
    "SELECT id, name, secret_hash, redirect_uris, grant_types, scope, created_at FROM clients "
)


async def add(conn: Hot, client: ClientRow) -> None:
    """Register a client."""
    await conn.execute(
        "INSERT INTO clients (id, name, secret_hash, redirect_uris, grant_types, scope, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            client.id,
            client.name,
            client.secret_hash,
            Jsonb(client.redirect_uris),
            client.grant_types,
            client.scope,
            client.created_at,
        ),
    )


async def find(conn: Hot, client_id: str) -> ClientRow | None:
    """The client of that id."""
    async with conn.cursor(row_factory=class_row(ClientRow)) as cursor:
        await cursor.execute(_SELECT + SQL("WHERE id = %s"), (client_id,))
        return await cursor.fetchone()


async def every(conn: Hot) -> list[ClientRow]:
    """All of them, the oldest first."""
    async with conn.cursor(row_factory=class_row(ClientRow)) as cursor:
        await cursor.execute(_SELECT + SQL("ORDER BY created_at, id"))
        return await cursor.fetchall()


async def remove(conn: Hot, client_id: str, *, now: datetime) -> bool:
    """Forget a client, and end what it holds; False when there is none."""
    gone = await conn.execute("DELETE FROM clients WHERE id = %s", (client_id,))
    await conn.execute("DELETE FROM consents WHERE client_id = %s", (client_id,))
    for table in ("grants", "access_tokens"):
        await conn.execute(
            SQL("UPDATE {} SET revoked_at = %s WHERE client_id = %s AND revoked_at IS NULL").format(
                SQL(table)
            ),
            (now, client_id),
        )
    return gone.rowcount == 1
