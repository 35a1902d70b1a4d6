"""What the hub's tests share: an open database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ocpi_hub.node.engine import Database, open_database
from ocpi_hub.store.tables import SCHEMA
from tests.hub.commands import KEY, Commands
from tests.hub.network import Network, running_network
from tests.parties import RecordingParty


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The hub's database, migrated and empty."""
    async with open_database(database_url, schema=SCHEMA, pool_size=8) as opened:
        yield opened


@pytest.fixture
async def network(database_url: str) -> AsyncIterator[Network]:
    """A running hub where everybody roams with everybody."""
    async with running_network(database_url) as running:
        yield running


@pytest.fixture
async def cpo(network: Network) -> RecordingParty:
    """NL/CPO, registered."""
    return await network.join("NL/CPO/CPO")


@pytest.fixture
async def emsp(network: Network) -> RecordingParty:
    """DE/EMS, registered."""
    return await network.join("DE/EMS/EMSP")


@pytest.fixture(scope="module")
async def shared_network(shared_database_url: str) -> AsyncIterator[Network]:
    """A running hub for all tests of a module."""
    async with running_network(shared_database_url) as running:
        yield running


@pytest.fixture(scope="module")
async def shared_cpo(shared_network: Network) -> RecordingParty:
    """NL/CPO at the shared hub; see RecordingParty.begin_anew."""
    return await shared_network.join("NL/CPO/CPO")


@pytest.fixture(scope="module")
async def shared_emsp(shared_network: Network) -> RecordingParty:
    """DE/EMS at the shared hub."""
    return await shared_network.join("DE/EMS/EMSP")


@pytest.fixture
def ocpi_hub(database_url: str) -> Commands:
    """`ocpi-hub` on a database of its own, migrated and empty."""
    return Commands({"DATABASE_URL": database_url, "SECRET_KEY": KEY})
