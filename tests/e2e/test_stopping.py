"""SIGTERM ends a hub cleanly."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from tests import samples
from tests.e2e.conftest import HubProcess
from tests.parties import Received
from tests.partners import eventually, status


async def test_a_request_in_flight_is_answered_before_the_hub_stops(hub: HubProcess) -> None:
    cpo = await hub.join("NL/CPO/CPO")
    emsp = await hub.join("DE/EMS/EMSP")

    async def slowly(heard: Received) -> Response | None:
        await asyncio.sleep(1)
        return None

    emsp.answer = slowly
    sent = asyncio.create_task(
        cpo.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", samples.session())
    )
    await eventually(lambda: bool(emsp.of("PUT", "/receiver/sessions")))

    code, seconds = await asyncio.to_thread(hub.commands.stop, hub.process)

    assert status(await sent) == (200, 1000)
    assert code == 0
    assert seconds < 10
