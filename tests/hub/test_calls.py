"""Commands and charging profiles: our response_url for theirs, and the way back of the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from tests import samples
from tests.hub.network import Network, data_of, running_network, status
from tests.parties import Received, RecordingParty, envelope, json_bytes

COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    "START_SESSION": samples.start_session,
    "STOP_SESSION": samples.stop_session,
    "RESERVE_NOW": samples.reserve_now,
    "CANCEL_RESERVATION": samples.cancel_reservation,
    "UNLOCK_CONNECTOR": samples.unlock_connector,
}


@pytest.fixture
def cpo(shared_cpo: RecordingParty) -> RecordingParty:
    """NL/CPO, with nothing received yet."""
    shared_cpo.begin_anew()
    return shared_cpo


@pytest.fixture
def emsp(shared_emsp: RecordingParty) -> RecordingParty:
    """DE/EMS, with nothing received yet."""
    shared_emsp.begin_anew()
    return shared_emsp


def theirs(emsp: RecordingParty) -> str:
    return f"{emsp.url}/ocpi/results/4711?a=b&c=%2F"


async def command(emsp: RecordingParty, name: str) -> None:
    body = COMMANDS[name](response_url=theirs(emsp))
    answer = await emsp.call("POST", "receiver", "commands", name, body, to="NL/CPO")
    assert data_of(answer) == {"result": "ACCEPTED", "timeout": 30}


async def result(cpo: RecordingParty, url: str, body: Any = None) -> tuple[int, int]:
    sent = samples.command_result() if body is None else body
    return status(await cpo.request("POST", url, sent, to="DE/EMS", from_="NL/CPO"))


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_result_of_each_command_comes_back(
    cpo: RecordingParty, emsp: RecordingParty, name: str
) -> None:
    await command(emsp, name)
    (asked,) = cpo.of("POST", f"/receiver/commands/{name}")
    ours = asked.json["response_url"]

    answer = await result(cpo, ours)

    assert asked.json == COMMANDS[name](response_url=ours)
    assert len(ours) <= 255
    assert answer == (200, 1000)
    (heard,) = emsp.of("POST", "/results")
    assert (heard.path, heard.query) == ("/results/4711", "a=b&c=%2F")
    assert heard.json == samples.command_result()
    assert heard.routing() == ("NL/CPO", "DE/EMS")


async def test_every_other_byte_of_a_command_is_as_it_was(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    raw = (
        b'{ "x":{"response_url":"inner","n":1.50}, "response_url" : "%s" ,"session_id":"S\\u0031" }'
    )

    await emsp.call(
        "POST", "receiver", "commands", "STOP_SESSION", raw % theirs(emsp).encode(), to="NL/CPO"
    )

    (asked,) = cpo.of("POST", "/receiver/commands/STOP_SESSION")
    assert asked.body == raw % asked.json["response_url"].encode()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_the_response_url_in_a_query_is_replaced_and_nothing_else(
    cpo: RecordingParty, emsp: RecordingParty, method: str
) -> None:
    query = f"?duration=900&response_url={quote(theirs(emsp), safe='')}&x=%2F"

    answer = await emsp.call(
        method, "receiver", "chargingprofiles", f"SESSION1{query}", to="NL/CPO"
    )

    assert data_of(answer)["result"] == "ACCEPTED"
    (asked,) = cpo.of(method, "/receiver/chargingprofiles/SESSION1")
    assert asked.query.startswith("duration=900&response_url=")
    assert asked.query.endswith("&x=%2F")
    (ours,) = parse_qs(asked.query)["response_url"]
    body = samples.active_charging_profile_result() if method == "GET" else samples.profile_result()
    assert await result(cpo, ours, body) == (200, 1000)
    assert emsp.of("POST", "/results")[0].json == body


async def test_a_charging_profile_is_set_and_its_changes_are_told(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await emsp.call(
        "PUT",
        "receiver",
        "chargingprofiles",
        "SESSION1",
        samples.set_charging_profile(response_url=theirs(emsp)),
        to="NL/CPO",
    )
    (asked,) = cpo.of("PUT", "/receiver/chargingprofiles/SESSION1")
    passed = await result(cpo, asked.json["response_url"], samples.profile_result())
    told = await cpo.call(
        "PUT",
        "sender",
        "chargingprofiles",
        "SESSION1",
        samples.active_charging_profile(),
        to="DE/EMS",
    )

    assert passed == (200, 1000)
    assert emsp.of("POST", "/results")[0].json == samples.profile_result()
    assert status(told) == (200, 1000)
    (heard,) = emsp.of("PUT", "/sender/chargingprofiles/SESSION1")
    assert heard.json == samples.active_charging_profile()


async def test_a_second_result_is_not_known(cpo: RecordingParty, emsp: RecordingParty) -> None:
    await command(emsp, "START_SESSION")
    ours = cpo.of("POST", "/receiver/commands")[0].json["response_url"]
    await result(cpo, ours)

    assert await result(cpo, ours) == (404, 2001)
    assert len(emsp.of("POST", "/results")) == 1


async def test_a_result_that_nobody_took_may_be_brought_again(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await command(emsp, "START_SESSION")
    ours = cpo.of("POST", "/receiver/commands")[0].json["response_url"]
    emsp.answer = emsp.never
    first = await result(cpo, ours)
    emsp.answer = None

    assert first == (200, 4002)
    assert await result(cpo, ours) == (200, 1000)


async def test_a_reservation_takes_more_than_one_result(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await command(emsp, "RESERVE_NOW")
    ours = cpo.of("POST", "/receiver/commands")[0].json["response_url"]
    await result(cpo, ours)

    cancelled = samples.command_result(result="CANCELED_RESERVATION")
    assert await result(cpo, ours, cancelled) == (200, 1000)
    assert emsp.of("POST", "/results")[1].json["result"] == "CANCELED_RESERVATION"


async def test_nobody_else_may_use_the_url(
    shared_network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    thief = await shared_network.join("FR/THF/CPO")
    await command(emsp, "START_SESSION")
    ours = cpo.of("POST", "/receiver/commands")[0].json["response_url"]

    response = await thief.request("POST", ours, samples.command_result(), from_="FR/THF")

    assert status(response) == (404, 2001)
    assert not emsp.of("POST", "/results")
    assert await result(cpo, ours) == (200, 1000)


async def test_a_result_that_came_in_an_envelope_goes_on_without_it(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await command(emsp, "START_SESSION")
    ours = cpo.of("POST", "/receiver/commands")[0].json["response_url"]

    wrapped = {"data": samples.command_result(), "status_code": 1000}
    assert await result(cpo, ours, wrapped) == (200, 1000)

    assert emsp.of("POST", "/results")[0].json == samples.command_result()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://169.254.169.254/latest", id="an inner address"),
        pytest.param("https://other.example/results/1", id="another's host"),
        pytest.param("ftp://127.0.0.1/x", id="another scheme"),
        pytest.param("http://user:secret@127.0.0.1/x", id="with a password"),
    ],
)
async def test_a_response_url_elsewhere_is_refused(
    cpo: RecordingParty, emsp: RecordingParty, url: str
) -> None:
    """T12."""
    answer = await emsp.call(
        "POST",
        "receiver",
        "commands",
        "STOP_SESSION",
        samples.stop_session(response_url=url),
        to="NL/CPO",
    )

    assert status(answer) == (200, 2001)
    assert "response_url" in answer.json()["status_message"]
    assert not cpo.of("POST", "/receiver/commands")


async def test_a_command_without_to_goes_to_the_owner_of_the_location(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await cpo.call("PUT", "receiver", "locations", "NL/CPO/LOC1", samples.location())

    answer = await emsp.call(
        "POST",
        "receiver",
        "commands",
        "START_SESSION",
        samples.start_session(response_url=theirs(emsp)),
    )
    unknown = await emsp.call(
        "POST",
        "receiver",
        "commands",
        "START_SESSION",
        samples.start_session(response_url=theirs(emsp), location_id="NOWHERE"),
    )

    assert status(answer) == (200, 1000)
    assert cpo.of("POST", "/receiver/commands/START_SESSION")[0].routing() == ("DE/EMS", "NL/CPO")
    assert status(unknown) == (200, 4001)


async def test_what_concerns_a_session_goes_to_its_cpo(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await cpo.call("PUT", "receiver", "sessions", "NL/CPO/SESSION1", samples.session())

    stop = await emsp.call(
        "POST",
        "receiver",
        "commands",
        "STOP_SESSION",
        samples.stop_session(response_url=theirs(emsp)),
    )
    preferences = await emsp.call(
        "PUT",
        "sender",
        "sessions",
        "SESSION1/charging_preferences",
        samples.charging_preferences(),
    )

    assert status(stop) == (200, 1000)
    assert data_of(preferences) == "ACCEPTED"
    assert cpo.of("PUT", "/sender/sessions/SESSION1/charging_preferences")


async def authorize(cpo: RecordingParty, uid: str = "04A1B2C3D4E5F6") -> tuple[int, int]:
    return status(await cpo.call("POST", "sender", "tokens", f"{uid}/authorize"))


async def broadcast_token(emsp: RecordingParty, **fields: Any) -> None:
    token = samples.token(**fields)
    owner = f"{token['country_code']}/{token['party_id']}"
    response = await emsp.call("PUT", "receiver", "tokens", f"{owner}/{token['uid']}", token)
    assert response.json()["status_code"] == 1000
    emsp.lists["tokens"] = [token]


async def test_a_token_nobody_has_is_a_2004(cpo: RecordingParty) -> None:
    assert await authorize(cpo, "UNKNOWN") == (404, 2004)


async def test_a_token_is_authorized_whatever_the_case_of_its_uid(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await broadcast_token(emsp)

    assert await authorize(cpo, "04a1b2c3d4e5f6") == (200, 1000)
    (asked,) = emsp.of("POST", "/sender/tokens")
    assert asked.path == "/sender/tokens/04a1b2c3d4e5f6/authorize"
    assert asked.body == b""


async def test_a_token_of_two_emsps_is_a_4001_and_neither_is_asked(
    shared_network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    other = await shared_network.join("FR/TWO/EMSP")
    await broadcast_token(emsp, uid="SHARED")
    await broadcast_token(other, uid="SHARED", country_code="FR", party_id="TWO")

    assert await authorize(cpo, "SHARED") == (200, 4001)
    assert not [*emsp.of("POST", "/sender/tokens"), *other.of("POST", "/sender/tokens")]


async def test_an_emsp_that_does_not_answer_in_time_is_a_4002(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    await broadcast_token(emsp)
    emsp.answer = emsp.never

    response = await cpo.call("POST", "sender", "tokens", "04A1B2C3D4E5F6/authorize")

    assert status(response) == (200, 4002)
    assert response.elapsed.total_seconds() < 2


# --- lists -----------------------------------------------------------------------------------


async def test_a_list_of_another_party_is_paged_through_the_hub_to_its_end(
    cpo: RecordingParty, emsp: RecordingParty
) -> None:
    cpo.lists["locations"] = [samples.location(id=f"LOC{n}") for n in range(5)]
    cpo.page_size = 2
    pages: list[list[str]] = []

    response = await emsp.call(
        "GET", "sender", "locations", "?date_from=2020-01-01T00:00:00Z", to="NL/CPO"
    )
    while True:
        pages.append([location["id"] for location in data_of(response)])
        if "next" not in response.links:
            break
        url = response.links["next"]["url"]
        assert url.startswith(emsp.hub_endpoints[("locations", "SENDER")])
        response = await emsp.request("GET", url, from_="DE/EMS", to="NL/CPO")

    assert pages == [["LOC0", "LOC1"], ["LOC2", "LOC3"], ["LOC4"]]
    asked = cpo.of("GET", "/sender/locations")
    assert [get.routing() for get in asked] == [("DE/EMS", "NL/CPO")] * 3
    assert "date_from" in asked[-1].query


async def test_the_next_page_is_for_nobody_else(
    shared_network: Network, cpo: RecordingParty, emsp: RecordingParty
) -> None:
    thief = await shared_network.join("FR/TH2/EMSP")
    cpo.lists["locations"] = [samples.location(id=f"LOC{n}") for n in range(5)]
    cpo.page_size = 2
    first = await emsp.call("GET", "sender", "locations", to="NL/CPO")

    response = await thief.request("GET", first.links["next"]["url"], from_="FR/TH2")

    assert status(response) == (404, 2001)


@pytest.mark.parametrize(
    "link",
    [
        pytest.param('<http://169.254.169.254/x>; rel="next"', id="an inner address"),
        pytest.param('<https://other.example/x>; rel="next"', id="another host"),
    ],
)
async def test_a_link_elsewhere_is_not_passed_on(
    cpo: RecordingParty, emsp: RecordingParty, link: str
) -> None:
    cpo.say(lambda: envelope([], Link=link), method="GET")

    response = await emsp.call("GET", "sender", "locations", to="NL/CPO")

    assert status(response) == (200, 4000)


async def test_urls_of_ours_survive_a_restart(database_url: str) -> None:
    async with running_network(database_url) as before:
        cpo = await before.join("NL/CPO/CPO", page_size=1)
        emsp = await before.join("DE/EMS/EMSP")
        cpo.lists["locations"] = [samples.location(id=f"LOC{n}") for n in range(2)]
        first = await emsp.call("GET", "sender", "locations", to="NL/CPO")
        await command(emsp, "START_SESSION")
        asked: Received = cpo.of("POST", "/receiver/commands")[0]
    port = before.url.rpartition(":")[2]
    async with running_network(database_url, port=port) as after:
        await after.start(cpo)
        await after.start(emsp)
        second = await emsp.request("GET", first.links["next"]["url"], from_="DE/EMS", to="NL/CPO")
        passed = await result(cpo, asked.json["response_url"])

    assert [location["id"] for location in data_of(second)] == ["LOC1"]
    assert passed == (200, 1000)
    assert emsp.of("POST", "/results")[0].body == json_bytes(samples.command_result())
