"""Up to when partners' lists were read."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Table

from emsp_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import key

pulls = Table(
    "pulls",
    metadata,
    key("peer_id"),
    # Party.key where one party behind a hub was asked; empty: the whole list.
    key("party"),
    key("module"),
    Column("read_at", DateTime(timezone=True), nullable=False),
)
