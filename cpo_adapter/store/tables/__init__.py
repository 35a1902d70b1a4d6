"""Every table of the CPO adapter, as SQLAlchemy Core; migrations/cpo makes the same."""

from __future__ import annotations

from cpo_adapter.store.tables import charging, inventory, operation, problems, stations
from cpo_adapter.store.tables.metadata import SCHEMA, metadata
from ocpi_hub.peering.store import tables as peering

peering.add_to(metadata)

__all__ = ["SCHEMA", "charging", "inventory", "metadata", "operation", "problems", "stations"]
