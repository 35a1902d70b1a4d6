"""What these tests share: an open database, the hub's for want of another."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ocpi_hub.node.engine import Database, open_database
from ocpi_hub.store.tables import SCHEMA


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A database, migrated and empty."""
    async with open_database(database_url, schema=SCHEMA, pool_size=8) as opened:
        yield opened
