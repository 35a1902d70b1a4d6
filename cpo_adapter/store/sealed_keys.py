"""Keys of the adapter's own, kept encrypted so that SECRET_KEY can be replaced."""

from __future__ import annotations

from ocpi_hub.node.engine import Hot, one_row
from ocpi_hub.node.secrets import Vault


async def kept(conn: Hot, name: str, *, vault: Vault, made: str) -> str:
    """The key of that name: `made`, unless one was kept before."""
    await conn.execute(
        "INSERT INTO sealed_keys (name, sealed) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING",
        (name, vault.encrypt(made)),
    )
    row = await one_row(conn, "SELECT sealed FROM sealed_keys WHERE name = %s", (name,))
    return vault.decrypt(bytes(row[0]))
