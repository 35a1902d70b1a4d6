"""The hub's schema: its tables and their revisions."""

from __future__ import annotations

from migrations import runner
from ocpi_hub.node.schema import Schema
from ocpi_hub.store.tables import metadata

HUB_SCHEMA = Schema(
    runner.Service("hub", metadata),
    program="ocpi-hub",
    own="state",
    known_to_others=(
        "SELECT EXISTS (SELECT FROM platforms WHERE status IN ('registered', 'suspended'))"
    ),
)
