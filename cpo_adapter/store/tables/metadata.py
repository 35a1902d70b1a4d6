"""The schema `cpo`."""

from __future__ import annotations

from ocpi_hub.node.columns import metadata_of

SCHEMA = "cpo"

metadata = metadata_of(SCHEMA)
