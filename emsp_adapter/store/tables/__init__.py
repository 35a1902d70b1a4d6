"""Every table of the eMSP adapter, as SQLAlchemy Core; migrations/emsp makes the same."""

from __future__ import annotations

from emsp_adapter.store.tables import (
    account,
    billing,
    charging,
    contracts,
    drivers,
    identity,
    network,
    pulls,
)
from emsp_adapter.store.tables.metadata import SCHEMA, metadata
from ocpi_hub.peering.store import tables as peering

peering.add_to(metadata)

__all__ = [
    "SCHEMA",
    "account",
    "billing",
    "charging",
    "contracts",
    "drivers",
    "identity",
    "metadata",
    "network",
    "pulls",
]
