"""What the tests of attacks share: one running hub for each module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.security.inside import Listener, listening
from tests.security.scene import Scene, scene


@pytest.fixture(scope="module")
async def hub(shared_database_url: str) -> AsyncIterator[Scene]:
    """A hub with two CPOs and two eMSPs; the sample objects are stored."""
    async with scene(shared_database_url) as opened:
        await opened.furnish()
        yield opened


@pytest.fixture
async def inside() -> AsyncIterator[Listener]:
    """Somebody who should never be called."""
    async with listening() as listener:
        yield listener
