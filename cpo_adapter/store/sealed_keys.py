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


async def seal_anew(conn: Hot, vault: Vault) -> int:
    """Encrypts every key with the first of SECRET_KEY; how many."""
    rows = await (await conn.execute("SELECT name, sealed FROM sealed_keys FOR UPDATE")).fetchall()
    for name, sealed in rows:
        await conn.execute(
            "UPDATE sealed_keys SET sealed = %s WHERE name = %s",
            (vault.rotate(bytes(sealed)), name),
        )
    return len(rows)
