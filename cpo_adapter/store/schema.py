"""The CPO adapter's schema: its tables and their revisions."""

from __future__ import annotations

from cpo_adapter.store.tables import metadata
from migrations import runner
from ocpi_hub.node.schema import Schema
from ocpi_hub.peering.store import announced

CPO_SCHEMA = Schema(
    runner.Service("cpo", metadata),
    program="cpo-adapter",
    own=announced.TABLE,
    known_to_others=announced.KNOWN_TO_OTHERS,
)
