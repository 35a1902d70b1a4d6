"""What the tests of peering share: a database, parties of ours, and parties around them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.roles import Role
from tests.peering.node import Node, make_tables, node_of, opened
from tests.peering.scene import Scene


@pytest.fixture
async def db(empty_database_url: str) -> AsyncIterator[Database]:
    """A service's database with the tables of peering alone."""
    async with opened(empty_database_url) as database:
        await make_tables(database)
        yield database


@pytest.fixture
def role() -> Role:
    """What our party is: a module of tests may say otherwise."""
    return Role.CPO


@pytest.fixture
async def node(db: Database, role: Role) -> AsyncIterator[Node]:
    """NL/CPO or DE/EMS of ours, running."""
    running = node_of(db, role, {Role.CPO: "NL/CPO", Role.EMSP: "DE/EMS"}[role])
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def scene(node: Node) -> AsyncIterator[Scene]:
    """Who is around it."""
    async with Scene.around(node) as around:
        yield around
