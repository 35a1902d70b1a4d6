"""The schema `emsp`."""

from __future__ import annotations

from ocpi_hub.node.columns import metadata_of

SCHEMA = "emsp"

metadata = metadata_of(SCHEMA)
