"""Charging profiles and preferences of an eMSP, at a station that charges its session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.chargers import Charger
from tests.cpo_adapter.running import (
    CORE_ONLY,
    Adapter,
    Command,
    Emsp,
    adapter,
    charging,
    emsp,
    scene,
)
from tests.partners import data_of, eventually, status

VERSIONS = ("1.6", "2.0.1")
PROFILE = {
    "charging_rate_unit": "A",
    "min_charging_rate": Decimal("6.5"),
    "charging_profile_period": [
        {"start_period": 0, "limit": Decimal("16.5")},
        {"start_period": 900, "limit": 8},
    ],
}
SCHEDULES: dict[str, dict[str, Any]] = {
    "1.6": {
        "status": "Accepted",
        "connector_id": 1,
        "schedule_start": "2026-03-01T12:00:00Z",
        "charging_schedule": {
            "duration": 600,
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": 10.5}],
        },
    },
    "2.0.1": {
        "status": "Accepted",
        "schedule": {
            "evse_id": 1,
            "duration": 600,
            "schedule_start": "2026-03-01T12:00:00Z",
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": 10.5}],
        },
    },
}
ACTIVE = {
    "start_date_time": "2026-03-01T12:00:00.000Z",
    "charging_profile": {
        "duration": 600,
        "charging_rate_unit": "A",
        "charging_profile_period": [{"start_period": 0, "limit": Decimal("10.5")}],
    },
}


async def _set(ems: Emsp, session_id: str, **profile: Any) -> Command:
    return await ems.profile("PUT", session_id, {"charging_profile": PROFILE | profile})


def _sent(asked: dict[str, Any], version: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A profile as the station received it, and its schedule."""
    if version == "1.6":
        profile = asked["cs_charging_profiles"]
        return profile, profile["charging_schedule"]
    profile = asked["charging_profile"]
    return profile, profile["charging_schedule"][0]


async def _prefer(ems: Emsp, session_id: str, **preferences: Any) -> Any:
    return await ems.party.call(
        "PUT", "sender", "sessions", f"{session_id}/charging_preferences", preferences
    )


def _hours(hours: float) -> str:
    at = datetime.now(UTC) + timedelta(hours=hours)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


# --- profiles ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_profile_is_set_replaced_and_cleared(cpo_database_url: str, version: str) -> None:
    """CHP-03, CHP-04, CHP-08."""
    async with scene(cpo_database_url, version=version) as (_, ems, station):
        session, transaction = await charging(ems, station)
        put = await _set(ems, session["id"])
        taken = (put.response, await put.whole_result())
        again = await _set(ems, session["id"], charging_rate_unit="W", duration=3600)
        await again.result()
        cleared = await ems.profile("DELETE", session["id"])
        gone = (cleared.response, await cleared.whole_result())
        asked = station.asked("SetChargingProfile")
        clearing = await station.expect("ClearChargingProfile")

    (first, schedule), (second, _) = (_sent(each, version) for each in asked)
    assert taken == gone == ("ACCEPTED", {"result": "ACCEPTED"})
    assert first["charging_profile_purpose"] == "TxProfile"
    assert str(first["transaction_id"]) == str(transaction.id)
    assert schedule["charging_rate_unit"] == "A"
    assert schedule["min_charging_rate"] == 6.5
    periods = [
        (each["start_period"], each["limit"]) for each in schedule["charging_schedule_period"]
    ]
    assert periods == [(0, 16.5), (900, 8)]
    number = "charging_profile_id" if version == "1.6" else "id"
    key = "id" if version == "1.6" else "charging_profile_id"
    assert first[number] == second[number] == clearing[key]


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_a_station_will_do_is_read(cpo_database_url: str, version: str) -> None:
    async with scene(cpo_database_url, version=version) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        station.answers["GetCompositeSchedule"] = SCHEDULES[version]
        got = await ems.profile("GET", session["id"], query="duration=600")
        result = await got.whole_result()
        asked = await station.expect("GetCompositeSchedule")

    assert got.response == "ACCEPTED"
    assert result == {"result": "ACCEPTED", "profile": ACTIVE}
    assert asked["duration"] == 600


REFUSED = {
    "set": ("PUT", "SetChargingProfile", {"status": "Rejected"}, "REJECTED"),
    "read": ("GET", "GetCompositeSchedule", {"status": "Rejected"}, "REJECTED"),
    "cleared, though forgotten": (
        "DELETE",
        "ClearChargingProfile",
        {"status": "Unknown"},
        "UNKNOWN",
    ),
}


