"""What the hub's tests share: an open database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ocpi_hub.store.engine import Database, open_database


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The hub's database, migrated and empty."""
    async with open_database(database_url, pool_size=8) as opened:
        yield opened
