"""`ocpi-hub key`: the keys that stored tokens are encrypted with."""

from __future__ import annotations

from ocpi_hub.cli.session import open_hub, record
from ocpi_hub.node import rotation
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.secrets import Vault
from ocpi_hub.store import platforms

keys = group("Keys: what stored tokens are encrypted with.")


@command(keys, "rotate", example="ocpi-hub key rotate")
async def rotate(*, json: Json = False) -> None:
    """Encrypt all stored tokens with a new key.

    A key of the hub's own is made here; one that is a setting is put first in it before.
    """
    async with open_hub() as hub:

        async def reseal(given: str) -> int:
            async with hub.db.begin() as conn:
                count = await platforms.reseal(conn, Vault(given).rotate)
                await record(conn, "key.rotate", "stored tokens", {"count": count})
            return count

        await rotation.rotate(hub.settings, reseal, program="the hub", json=json)
