"""Charging preferences, what CPOs answer to them, and the profile that comes of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests import samples
from tests.emsp_adapter.charging import ahead, publish, start, started
from tests.emsp_adapter.running import Adapter, Cpo, Driver
from tests.parties import envelope

GREEN = {"profile_type": "GREEN", "energy_need_kwh": "20.5"}


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    return await emsp.driver()


async def put(driver: Driver, charge: dict[str, Any], body: dict[str, Any]) -> Any:
    """The answer to the driver's wish."""
    return await driver.api.put(f"/charges/{charge['id']}/preferences", json=body, timeout=30)


async def test_preferences_go_to_the_sessions_sender(partner: Cpo, driver: Driver) -> None:
    """PRF-01: PUT …/{session_id}/charging_preferences on the Sender interface."""
    charge = await started(partner, driver)
    departure = ahead(hours=3)

    answer = await put(driver, charge, GREEN | {"departure_time": departure})

    (heard,) = partner.party.of("PUT", "/sender/sessions/SESSION1/charging_preferences")
    assert (answer.status_code, answer.json()["state"]) == (200, "charging")
    assert heard.body == (
        b'{"profile_type":"GREEN","departure_time":"'
        + departure.encode()
        + b'","energy_need":20.5}'
    )


async def test_the_answer_names_what_is_now_set_and_what_the_operator_said(
    partner: Cpo, driver: Driver
) -> None:
    charge = await started(partner, driver)
    departure = ahead(hours=3)
    before = (await driver.api.get(f"/charges/{charge['id']}")).json()["preferences"]

    answer = await put(driver, charge, GREEN | {"departure_time": departure})

    later = await driver.api.get(f"/charges/{charge['id']}/profile")
    expected = GREEN | {"departure_time": departure, "answer": "ACCEPTED"}
    assert before is None
    assert answer.json()["preferences"] == expected
    assert later.json()["preferences"] == expected


async def test_what_was_left_out_of_preferences_is_null(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)

    answer = await put(driver, charge, {"profile_type": "FAST"})

    assert answer.json()["preferences"] == {
        "profile_type": "FAST",
        "departure_time": None,
        "energy_need_kwh": None,
        "answer": "ACCEPTED",
    }


ANSWERS = {
    "DEPARTURE_REQUIRED": (422, "departure_time"),
    "ENERGY_NEED_REQUIRED": (422, "energy_need_kwh"),
    "PROFILE_TYPE_NOT_SUPPORTED": (422, "profile_type"),
    "NOT_POSSIBLE": (409, None),
    "WHATEVER": (409, None),
}


@pytest.mark.parametrize(("said", "expected"), ANSWERS.items(), ids=ANSWERS)
async def test_what_a_cpo_says_to_preferences_becomes_a_sentence(
    partner: Cpo, driver: Driver, said: str, expected: tuple[int, str | None]
) -> None:
    charge = await started(partner, driver)
    partner.party.say(lambda: envelope(said), method="PUT", below="/sender/sessions")

    answer = await put(driver, charge, GREEN)

    problem = answer.json()
    assert (answer.status_code, problem.get("field")) == expected
    assert said not in problem["detail"]


async def test_an_evse_that_takes_no_preferences_says_so(partner: Cpo, driver: Driver) -> None:
    """PRF-04: HTTP 404 with 2001."""
    charge = await started(partner, driver)
    partner.party.say(
        lambda: envelope(None, 2001, http_status=404), method="PUT", below="/sender/sessions"
    )

    answer = await put(driver, charge, GREEN)

    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "This charging point does not take preferences.",
    )


async def test_preferences_wait_for_the_session(partner: Cpo, driver: Driver) -> None:
    """PRF-07: only during an ongoing session."""
    await publish(partner)
    charge = (await start(driver)).json()

    answer = await put(driver, charge, GREEN)

    assert answer.status_code == 409
    assert partner.party.of("PUT", "/sender/sessions") == []


