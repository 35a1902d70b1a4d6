"""The commands about peers that both adapters have: `connect`, `invite`, `peer …` and `key …`."""

from __future__ import annotations

import typer

from ocpi_hub.peering.commands.adapter import Adapter, Opened
from ocpi_hub.peering.commands.joining import add_connect, add_invite
from ocpi_hub.peering.commands.key import keys
from ocpi_hub.peering.commands.peer import peers

__all__ = ["Adapter", "Opened", "add_to"]


def add_to(app: typer.Typer, adapter: Adapter) -> None:
    """Makes these commands of an adapter's."""
    add_connect(app, adapter)
    add_invite(app, adapter)
    app.add_typer(peers(adapter), name="peer")
    app.add_typer(keys(adapter), name="key")
