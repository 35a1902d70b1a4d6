"""`key rotate` of an adapter: its peers' tokens and its own secrets under a new key."""

from __future__ import annotations

import typer

from ocpi_hub.node import rotation
from ocpi_hub.node.columns import sealed_columns
from ocpi_hub.node.command import Json, command, group
from ocpi_hub.node.sealed import seal_anew
from ocpi_hub.node.secrets import Vault
from ocpi_hub.peering.commands.adapter import Adapter


def keys(adapter: Adapter) -> typer.Typer:
    """The commands of the noun."""
    found = group("Keys: what stored tokens are encrypted with.")

    @command(found, "rotate", example=f"{adapter.program} key rotate")
    async def rotate(*, json: Json = False) -> None:
        """Encrypt all stored tokens and secrets with a new key.

        A key of the adapter's own is made here; one that is a setting is put first in it before.
        """
        async with adapter.open() as opened:

            async def reseal(given: str) -> int:
                async with opened.db.hot_transaction() as conn:
                    columns = sealed_columns(adapter.tables)
                    return await seal_anew(conn, columns, Vault(given).rotate)

            await rotation.rotate(opened.settings, reseal, program=adapter.program, json=json)

    return found
