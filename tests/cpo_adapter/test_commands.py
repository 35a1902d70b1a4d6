"""Commands of an eMSP: from its request to the station, and back to its response_url."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests import samples
from tests.cpo_adapter.running import (
    APP_USER,
    Adapter,
    adapter,
    charging,
    emsp,
    plugged_in,
    scene,
)
from tests.parties import Received, envelope
from tests.partners import eventually

VERSIONS = ("1.6", "2.0.1")
START = {"1.6": "RemoteStartTransaction", "2.0.1": "RequestStartTransaction"}
STOP = {"1.6": "RemoteStopTransaction", "2.0.1": "RequestStopTransaction"}
UNLOCK = {"location_id": "LOC1", "evse_uid": "EVSE1", "connector_id": "1"}
CARD = samples.token(uid="04AABBCCDDEE11")


async def _state(cpo: Adapter, kind: str = "START_SESSION") -> tuple[Any, ...] | None:
    return await cpo.row("SELECT state, attempts FROM commands WHERE kind = %s", kind)


# --- START_SESSION and STOP_SESSION --------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_app_session_goes_from_start_session_to_its_cdr(
    cpo_database_url: str, version: str
) -> None:
    async with scene(cpo_database_url, version=version) as (_, ems, station):
        started = await ems.start(authorization_reference="REF1")
        first = (started.response, await started.result())
        transaction = await plugged_in(station, meter=1000)
        active = await ems.session("ACTIVE")
        await station.meter(transaction, 6_000)
        stopped = await ems.command("STOP_SESSION", session_id=active["id"])
        last = (stopped.response, await stopped.result())
        asked = await station.expect(STOP[version])
        await station.stop(transaction, 13_345, reason="Remote")
        done = await ems.session("COMPLETED")
        cdr = await ems.cdr()

    assert first == last == ("ACCEPTED", "ACCEPTED")
    assert str(asked["transaction_id"]) == str(transaction.id)
    assert ems.statuses() == ["PENDING", "ACTIVE", "COMPLETED"]
    assert done["kwh"] == cdr["total_energy"] == Decimal("12.345")
    assert cdr["total_cost"]["excl_vat"] == Decimal("3.7035")
    assert cdr["session_id"] == active["id"]
    assert (cdr["auth_method"], cdr["authorization_reference"]) == ("COMMAND", "REF1")


async def test_a_long_uid_is_shown_as_twenty_hex_digits(cpo_database_url: str) -> None:
    """A uid of 36 characters does not fit 1.6, and some stations take nothing but hex."""
    async with scene(cpo_database_url) as (_, ems, station):
        session, transaction = await charging(ems, station)

    assert len(transaction.uid) == 20
    assert int(transaction.uid, 16) > 0
    assert session["cdr_token"]["uid"] == APP_USER["uid"]


async def test_a_card_is_shown_as_it_is_and_need_not_be_known(cpo_database_url: str) -> None:
    """CMD-08, CMD-11."""
    async with scene(cpo_database_url, version="2.0.1") as (_, ems, station):
        started = await ems.start(token=CARD)
        await started.result()
        asked = await station.expect(START["2.0.1"])
        authorized = await station.authorize(CARD["uid"])

    assert asked["id_token"] == {"id_token": CARD["uid"], "type": "ISO14443"}
    assert authorized == "Accepted"
    # CMD-09: the eMSP is not asked about its own command.
    assert not ems.party.of("POST", "/sender/tokens")


async def test_a_driver_may_plug_in_first(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        await station.status("Preparing")
        session, _ = await charging(ems, station)

    assert session["evse_uid"] == "EVSE1"


async def test_without_an_evse_a_free_one_is_taken(cpo_database_url: str) -> None:
    """CMD-16."""
    async with scene(cpo_database_url) as (_, ems, station):
        await station.status("Charging", connector=1)
        started = await ems.command("START_SESSION", token=APP_USER, location_id="LOC1")
        await started.result()
        asked = await station.expect(START["1.6"])

    assert asked["connector_id"] == 2


ANSWERS = {
    "it will not": ("1.6", "Available", {"status": "Rejected"}, "FAILED"),
    "it will not either": ("2.0.1", "Available", {"status": "Rejected"}, "FAILED"),
    "it is broken": ("1.6", "Faulted", {"status": "Rejected"}, "EVSE_INOPERATIVE"),
    "it is out of service": ("1.6", "Unavailable", {"status": "Rejected"}, "EVSE_INOPERATIVE"),
    "it is kept for somebody": ("1.6", "Reserved", {"status": "Rejected"}, "EVSE_OCCUPIED"),
}


@pytest.mark.parametrize(("version", "status", "answer", "result"), ANSWERS.values(), ids=ANSWERS)
async def test_a_refused_start_says_what_is_in_the_way(
    cpo_database_url: str, version: str, status: str, answer: dict[str, Any], result: str
) -> None:
    """Bridge rules 4.7."""
    async with scene(cpo_database_url, version=version) as (_, ems, station):
        station.answers[START[version]] = answer
        await station.status(status)
        started = await ems.start()

        assert (started.response, await started.result()) == ("ACCEPTED", result)
        assert not ems.sessions()


async def test_a_start_where_somebody_charges_is_evse_occupied(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        await charging(ems, station)
        station.answers[START["1.6"]] = {"status": "Rejected"}
        started = await ems.start(token=CARD)

        assert await started.result() == "EVSE_OCCUPIED"


async def test_an_offline_station_is_not_asked(cpo_database_url: str) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        started = await ems.start()

    assert (started.code, started.response) == ((200, 1000), "REJECTED")
    assert not started.results()


UNKNOWN = {
    "location": {"location_id": "NOWHERE"},
    "evse": {"evse_uid": "NOWHERE"},
    "connector": {"connector_id": "9"},
}


@pytest.mark.parametrize("body", UNKNOWN.values(), ids=UNKNOWN)
async def test_an_unknown_place_is_2003(cpo_database_url: str, body: dict[str, str]) -> None:
    """CMD-12, CMD-13."""
    async with scene(cpo_database_url) as (_, ems, _station):
        started = await ems.start(**body)

    assert started.code == (200, 2003)


async def test_a_token_of_another_emsp_is_refused(cpo_database_url: str) -> None:
    """CMD-10."""
    async with scene(cpo_database_url) as (_, ems, station):
        started = await ems.start(token=APP_USER | {"party_id": "OTH"})

    assert started.code == (200, 2001)
    assert not station.asked(START["1.6"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_silent_station_is_a_timeout_in_time_and_its_late_start_still_counts(
    cpo_database_url: str, version: str
) -> None:
    """CMD-24."""
    async with scene(cpo_database_url, version=version, command_timeout=1.0) as (_, ems, station):
        station.silent.add(START[version])
        started = await ems.start()
        result = await asyncio.wait_for(started.result(), 1.5)
        await plugged_in(station)
        session = await ems.session("ACTIVE")

    assert started.answer["data"]["timeout"] == 1
    assert result == "TIMEOUT"
    assert (session["cdr_token"]["uid"], session["auth_method"]) == (APP_USER["uid"], "COMMAND")


async def test_a_station_that_goes_away_meanwhile_is_a_timeout(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        station.silent.add(START["1.6"])
        started = await ems.start()
        await station.expect(START["1.6"])
        station.drop()

        assert await started.result() == "TIMEOUT"


async def test_two_starts_at_one_evse_are_not_both_sent(cpo_database_url: str) -> None:
    """CMD-27."""
    async with scene(cpo_database_url, command_timeout=2.0) as (_, ems, station):
        station.silent.add(START["1.6"])
        both = await asyncio.gather(ems.start(), ems.start(token=CARD))
        await station.expect(START["1.6"])

        assert sorted(each.response for each in both) == ["ACCEPTED", "REJECTED"]
        assert len(station.asked(START["1.6"])) == 1


async def test_the_same_start_again_is_the_same_session(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        await (await ems.start()).result()
        await (await ems.start()).result()
        first, second = station.asked(START["1.6"])
        await plugged_in(station)
        session = await ems.session("ACTIVE")

    assert first["id_tag"] == second["id_tag"]
    assert {each["id"] for each in ems.sessions()} == {session["id"]}


async def test_only_its_own_partner_stops_a_session(cpo_database_url: str) -> None:
    """CMD-14."""
    async with scene(cpo_database_url) as (cpo, ems, station):
        session, _ = await charging(ems, station)
        async with emsp(cpo, name="other", roles="FR/OTH/EMSP") as other:
            theirs = await other.command("STOP_SESSION", session_id=session["id"])
        unknown = await ems.command("STOP_SESSION", session_id="no-such-session")

    assert (theirs.code, theirs.response) == ((200, 1000), "UNKNOWN_SESSION")
    assert unknown.response == "UNKNOWN_SESSION"
    assert not station.asked(STOP["1.6"])


# --- UNLOCK_CONNECTOR ----------------------------------------------------------------------------

UNLOCKS = {
    "unlocked": ("1.6", "Unlocked", "ACCEPTED"),
    "stuck": ("1.6", "UnlockFailed", "FAILED"),
    "without a lock": ("1.6", "NotSupported", "NOT_SUPPORTED"),
    "unlocked in 2.0.1": ("2.0.1", "Unlocked", "ACCEPTED"),
    "stuck in 2.0.1": ("2.0.1", "UnlockFailed", "FAILED"),
    "unknown": ("2.0.1", "UnknownConnector", "REJECTED"),
    "in use": ("2.0.1", "OngoingAuthorizedTransaction", "REJECTED"),
}


@pytest.mark.parametrize(("version", "status", "result"), UNLOCKS.values(), ids=UNLOCKS)
async def test_unlocking_says_what_the_station_did(
    cpo_database_url: str, version: str, status: str, result: str
) -> None:
    async with scene(cpo_database_url, version=version) as (_, ems, station):
        station.answers["UnlockConnector"] = {"status": status}
        asked = await ems.command("UNLOCK_CONNECTOR", **UNLOCK)

        assert (asked.response, await asked.result()) == ("ACCEPTED", result)
        assert (await station.expect("UnlockConnector"))["connector_id"] == 1


async def test_nobody_unlocks_the_cable_of_another_emsps_driver(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (cpo, ems, station):
        await charging(ems, station)
        async with emsp(cpo, name="other", roles="FR/OTH/EMSP") as other:
            asked = await other.command("UNLOCK_CONNECTOR", **UNLOCK)

    assert asked.response == "REJECTED"
    assert not station.asked("UnlockConnector")


# --- results on their way ------------------------------------------------------------------------


async def test_a_result_is_the_bare_object_at_exactly_the_response_url(
    cpo_database_url: str,
) -> None:
    """CMD-04, CMD-05."""
    async with scene(cpo_database_url) as (_, ems, _station):
        started = await ems.start()
        await started.result()

    (posted,) = started.results()
    assert posted.path == started.path
    assert posted.json == {"result": "ACCEPTED"}
    assert posted.routing() == ("NL/CPO", "DE/EMS")


async def test_a_result_that_was_not_taken_is_brought_again(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (cpo, ems, _):
        refusals = iter(range(2))

        async def busy(heard: Received) -> Any:
            refused = heard.path.startswith("/results") and next(refusals, None) is not None
            return envelope(None, 3000, http_status=500) if refused else None

        ems.party.answer = busy
        started = await ems.start()
        await eventually(lambda: len(started.results()) == 3)

        async def told() -> bool:
            return await _state(cpo) == ("told", 3)

        await eventually(told)


async def test_a_result_that_nobody_takes_is_given_up(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (cpo, ems, _):
        ems.party.say(lambda: envelope(None, 3000, http_status=500), below="/results")
        started = await ems.start()
        await started.whole_result()
        async with cpo.db.hot() as conn:
            await conn.execute("UPDATE commands SET attempts = 5, next_at = now()")

        async def given_up() -> bool:
            return await _state(cpo) == ("given_up", 6)

        await eventually(given_up)


async def test_a_slow_partner_delays_nobody_elses_result(cpo_database_url: str) -> None:
    async with (
        scene(cpo_database_url) as (cpo, ems, _),
        emsp(cpo, name="other", roles="FR/OTH/EMSP") as slow,
    ):
        slow.party.answer = slow.party.never
        await slow.command("UNLOCK_CONNECTOR", **UNLOCK)
        await eventually(lambda: bool(slow.party.of("POST", "/results")))
        started = await ems.start()

        assert await asyncio.wait_for(started.result(), 3) == "ACCEPTED"


async def test_after_a_restart_those_that_wait_hear_timeout(cpo_database_url: str) -> None:
    async with scene(cpo_database_url, command_timeout=2.0) as (cpo, ems, station):
        started = await ems.start()
        await started.result()
        # As kill -9 leaves it: the station was asked, nobody waits for its answer.
        async with cpo.db.hot() as conn:
            await conn.execute(
                "UPDATE commands SET state = 'waiting', result = NULL, next_at = NULL, attempts = 0"
            )
        ems.party.received.clear()
        station.drop()
        await cpo.stop()
        await cpo.start()

        assert await started.result() == "TIMEOUT"
