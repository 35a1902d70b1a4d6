"""A central system for each test, on either kind of port."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.cpo_adapter.ocpp.central import FRONTS, Central, Ports, on_shared_port, open_station


@pytest.fixture
def ports() -> Ports:
    """Ports that know every station, as one of profile 0 that has booted before."""
    return Ports(unknown=open_station())


@pytest.fixture
async def central(ports: Ports) -> AsyncIterator[Central]:
    """A central system on the shared port."""
    async with on_shared_port(ports) as running:
        yield running


@pytest.fixture(params=FRONTS)
async def either(request: pytest.FixtureRequest, ports: Ports) -> AsyncIterator[Central]:
    """A central system on the shared port, and one on a port of its own."""
    async with FRONTS[request.param](ports) as running:
        yield running