WRONG = {
    "no type": ({}, "profile_type"),
    "no such type": ({"profile_type": "SLOW"}, "profile_type"),
    "no energy": ({"profile_type": "FAST", "energy_need_kwh": "0"}, "energy_need_kwh"),
    "no number": ({"profile_type": "FAST", "energy_need_kwh": "NaN"}, "energy_need_kwh"),
    "unknown": ({"profile_type": "FAST", "discharge": True}, "discharge"),
}


@pytest.mark.parametrize(("body", "field"), WRONG.values(), ids=WRONG)
async def test_preferences_that_make_no_sense_are_not_sent(
    partner: Cpo, driver: Driver, body: dict[str, Any], field: str
) -> None:
    charge = await started(partner, driver)

    answer = await put(driver, charge, body)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert partner.party.of("PUT", "/sender/sessions") == []


async def test_what_the_station_makes_of_it_is_asked_for_and_kept(
    partner: Cpo, driver: Driver
) -> None:
    """CHP-01, CHP-04: duration and response_url in the query, the profile in the result."""
    charge = await started(partner, driver)
    await put(driver, charge, GREEN)
    (asked,) = partner.party.of("GET", "/receiver/chargingprofiles/SESSION1")
    command_id = asked.query.rpartition("%2F")[2]
    profile = samples.active_charging_profile()
    url = f"{partner.adapter.url}/ocpi/sender/2.2.1/chargingprofiles/get/{command_id}"

    told = await partner.party.request(
        "POST", url, {"result": "ACCEPTED", "profile": profile}, from_="NL/CPO"
    )

    shown = (await driver.api.get(f"/charges/{charge['id']}/profile")).json()
    assert asked.query.startswith("duration=3600&response_url=http%3A%2F%2F")
    assert told.json()["status_code"] == 1000
    assert shown["preferences"]["profile_type"] == "GREEN"
    assert shown["profile"]["start_date_time"] == profile["start_date_time"]


async def test_a_result_of_a_profile_is_taken_once(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)
    await put(driver, charge, GREEN)
    (asked,) = partner.party.of("GET", "/receiver/chargingprofiles/SESSION1")
    command_id = asked.query.rpartition("%2F")[2]
    url = f"{partner.adapter.url}/ocpi/sender/2.2.1/chargingprofiles/get/{command_id}"
    late = {"result": "ACCEPTED", "profile": samples.active_charging_profile()}
    await partner.party.request("POST", url, {"result": "REJECTED"}, from_="NL/CPO")

    told = await partner.party.request("POST", url, late, from_="NL/CPO")

    assert told.json()["status_code"] == 1000
    shown = (await driver.api.get(f"/charges/{charge['id']}/profile")).json()
    assert shown["profile"] is None


async def test_a_profile_that_the_cpo_pushes_is_kept(partner: Cpo, driver: Driver) -> None:
    """CHP-05."""
    charge = await started(partner, driver)
    profile = samples.active_charging_profile()

    known = await partner.party.call("PUT", "sender", "chargingprofiles", "SESSION1", profile)
    unknown = await partner.party.call("PUT", "sender", "chargingprofiles", "SESSION9", profile)

    shown = (await driver.api.get(f"/charges/{charge['id']}/profile")).json()
    assert known.json()["status_code"] == 1000
    assert (unknown.status_code, unknown.json()["status_code"]) == (404, 2001)
    assert shown["profile"]["start_date_time"] == profile["start_date_time"]


@pytest.mark.parametrize("asked", ["get", "put", "delete"])
async def test_a_result_that_nobody_waits_for_is_404(partner: Cpo, asked: str) -> None:
    url = f"{partner.adapter.url}/ocpi/sender/2.2.1/chargingprofiles/{asked}/nobody"

    answer = await partner.party.request("POST", url, {"result": "REJECTED"}, from_="NL/CPO")

    assert (answer.status_code, answer.json()["status_code"]) == (404, 2001)
