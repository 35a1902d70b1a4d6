"""The eMSP adapter's schema: its tables and their revisions."""

from __future__ import annotations

from emsp_adapter.store.tables import metadata
from migrations import runner
from ocpi_hub.node.schema import Schema
from ocpi_hub.peering.store import announced

EMSP_SCHEMA = Schema(
    runner.Service("emsp", metadata),
    program="emsp-adapter",
    own=announced.TABLE,
    known_to_others=announced.KNOWN_TO_OTHERS,
)
