"""Who is there: probes, the breaker, signs of life."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ocpi_hub.store.platforms import Presence
from tests import samples
from tests.hub.network import Network, eventually, running_network, status
from tests.parties import RecordingParty


@pytest.fixture
async def network(database_url: str) -> AsyncIterator[Network]:
    """A hub that asks after a second of silence."""
    async with running_network(database_url, alive_interval="1") as running:
        yield running


def is_(network: Network, presence: Presence) -> bool:
    platforms = network.hub.registry.snapshot.platforms.values()
    return {p.presence for p in platforms if p.name == "platform-1"} == {presence}


async def put_session(cpo: RecordingParty) -> tuple[int, int]:
    return status(
        await cpo.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", samples.session())
    )


async def test_a_silent_platform_is_asked_and_stays_connected(
    network: Network, emsp: RecordingParty
) -> None:
    """HUB-18."""
    before = network.hub.outbound.heard.copy()

    await eventually(lambda: network.hub.outbound.heard != before)
    assert is_(network, Presence.CONNECTED)


async def test_two_failed_probes_make_it_offline_and_any_message_brings_it_back(
    network: Network, emsp: RecordingParty, cpo: RecordingParty
) -> None:
    """HCI-13, HUB-17, HUB-19."""
    await network.stop(emsp)
    await eventually(lambda: is_(network, Presence.OFFLINE), within=15)
    refused = await put_session(cpo)

    await emsp.request("GET", network.versions_url)

    await eventually(lambda: is_(network, Presence.CONNECTED), within=3)
    assert refused == (200, 4003)


async def test_a_platform_that_answers_again_is_found_to_be_back(
    network: Network, emsp: RecordingParty, cpo: RecordingParty
) -> None:
    await network.stop(emsp)
    await eventually(lambda: is_(network, Presence.OFFLINE), within=15)

    await network.start(emsp)

    await eventually(lambda: is_(network, Presence.CONNECTED), within=15)
    assert await put_session(cpo) == (200, 1000)


async def test_after_many_failures_a_receiver_is_refused_at_once(
    network: Network, emsp: RecordingParty, cpo: RecordingParty
) -> None:
    emsp.answer = emsp.never
    for _ in range(2):
        await put_session(cpo)
    await network.stop(emsp)
    for _ in range(3):
        await put_session(cpo)

    answer = await cpo.call(
        "PUT", "receiver", "sessions", "NL/CPO/SESSION1", samples.session(), to="DE/EMS"
    )

    assert status(answer) == (200, 4003)
    assert answer.elapsed.total_seconds() < 0.5


async def test_the_hub_forgets_nothing_of_it_in_a_restart(database_url: str) -> None:
    async with running_network(database_url, alive_interval="1") as before:
        emsp = await before.join("DE/EMS/EMSP")
        await before.stop(emsp)
        await eventually(lambda: is_(before, Presence.OFFLINE), within=15)
    async with running_network(database_url, alive_interval="1") as after:
        assert is_(after, Presence.OFFLINE)
