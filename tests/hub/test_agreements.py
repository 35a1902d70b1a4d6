"""Agreements required: what two parties see of each other before, during and after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests import samples
from tests.hub.network import Network, data_of, eventually, running_network, status
from tests.parties import RecordingParty

ALL = "?date_from=2000-01-01T00:00:00Z"


@pytest.fixture
async def network(database_url: str) -> AsyncIterator[Network]:
    """A hub where nobody roams without an agreement."""
    async with running_network(database_url, agreements="required") as running:
        yield running


async def agree(network: Network, *words: str) -> None:
    await network.run("agreement", *words[:1], "NL/CPO", "DE/EMS", *words[1:])
    await network.hub.registry.refresh()


async def put(cpo: RecordingParty, module: str, body: dict[str, Any]) -> tuple[int, int]:
    return status(await cpo.call("PUT", "receiver", module, f"NL/CPO/{body['id']}", body))


async def ids(emsp: RecordingParty, module: str) -> list[str]:
    listed = await emsp.call("GET", "sender", module, ALL, to="NL/HUB")
    return [found["id"] for found in data_of(listed)]


def told(emsp: RecordingParty) -> list[str]:
    return [r.path.rpartition("/")[2] for r in emsp.of("PUT", "/receiver/locations")]


async def test_without_one_the_other_is_unknown(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await put(cpo, "locations", samples.location())

    directed = await emsp.call("GET", "sender", "locations", to="NL/CPO")
    session = await put(cpo, "sessions", samples.session())
    cdr = status(await cpo.call("POST", "receiver", "cdrs", body=samples.cdr()))

    assert status(directed) == (200, 4001)
    assert (session, cdr) == ((200, 4001), (200, 4001))
    assert await ids(emsp, "locations") == []
    assert not emsp.of("PUT", "/receiver/locations")


async def test_a_new_one_brings_what_there_is_both_ways(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    for n in range(3):
        await put(cpo, "locations", samples.location(id=f"LOC{n}"))
    token = samples.token()
    await emsp.call("PUT", "receiver", "tokens", f"DE/EMS/{token['uid']}", token)

    await agree(network, "add")

    await eventually(lambda: sorted(told(emsp)) == ["LOC0", "LOC1", "LOC2"])
    await eventually(lambda: bool(cpo.of("PUT", "/receiver/tokens/DE/EMS")))
    assert await ids(emsp, "locations") == ["LOC0", "LOC1", "LOC2"]
    assert await put(cpo, "sessions", samples.session()) == (200, 1000)


async def test_one_about_some_modules_is_about_no_other(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await agree(network, "add", "--modules", "tariffs")

    await put(cpo, "locations", samples.location())
    await put(cpo, "tariffs", samples.tariff())

    await eventually(lambda: bool(emsp.of("PUT", "/receiver/tariffs")))
    assert await ids(emsp, "locations") == []
    assert await put(cpo, "sessions", samples.session()) == (200, 4001)


async def test_after_its_end_only_what_was_begun_under_it_goes_on(
    network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await agree(network, "add")
    await put(cpo, "locations", samples.location())
    await put(cpo, "sessions", samples.session())
    await eventually(lambda: set(told(emsp)) == {"LOC1"})
    await agree(network, "remove")

    await put(cpo, "locations", samples.location(id="LOC2"))
    begun = await put(cpo, "sessions", samples.session(status="COMPLETED"))
    stop = samples.stop_session(response_url=f"{emsp.url}/ocpi/results/1")
    stopped = await emsp.call("POST", "receiver", "commands", "STOP_SESSION", stop, to="NL/CPO")
    cdr = status(await cpo.call("POST", "receiver", "cdrs", body=samples.cdr()))
    new = await put(cpo, "sessions", samples.session(id="NEW"))
    other_cdr = await cpo.call(
        "POST", "receiver", "cdrs", body=samples.cdr(id="NEW", session_id="NEW")
    )

    assert begun == (200, 1000)
    assert status(stopped) == (200, 1000)
    assert cdr == (201, 1000)
    assert new == (200, 4001)
    assert status(other_cdr) == (200, 4001)
    assert await ids(emsp, "locations") == []
    assert set(told(emsp)) == {"LOC1"}
