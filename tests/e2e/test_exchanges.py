"""What one party asks of another, and the CDR at the end of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests import samples
from tests.e2e.conftest import HubProcess
from tests.parties import RecordingParty, json_bytes
from tests.partners import data_of, eventually, status


@pytest.fixture
async def cpo(hub: HubProcess) -> RecordingParty:
    """NL/CPO, registered."""
    return await hub.join("NL/CPO/CPO")


@pytest.fixture
async def emsp(hub: HubProcess) -> RecordingParty:
    """DE/EMS, registered."""
    return await hub.join("DE/EMS/EMSP")


async def broadcast(party: RecordingParty, module: str, path: str, body: dict[str, Any]) -> None:
    response = await party.call("PUT", "receiver", module, path, body, to="NL/HUB")
    assert status(response) == (201, 1000)


async def test_a_session_is_started_and_its_result_comes_back(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await broadcast(cpo, "locations", "NL/CPO/LOC1", samples.location())
    theirs = f"{emsp.url}/ocpi/results/4711"
    body = samples.start_session(response_url=theirs)

    answer = await emsp.call("POST", "receiver", "commands", "START_SESSION", body)
    (asked,) = cpo.of("POST", "/receiver/commands/START_SESSION")
    ours = asked.json["response_url"]
    result = await cpo.request("POST", ours, samples.command_result(), to="DE/EMS", from_="NL/CPO")

    assert answer.json()["data"] == {"result": "ACCEPTED", "timeout": 30}
    assert asked.routing() == ("DE/EMS", "NL/CPO")
    assert asked.json == body | {"response_url": ours}
    assert ours != theirs
    assert status(result) == (200, 1000)
    (heard,) = emsp.of("POST", "/results/4711")
    assert heard.json == samples.command_result()
    assert heard.routing() == ("NL/CPO", "DE/EMS")


async def test_a_card_is_authorized_by_the_emsp_it_belongs_to(
    hub: HubProcess, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    token = samples.token()
    other = await hub.join("FR/OTH/EMSP")
    await broadcast(emsp, "tokens", f"DE/EMS/{token['uid']}", token)
    emsp.lists["tokens"] = [token]

    answer = await cpo.call(
        "POST", "sender", "tokens", f"{token['uid']}/authorize", samples.location_references()
    )

    assert status(answer) == (200, 1000)
    assert answer.json()["data"] == {"allowed": "ALLOWED", "token": token}
    assert answer.headers["OCPI-from-party-id"] == "EMS"
    (asked,) = emsp.of("POST", "/sender/tokens")
    assert asked.routing() == ("NL/CPO", "DE/EMS")
    assert asked.json == samples.location_references()
    assert not other.of("POST", "/sender/tokens")


async def test_a_cdr_is_fetched_where_the_hub_says_it_is(
    hub: HubProcess, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    stranger = await hub.join("FR/OTH/CPO")
    raw = json_bytes(samples.cdr())

    posted = await cpo.call("POST", "receiver", "cdrs", body=raw)
    location = posted.headers["Location"]
    fetched = await cpo.request("GET", location, from_="NL/CPO", to="DE/EMS")
    stolen = await stranger.request("GET", location, from_="FR/OTH")

    assert status(posted) == (201, 1000)
    assert location.startswith(f"{hub.url}/ocpi/receiver/2.2.1/cdrs/")
    (received,) = emsp.of("POST", "/receiver/cdrs")
    assert received.body == raw
    assert emsp.of("GET", "/receiver/cdrs/1")
    assert data_of(fetched) == samples.cdr()
    assert status(stolen) == (404, 2001)
    assert not stranger.of("POST", "/receiver/cdrs")


async def test_a_cdr_waits_for_an_emsp_that_is_away_and_is_delivered_once(
    hub: HubProcess, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    raw = json_bytes(samples.cdr())
    await hub.stop(emsp)

    posted = await cpo.call("POST", "receiver", "cdrs", body=raw, to="DE/EMS")
    again = await cpo.call("POST", "receiver", "cdrs", body=raw, to="DE/EMS")
    fetched = await cpo.request("GET", posted.headers["Location"], from_="NL/CPO", to="DE/EMS")
    await hub.start(emsp)
    # Any message is a sign of life.
    listed = await emsp.call("GET", "sender", "cdrs", to="NL/HUB")

    assert (status(posted), status(again)) == ((200, 1000), (200, 1000))
    assert posted.headers["Location"] == again.headers["Location"]
    assert data_of(fetched) == samples.cdr()
    assert [cdr["id"] for cdr in listed.json()["data"]] == ["CDR1"]
    await eventually(lambda: bool(emsp.of("POST", "/receiver/cdrs")), within=20)
    await cpo.call("POST", "receiver", "cdrs", body=raw, to="DE/EMS")
    (received,) = emsp.of("POST", "/receiver/cdrs")
    assert received.body == raw
