"""What the hub's tests share: an open database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ocpi_hub.store.engine import Database, open_database
from tests.hub.commands import KEY, Commands


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The hub's database, migrated and empty."""
    async with open_database(database_url, pool_size=8) as opened:
        yield opened


@pytest.fixture
def ocpi_hub(database_url: str) -> Commands:
    """`ocpi-hub` on a database of its own, migrated and empty."""
    return Commands({"DATABASE_URL": database_url, "SECRET_KEY": KEY})
