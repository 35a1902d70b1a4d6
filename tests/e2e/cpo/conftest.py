"""An eMSP at the CPO adapter's process, directly or behind a hub."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.cpo_adapter.running import Emsp
from tests.e2e.conftest import HubProcess
from tests.e2e.cpo.process import CpoProcess, emsp_of
from tests.partners import eventually


@pytest.fixture
async def ems(cpo: CpoProcess) -> AsyncIterator[Emsp]:
    """DE/EMS, registered at the adapter."""
    async with emsp_of(cpo) as registered:
        yield registered


@pytest.fixture
async def behind(hub: HubProcess, cpo: CpoProcess) -> Emsp:
    """DE/EMS, at the hub where the adapter is too."""
    ems = await hub.join("DE/EMS/EMSP")
    token = await hub.invite("cpo", ["NL/CPO/CPO"])
    connected = await cpo.run(
        "connect", "--name", "hub", "--versions-url", hub.versions_url, "--token", token
    )
    assert [client["party_id"] for client in connected["clients"]] == ["EMS"]
    await eventually(lambda: bool(ems.of("PUT", "/receiver/locations/NL/CPO/LOC1")))
    await eventually(lambda: bool(ems.of("PUT", "/receiver/tariffs/NL/CPO/TARIFF1")))
    return Emsp(ems)
