"""A charge from the tap on Start to the end, with a CPO that answers over real sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emsp_adapter.charging import charges
from ocpi_hub.protocol.party import Party
from tests.emsp_adapter import charging, contracts
from tests.emsp_adapter.charging import (
    AT_EVSE1,
    answers,
    count,
    heard,
    in_state,
    over,
    publish,
    result,
    seen,
    start,
    started,
    tell,
)
from tests.emsp_adapter.running import Adapter, Cpo, Driver
from tests.parties import envelope

CPO = Party("NL", "CPO")


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    return await emsp.driver()


# --- the happy path ------------------------------------------------------------------------------


async def test_a_start_sends_the_drivers_own_token_and_the_charge_as_reference(
    partner: Cpo, driver: Driver
) -> None:
    await publish(partner)

    answer = await start(driver)

    charge, command = answer.json(), heard(partner, "START_SESSION")
    assert (answer.status_code, charge["state"], charge["source"]) == (201, "starting", "app")
    assert command["authorization_reference"] == charge["id"]
    assert (command["location_id"], command["evse_uid"]) == ("LOC1", "EVSE1")
    assert command["token"]["type"] == "APP_USER"
    assert command["response_url"].startswith(
        f"{partner.adapter.url}/ocpi/sender/2.2.1/commands/START_SESSION/"
    )


async def test_a_session_makes_the_charge_run_and_shows_what_it_says(
    partner: Cpo, driver: Driver
) -> None:
    charge = await started(partner, driver)

    assert charge["state"] == "charging"
    assert (charge["energy_kwh"], charge["power_kw"], charge["state_of_charge"]) == (
        "1.500",
        "9.0",
        "45",
    )
    assert charge["minutes"] in (9, 10)
    assert charge["location"]["name"] == "Station Square"
    assert charge["physical_reference"] == "A1"
    assert charge["cost_is"] == "estimate"
    # 1.5 kWh for 0.30, with VAT of 21 %.
    assert charge["cost"]["total"] == {"net": "0.45", "vat": "0.09", "gross": "0.54"}


async def test_a_stop_goes_to_the_sessions_owner_and_the_end_finishes_the_charge(
    partner: Cpo, driver: Driver
) -> None:
    charge = await started(partner, driver)

    stopping = await driver.api.post(f"/charges/{charge['id']}/stop")
    command = heard(partner, "STOP_SESSION")
    taken = await result(partner, command)
    await partner.patch("sessions", "SESSION1", over())

    finished = await seen(driver, charge["id"])
    assert (stopping.status_code, stopping.json()["state"]) == (200, "stopping")
    assert command["session_id"] == "SESSION1"
    assert taken == (200, 1000)
    assert (finished["state"], finished["energy_kwh"]) == ("finished", "2.000")
    assert finished["ended_at"] is not None
    assert finished["power_kw"] is None


async def test_a_second_tap_on_stop_asks_once(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)

    first = await driver.api.post(f"/charges/{charge['id']}/stop")
    second = await driver.api.post(f"/charges/{charge['id']}/stop")

    assert (first.json()["state"], second.json()["state"]) == ("stopping", "stopping")
    assert count(partner, "STOP_SESSION") == 1


# --- what goes wrong -----------------------------------------------------------------------------


REFUSALS = {
    "rejected": (
        {"result": "REJECTED", "message": [{"language": "en", "text": "Closed for repairs"}]},
        'The operator declined the request. It says: "Closed for repairs"',
    ),
    "not supported": (
        {"result": "NOT_SUPPORTED"},
        "This station cannot do that from an app.",
    ),
}


@pytest.mark.parametrize(("response", "reason"), REFUSALS.values(), ids=REFUSALS)
async def test_a_refused_start_fails_with_the_operators_words(
    partner: Cpo, driver: Driver, response: dict[str, Any], reason: str
) -> None:
    await publish(partner)
    answers(partner, **response)

    charge = (await start(driver)).json()

    assert (charge["state"], charge["reason"]) == ("failed", reason)
    assert charge["payment"]["state"] in ("none", "held")


async def test_an_unknown_location_is_told_as_such(partner: Cpo, driver: Driver) -> None:
    """CMD-12: 2003, with a CommandResponse that says REJECTED."""
    await publish(partner)
    rejected = {"result": "REJECTED", "timeout": 0}
    partner.party.say(lambda: envelope(rejected, 2003, message="unknown location"), method="POST")

    charge = (await start(driver)).json()

    assert charge["state"] == "failed"
    assert charge["reason"] == "The operator does not know this charging point any longer."


RESULTS = {
    "FAILED": "The station did not carry it out.",
    "EVSE_OCCUPIED": "The charging point is in use.",
    "EVSE_INOPERATIVE": "The charging point is out of order.",
    "REJECTED": "The station declined the request.",
    "TIMEOUT": "The station did not answer in time.",
}


@pytest.mark.parametrize(("said", "reason"), RESULTS.items(), ids=RESULTS)
async def test_a_start_that_comes_to_nothing_fails(
    partner: Cpo, driver: Driver, said: str, reason: str
) -> None:
    await publish(partner)
    charge = (await start(driver)).json()

    taken = await result(partner, heard(partner, "START_SESSION"), said)

    failed = await seen(driver, charge["id"])
    assert taken == (200, 1000)
    assert (failed["state"], failed["reason"]) == ("failed", reason)


async def test_a_result_that_never_comes_fails_the_start(partner: Cpo, driver: Driver) -> None:
    await publish(partner)
    answers(partner, result="ACCEPTED", timeout=1)

    charge = (await start(driver)).json()

    failed = await in_state(driver, charge["id"], "failed")
    assert failed["reason"].startswith("The charge did not begin in time.")


async def test_a_late_session_revives_a_failed_start(partner: Cpo, driver: Driver) -> None:
    """SES-24: the car charges, whatever the result was."""
    await publish(partner)
    charge = (await start(driver)).json()
    command = heard(partner, "START_SESSION")
    await result(partner, command, "TIMEOUT")

    await tell(partner, command)

    revived = await seen(driver, charge["id"])
    assert (revived["state"], revived["reason"], revived["ended_at"]) == ("charging", None, None)


async def test_a_stop_without_an_answer_leaves_the_charge_running_with_a_sentence(
    partner: Cpo, driver: Driver
) -> None:
    charge = await started(partner, driver)
    answers(partner, "STOP_SESSION", result="ACCEPTED", timeout=1)

    await driver.api.post(f"/charges/{charge['id']}/stop")

    running = await in_state(driver, charge["id"], "charging")
    assert running["reason"].startswith("The station did not stop in time.")


async def test_a_stop_that_is_declined_leaves_the_charge_running_with_a_sentence(
    partner: Cpo, driver: Driver
) -> None:
    charge = await started(partner, driver)
    answers(partner, "STOP_SESSION", result="UNKNOWN_SESSION", timeout=0)

    answer = (await driver.api.post(f"/charges/{charge['id']}/stop")).json()

    assert answer["state"] == "charging"
    assert answer["reason"] == "The operator does not know this charge."


async def test_a_session_that_never_was_active_leaves_no_charge(
    partner: Cpo, driver: Driver
) -> None:
    await publish(partner)
    charge = (await start(driver)).json()
    command = heard(partner, "START_SESSION")
    await tell(partner, command, status="PENDING", kwh=0, charging_periods=[])

    await partner.patch("sessions", "SESSION1", over(kwh=0, status="INVALID"))

    failed = await seen(driver, charge["id"])
    assert failed["state"] == "failed"
    assert "not billed" in failed["reason"]


# --- what is refused before anything is sent -----------------------------------------------------


CLOSED = {
    "out of order": ({"status": "OUTOFORDER"}, "The charging point is out of order."),
    "inoperative": ({"status": "INOPERATIVE"}, "The charging point is out of order."),
    "in use": ({"status": "CHARGING"}, "The charging point is in use."),
    "reserved": ({"status": "RESERVED"}, "The charging point is reserved for somebody else."),
    "removed": ({"status": "REMOVED"}, "The charging point is no longer there."),
    "cards only": (
        {"capabilities": ["RFID_READER"]},
        "This charging point cannot be used with an app, only with a card.",
    ),
}


@pytest.mark.parametrize(("evse", "why"), CLOSED.values(), ids=CLOSED)
async def test_a_start_without_a_chance_sends_nothing(
    partner: Cpo, driver: Driver, evse: dict[str, Any], why: str
) -> None:
    await publish(partner, **evse)

    answer = await start(driver)

    assert (answer.status_code, answer.json()["detail"]) == (409, why)
    assert count(partner, "START_SESSION") == 0
    assert (await driver.api.get("/charges")).json()["charges"] == []


async def test_a_plug_that_is_not_known_is_404(partner: Cpo, driver: Driver) -> None:
    await publish(partner)

    answer = await start(driver, evse_uid="EVSE9")

    assert answer.status_code == 404
    assert "EVSE9" in answer.json()["detail"]


async def test_who_charges_there_cannot_start_again(partner: Cpo, driver: Driver) -> None:
    await started(partner, driver)

    answer = await start(driver)

    assert answer.status_code == 409
    assert answer.json()["detail"] == "You are charging at this charging point already."


async def test_two_starts_at_once_are_one_command(partner: Cpo, driver: Driver) -> None:
    await publish(partner)

    both = await asyncio.gather(start(driver), start(driver))

    assert sorted(each.status_code for each in both) == [201, 409]
    assert count(partner, "START_SESSION") == 1


async def test_a_double_tap_with_the_same_key_is_one_charge(partner: Cpo, driver: Driver) -> None:
    await publish(partner)
    key = {"Idempotency-Key": "tap-1"}

    first = await driver.api.post("/charges", json=AT_EVSE1, headers=key)
    second = await driver.api.post("/charges", json=AT_EVSE1, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert count(partner, "START_SESSION") == 1


# --- what did not begin with us ------------------------------------------------------------------


async def test_a_card_session_is_a_charge_too(partner: Cpo, driver: Driver) -> None:
    await publish(partner)
    token = await contracts.card(partner.adapter, driver)

    told = await partner.put("sessions", "SESSION1", contracts.session(token))

    (charge,) = (await driver.api.get("/charges?state=open")).json()["charges"]
    assert told == (200, 1000)
    assert (charge["state"], charge["source"]) == ("charging", "card")
    assert charge["location"]["id"] == charging.LOCATION


async def test_a_session_without_our_reference_is_found_by_token_and_place(
    partner: Cpo, driver: Driver
) -> None:
    await publish(partner)
    charge = (await start(driver)).json()
    command = heard(partner, "START_SESSION")
    told = charging.session(command)
    del told["authorization_reference"]

    await partner.put("sessions", "SESSION1", told)

    (only,) = (await driver.api.get("/charges")).json()["charges"]
    assert (only["id"], only["state"]) == (charge["id"], "charging")


async def test_a_cdr_without_a_session_is_a_charge_that_is_over(
    partner: Cpo, driver: Driver
) -> None:
    await publish(partner)
    token = await contracts.card(partner.adapter, driver)

    answer = await partner.post_cdr(contracts.cdr(token))

    assert contracts.status(answer) in ((200, 1000), (201, 1000))
    await contracts.cleared(partner.adapter)
    (charge,) = (await driver.api.get("/charges?state=past")).json()["charges"]
    assert (charge["state"], charge["energy_kwh"], charge["source"]) == ("finished", "20", "card")
    assert charge["started_at"] == contracts.moment(contracts.BEGUN)
    assert charge["ended_at"] == contracts.moment(contracts.ENDED)


async def test_a_cdr_that_names_somebody_elses_session_is_no_part_of_that_charge(
    partner: Cpo, driver: Driver
) -> None:
    charge = await started(partner, driver)
    other = await partner.adapter.driver("bob@drivers.example")
    token = await contracts.card(partner.adapter, other)

    emsp = partner.adapter
    async with emsp.db.hot_transaction() as conn:
        cdr = contracts.cdr(token, session_id="SESSION1")
        await charges.cdr_came(conn, emsp.office, other.id, CPO, cdr, accepted=True)

    (others,) = (await other.api.get("/charges")).json()["charges"]
    assert others["id"] != charge["id"]
    assert (await seen(driver, charge["id"]))["state"] == "charging"


# --- other drivers' charges ----------------------------------------------------------------------


OTHERS = {
    "read": ("GET", "/charges/{id}", None),
    "stop": ("POST", "/charges/{id}/stop", None),
    "cancel": ("DELETE", "/charges/{id}", None),
    "preferences": ("PUT", "/charges/{id}/preferences", {"profile_type": "FAST"}),
    "events": ("GET", "/charges/{id}/events", None),
    "profile": ("GET", "/charges/{id}/profile", None),
}


@pytest.mark.parametrize(("method", "path", "body"), OTHERS.values(), ids=OTHERS)
async def test_another_drivers_charge_is_not_there(
    partner: Cpo, driver: Driver, method: str, path: str, body: dict[str, Any] | None
) -> None:
    charge = await started(partner, driver)
    other = await partner.adapter.driver("bob@drivers.example")

    answer = await other.api.request(method, path.format(id=charge["id"]), json=body)

    assert answer.status_code == 404
    assert count(partner, "STOP_SESSION") == 0
    assert (await other.api.get("/charges")).json()["charges"] == []


async def test_a_result_from_another_cpo_is_not_taken(partner: Cpo, driver: Driver) -> None:
    """CMD-28: to whom nothing was asked, there is nothing here."""
    await publish(partner)
    charge = (await start(driver)).json()
    command = heard(partner, "START_SESSION")
    url = command["response_url"].replace("START_SESSION", "STOP_SESSION")

    wrong = await result(partner, command | {"response_url": url}, "FAILED")
    unknown = await result(partner, command | {"response_url": url[:-4] + "0000"}, "FAILED")

    assert (wrong, unknown) == ((404, 2001), (404, 2001))
    assert (await seen(driver, charge["id"]))["state"] == "starting"


# --- a restart -----------------------------------------------------------------------------------


async def test_a_charge_goes_on_over_a_restart(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)
    emsp = partner.adapter

    await emsp.stop()
    await emsp.start()
    app = await emsp.api(driver.id, scope="charging history")
    await partner.patch("sessions", "SESSION1", over())

    again = Driver(driver.id, app)
    assert (await seen(again, charge["id"]))["state"] == "finished"


# --- languages -----------------------------------------------------------------------------------


async def test_what_went_wrong_is_said_in_the_drivers_language(
    partner: Cpo, driver: Driver
) -> None:
    await publish(partner)
    answers(partner, result="REJECTED", message=[{"language": "en", "text": "Closed"}])
    driver.api.headers["Accept-Language"] = "de-CH, en;q=0.5"

    failed = (await start(driver)).json()
    await publish(partner, status="CHARGING", last_updated=charging.ahead(seconds=0))
    refused = (await start(driver)).json()

    assert failed["reason"] == ('Der Betreiber hat die Anfrage abgelehnt. Die Meldung: "Closed"')
    assert refused["detail"] == "Der Ladepunkt ist belegt."


async def test_a_session_at_a_place_that_is_not_known_is_a_charge_too(
    partner: Cpo, driver: Driver
) -> None:
    token = await contracts.card(partner.adapter, driver)

    await partner.put("sessions", "SESSION1", contracts.session(token, location_id="LOC9"))

    (charge,) = (await driver.api.get("/charges")).json()["charges"]
    assert (charge["state"], charge["location"]["name"]) == ("charging", "LOC9")