@pytest.mark.parametrize(("method", "action", "answer", "result"), REFUSED.values(), ids=REFUSED)
async def test_what_a_station_will_not_do_is_its_result(
    cpo_database_url: str, method: str, action: str, answer: dict[str, Any], result: str
) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        await (await _set(ems, session["id"])).result()
        station.answers[action] = answer
        body = {"charging_profile": PROFILE} if method == "PUT" else None
        query = "duration=600" if method == "GET" else ""
        asked = await ems.profile(method, session["id"], body, query)

        assert await asked.whole_result() == {"result": result}


async def test_a_session_without_a_profile_has_none_to_clear(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        cleared = await ems.profile("DELETE", session["id"])

        assert (cleared.response, await cleared.result()) == ("ACCEPTED", "UNKNOWN")
        assert not station.asked("ClearChargingProfile")


async def test_a_silent_station_has_rejected_the_profile(cpo_database_url: str) -> None:
    """There is no TIMEOUT among the results of a profile."""
    async with scene(cpo_database_url, command_timeout=1.0) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        station.silent.add("SetChargingProfile")

        assert await (await _set(ems, session["id"])).result() == "REJECTED"


async def test_nobody_touches_the_session_of_another_emsp(cpo_database_url: str) -> None:
    async with (
        scene(cpo_database_url) as (cpo, ems, station),
        emsp(cpo, name="other", roles="FR/OTH/EMSP") as other,
    ):
        session, _transaction = await charging(ems, station)
        theirs = await _set(other, session["id"])
        unknown = await _set(ems, "no-such-session")

    assert theirs.response == unknown.response == "UNKNOWN_SESSION"
    assert not station.asked("SetChargingProfile")


async def test_a_station_without_smart_charging_is_not_supported(cpo_database_url: str) -> None:
    async with (
        adapter(cpo_database_url) as cpo,
        emsp(cpo) as ems,
        cpo.station(answers=CORE_ONLY) as station,
    ):
        session, _transaction = await charging(ems, station)
        put = await _set(ems, session["id"])

    assert put.response == "NOT_SUPPORTED"


async def test_more_than_twelve_requests_a_minute_are_too_often(cpo_database_url: str) -> None:
    """CHP-10."""
    async with scene(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        answers = [(await _set(ems, session["id"])).response for _ in range(13)]

    assert answers == ["ACCEPTED"] * 12 + ["TOO_OFTEN"]


BAD = {
    "no periods": {"charging_profile_period": []},
    "a first period that is late": {"charging_profile_period": [{"start_period": 5, "limit": 8}]},
    "a limit below nothing": {"charging_profile_period": [{"start_period": 0, "limit": -1}]},
}


@pytest.mark.parametrize("profile", BAD.values(), ids=BAD)
async def test_a_profile_that_cannot_be_is_2001(
    cpo_database_url: str, profile: dict[str, Any]
) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        put = await _set(ems, session["id"], **profile)

    assert put.answer["status_code"] == 2001


async def test_a_read_without_its_duration_is_2001(cpo_database_url: str) -> None:
    """CHP-01."""
    async with scene(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        got = await ems.profile("GET", session["id"])

    assert got.answer["status_code"] == 2001


# --- after a restart of the station --------------------------------------------------------------


async def test_a_station_that_boots_is_sent_its_profiles_again(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        await (await _set(ems, session["id"])).result()
        await station.boot()
        await eventually(lambda: len(station.asked("SetChargingProfile")) == 2)
        first, second = station.asked("SetChargingProfile")

    assert first == second
    # It charges as the partner wished: there is no news.
    assert not ems.party.of("PUT", "/sender/chargingprofiles")


async def test_a_profile_that_is_lost_is_told_to_its_partner(cpo_database_url: str) -> None:
    """CHP-05, CHP-06."""
    async with scene(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        await (await _set(ems, session["id"])).result()
        station.answers["SetChargingProfile"] = {"status": "Rejected"}
        station.answers["GetCompositeSchedule"] = {"status": "Rejected"}
        await station.boot()
        told = await _update(ems, session["id"])

    assert told["charging_profile"] == {
        "charging_rate_unit": "W",
        "charging_profile_period": [{"start_period": 0, "limit": 22000}],
    }


async def test_a_change_by_the_sites_limit_is_told_to_who_has_set_a_profile(
    cpo_database_url: str,
) -> None:
    """CHP-05: and to nobody else."""
    async with scene(cpo_database_url) as (cpo, ems, station):
        station.answers["GetCompositeSchedule"] = SCHEDULES["1.6"]
        session, _transaction = await charging(ems, station)
        await _limit(cpo, 15_000)
        await eventually(lambda: len(station.asked("SetChargingProfile")) == 1)
        before = ems.party.of("PUT", "/sender/chargingprofiles")
        await (await _set(ems, session["id"])).result()
        await _limit(cpo, 9_000)
        told = await _update(ems, session["id"])

    assert not before
    assert told == ACTIVE


async def _limit(cpo: Adapter, watts: int) -> None:
    async with cpo.db.hot() as conn:
        await conn.execute("UPDATE locations SET limit_watts = %s", (watts,))


async def _update(ems: Emsp, session_id: str) -> dict[str, Any]:
    path = f"/sender/chargingprofiles/{session_id}"
    await eventually(lambda: bool(ems.party.of("PUT", path)))
    return dict(ems.party.of("PUT", path)[-1].json)


# --- charging preferences ------------------------------------------------------------------------

ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "fast": ({"profile_type": "FAST"}, "ACCEPTED"),
    "cheap by when": ({"profile_type": "CHEAP", "energy_need": 10}, "DEPARTURE_REQUIRED"),
    "green how much": (
        {"profile_type": "GREEN", "departure_time": _hours(2)},
        "ENERGY_NEED_REQUIRED",
    ),
    "more than can be": (
        {"profile_type": "REGULAR", "departure_time": _hours(1), "energy_need": 50},
        "NOT_POSSIBLE",
    ),
    "gone already": ({"profile_type": "FAST", "departure_time": _hours(-1)}, "NOT_POSSIBLE"),
}


@pytest.mark.parametrize(("preferences", "answer"), ANSWERS.values(), ids=ANSWERS)
async def test_preferences_are_answered(
    cpo_database_url: str, preferences: dict[str, Any], answer: str
) -> None:
    async with _preferring(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        said = await _prefer(ems, session["id"], **preferences)

    assert (status(said), data_of(said)) == ((200, 1000), answer)


async def test_green_charging_is_spread_until_the_departure(cpo_database_url: str) -> None:
    async with _preferring(cpo_database_url) as (cpo, ems, station):
        session, _transaction = await charging(ems, station)
        green = {"profile_type": "GREEN", "departure_time": _hours(4), "energy_need": 20}
        said = await _prefer(ems, session["id"], **green)
        asked = await station.expect("SetChargingProfile")
        await _until_kept(cpo)
        fast = await _prefer(ems, session["id"], profile_type="FAST")
        await station.expect("ClearChargingProfile")

    _profile, schedule = _sent(asked, "1.6")
    (period,) = schedule["charging_schedule_period"]
    assert data_of(said) == data_of(fast) == "ACCEPTED"
    assert schedule["charging_rate_unit"] == "W"
    # 20 kWh in 4 hours, and a tenth more, as a vehicle takes less than it is offered.
    assert 5500 <= period["limit"] <= 5510


async def test_a_preference_never_overrides_the_partners_own_profile(cpo_database_url: str) -> None:
    async with _preferring(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        await (await _set(ems, session["id"])).result()
        green = {"profile_type": "GREEN", "departure_time": _hours(4), "energy_need": 20}
        said = await _prefer(ems, session["id"], **green)
        await asyncio.sleep(0.3)

    assert data_of(said) == "ACCEPTED"
    assert len(station.asked("SetChargingProfile")) == 1


async def test_a_station_that_cannot_charge_slower_does_not_support_green(
    cpo_database_url: str,
) -> None:
    async with (
        adapter(cpo_database_url) as cpo,
        emsp(cpo) as ems,
        cpo.station(answers=CORE_ONLY) as station,
    ):
        await cpo.can("EVSE1", "CHARGING_PREFERENCES_CAPABLE")
        session, _transaction = await charging(ems, station)
        green = {"profile_type": "GREEN", "departure_time": _hours(4), "energy_need": 20}
        said = await _prefer(ems, session["id"], **green)

    assert data_of(said) == "PROFILE_TYPE_NOT_SUPPORTED"


async def test_preferences_where_none_are_taken_are_404(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        session, _transaction = await charging(ems, station)
        not_here = await _prefer(ems, session["id"], profile_type="FAST")
        nowhere = await _prefer(ems, "no-such-session", profile_type="FAST")

    assert status(not_here) == status(nowhere) == (404, 2001)


@asynccontextmanager
async def _preferring(database_url: str) -> AsyncIterator[tuple[Adapter, Emsp, Charger]]:
    """EVSE1 takes preferences."""
    async with scene(database_url) as (cpo, ems, station):
        await cpo.can("EVSE1", "CHARGING_PREFERENCES_CAPABLE")
        yield cpo, ems, station


async def _until_kept(cpo: Adapter) -> None:
    async def kept() -> bool:
        return await cpo.row("SELECT state FROM charging_profiles") == ("sent",)

    await eventually(kept)
