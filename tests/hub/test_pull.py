"""Pulling what partners do not push: to the end, with overlap, and no further than their server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests import samples
from tests.hub.network import Network, data_of, eventually, running_network, status
from tests.parties import (
    Received,
    RecordingParty,
    envelope,
    envelope_of,
    json_bytes,
    raw_response,
)

SENDERS = ("locations",)


@pytest.fixture
async def network(database_url: str) -> AsyncIterator[Network]:
    """A hub that pulls every two seconds or so."""
    async with running_network(database_url, pull_interval="2") as running:
        yield running


async def joined(network: Network, *locations: dict[str, Any], **options: Any) -> RecordingParty:
    """NL/CPO, which serves Locations and nothing else."""
    cpo = await network.stranger("NL/CPO/CPO", senders=SENDERS, receivers=(), **options)
    cpo.lists["locations"] = list(locations)
    return await registered(network, cpo)


async def registered(network: Network, cpo: RecordingParty) -> RecordingParty:
    token = await network.invite("cpo")
    assert status(await cpo.register(network.versions_url, token)) == (200, 1000)
    return cpo


async def known(emsp: RecordingParty) -> list[str]:
    listed = await emsp.call("GET", "sender", "locations", to="NL/HUB")
    return [location["id"] for location in data_of(listed)]


def asked(cpo: RecordingParty) -> list[Received]:
    return cpo.of("GET", "/sender/locations")


async def test_every_page_is_read_and_told(network: Network, emsp: RecordingParty) -> None:
    cpo = await joined(network, *(samples.location(id=f"LOC{n}") for n in range(5)), page_size=2)

    await eventually(lambda: len(emsp.of("PUT", "/receiver/locations")) == 5)
    assert [get.routing() for get in asked(cpo)[:3]] == [("NL/HUB", "NL/CPO")] * 3
    assert await known(emsp) == [f"LOC{n}" for n in range(5)]


async def test_the_next_pull_asks_for_what_has_changed_since(
    network: Network, emsp: RecordingParty
) -> None:
    cpo = await joined(network)
    await eventually(lambda: len(asked(cpo)) >= 2, within=15)

    assert "date_from" not in asked(cpo)[0].query
    assert "date_from=" in asked(cpo)[1].query


async def test_what_is_pulled_is_never_put_over_something_newer(
    network: Network, emsp: RecordingParty
) -> None:
    newer = samples.location(name="Newer", last_updated=samples.LATER)
    cpo = await joined(network)
    await cpo.call("PUT", "receiver", "locations", "NL/CPO/LOC1", newer)
    cpo.say(
        lambda: envelope([samples.location(name="Older"), samples.location(id="LOC2")]),
        method="GET",
    )

    await eventually(lambda: len(emsp.of("PUT", "/receiver/locations/NL/CPO/LOC2")) == 1)
    listed = await emsp.call("GET", "sender", "locations", to="NL/HUB")
    assert [location["name"] for location in data_of(listed)] == ["Newer", "Station Square"]


async def test_what_cannot_be_used_is_skipped_and_said(
    network: Network, emsp: RecordingParty, caplog: pytest.LogCaptureFixture
) -> None:
    """ROB-01, AMB-10."""
    caplog.set_level("INFO", "ocpi_hub.pull")
    without_city = {k: v for k, v in samples.location(id="BAD").items() if k != "city"}

    await joined(network, without_city, samples.location(party_id="OTH"), samples.location())

    await eventually(lambda: len(emsp.of("PUT", "/receiver/locations")) == 1)
    assert await known(emsp) == ["LOC1"]
    reasons = {r.__dict__["reason"] for r in caplog.records if r.message.startswith("an object")}
    assert {reason.split()[0].rstrip(":,") for reason in reasons} == {"city", "country_code"}


async def test_an_object_that_cannot_be_kept_spoils_no_page(
    network: Network, emsp: RecordingParty, caplog: pytest.LogCaptureFixture
) -> None:
    """ROB-01."""
    caplog.set_level("INFO", "ocpi_hub.pull")
    cpo = await network.stranger("NL/CPO/CPO", senders=SENDERS, receivers=())
    nul = json_bytes(samples.location(id="NUL", name="a\0b"))
    good = json_bytes(samples.location())
    cpo.say(lambda: envelope_of(b"[7," + nul + b"," + good + b"]"), method="GET")

    await registered(network, cpo)

    await eventually(lambda: len(emsp.of("PUT", "/receiver/locations")) == 1)
    assert await known(emsp) == ["LOC1"]
    said = {
        r.__dict__["object"]: r.__dict__["reason"] for r in caplog.records if "object" in r.__dict__
    }
    assert said["one without an id"] == "body: expected an object, got a number"
    assert said["NUL"] == "name: NUL (U+0000) cannot be kept"


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("http://169.254.169.254/latest", id="an inner address"),
        pytest.param("http://127.0.0.1:1/x", id="another port"),
        pytest.param("https://other.example/x", id="another host"),
        pytest.param("?", id="itself"),
        pytest.param("?offset={n}", id="without end and empty"),
    ],
)
async def test_a_link_that_leads_astray_ends_the_pull(
    network: Network, emsp: RecordingParty, link: str
) -> None:
    """T15."""
    cpo = await network.stranger("NL/CPO/CPO", senders=SENDERS, receivers=())
    first = [samples.location()]

    async def answer(heard: Received) -> Any:
        page = first if "offset" not in heard.query else []
        target = link.format(n=len(asked(cpo)))
        where = f"{cpo.url}/ocpi/sender/locations{target}" if target.startswith("?") else target
        return envelope(page, Link=f'<{where}>; rel="next"')

    cpo.answer = answer
    await registered(network, cpo)

    await eventually(lambda: len(emsp.of("PUT", "/receiver/locations")) == 1)
    assert await known(emsp) == ["LOC1"]
    assert len(asked(cpo)) < 10


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>", id="no JSON"),
        pytest.param(b'{"status_code":1000,"data":{}}', id="no list"),
        pytest.param(b'{"status_code":2001}', id="refused"),
    ],
)
async def test_a_list_that_cannot_be_read_leaves_the_rest_alone(
    network: Network, emsp: RecordingParty, body: bytes
) -> None:
    cpo = await network.stranger("NL/CPO/CPO", senders=SENDERS, receivers=())
    cpo.say(lambda: raw_response(body))
    await registered(network, cpo)
    await eventually(lambda: bool(asked(cpo)))

    put = await cpo.call("PUT", "receiver", "locations", "NL/CPO/LOC1", samples.location())

    assert status(put) == (201, 1000)
    await eventually(lambda: len(emsp.of("PUT", "/receiver/locations")) == 1)


async def test_numbers_are_kept_exactly(network: Network, emsp: RecordingParty) -> None:
    cpo = await network.stranger("NL/CPO/CPO", senders=SENDERS, receivers=())
    location = json.dumps(samples.location(evses=[], energy_mix=None))
    exact = location.replace('"energy_mix": null', '"x_number": 1.5000000000000000000001')
    cpo.say(lambda: raw_response(b'{"status_code":1000,"data":[%s]}' % exact.encode()))
    await registered(network, cpo)

    await eventually(lambda: bool(emsp.of("PUT", "/receiver/locations")))
    assert b"1.5000000000000000000001" in emsp.of("PUT", "/receiver/locations")[0].body
