"""RESERVE_NOW and CANCEL_RESERVATION, and what becomes of reservations afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import samples
from tests.cpo_adapter.running import (
    APP_USER,
    CORE_ONLY,
    Adapter,
    Command,
    Emsp,
    adapter,
    emsp,
    plugged_in,
    scene,
)
from tests.partners import eventually
from tests.pricing.cases import element, tariff

VERSIONS = ("1.6", "2.0.1")
# Dear, so that seconds cost something.
PRICED = tariff(
    [
        element("TIME 36000.00", reservation="RESERVATION_EXPIRES"),
        element("TIME 18000.00", reservation="RESERVATION"),
        element("ENERGY 0.30"),
    ]
)
CARD = samples.token(uid="04AABBCCDDEE11")


def _in(seconds: float) -> str:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def _reserve(ems: Emsp, *, seconds: float = 600, **body: Any) -> Command:
    """R1 at EVSE1 for the app's driver."""
    wanted = {
        "token": APP_USER,
        "location_id": "LOC1",
        "evse_uid": "EVSE1",
        "reservation_id": "R1",
        "expiry_date": _in(seconds),
    }
    return await ems.command("RESERVE_NOW", **(wanted | body))


async def _state(cpo: Adapter) -> str:
    row = await cpo.row("SELECT state FROM reservations ORDER BY started_at DESC LIMIT 1")
    return "" if row is None else str(row[0])


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_operator_takes_a_reservation_back(cpo_database_url: str, version: str) -> None:
    """CMD-20: the partner that reserved hears CANCELED_RESERVATION at the same response_url."""
    async with scene(cpo_database_url, version=version) as (cpo, ems, station):
        reserved = await _reserve(ems)
        assert await reserved.result() == "ACCEPTED"
        row = await cpo.row("SELECT id FROM reservations")
        assert row is not None

        ended = await cpo.parts.reservations.take_back(row[0])
        again = await cpo.parts.reservations.take_back(row[0])

        await eventually(lambda: len(reserved.results()) == 2)
        await station.expect("CancelReservation")
        assert (ended is not None, again) == (True, None)
        assert reserved.results()[1].json["result"] == "CANCELED_RESERVATION"
        assert await _state(cpo) == "cancelled"


def _evse_statuses(ems: Emsp, uid: str = "EVSE1") -> list[str]:
    """What the eMSP was told of an EVSE on its own."""
    start = f"/receiver/locations/NL/CPO/LOC1/{uid}"
    told = ems.party.of("PATCH", start) + ems.party.of("PUT", start)
    return [each.json["status"] for each in told if "status" in each.json]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_reservation_is_used_and_becomes_the_session(
    cpo_database_url: str, version: str
) -> None:
    """CMD-18, CMD-19, SES-06."""
    async with scene(cpo_database_url, version=version) as (cpo, ems, station):
        reserved = await _reserve(ems, authorization_reference="REF1")
        result = (reserved.response, await reserved.result())
        asked = await station.expect("ReserveNow")
        held = await ems.session("RESERVATION")
        await eventually(lambda: "RESERVED" in _evse_statuses(ems))
        number = asked["reservation_id" if version == "1.6" else "id"]
        shown = asked["id_tag"] if version == "1.6" else asked["id_token"]["id_token"]
        await station.start(shown, reservation_id=number)
        active = await ems.session("ACTIVE")
        state = await _state(cpo)

    assert result == ("ACCEPTED", "ACCEPTED")
    assert isinstance(number, int)
    assert 0 < number < 2**31
    assert held["id"] == active["id"]
    assert (active["auth_method"], active["authorization_reference"]) == ("COMMAND", "REF1")
    assert state == "used"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_start_without_the_number_uses_it_too(cpo_database_url: str, version: str) -> None:
    async with scene(cpo_database_url, version=version) as (cpo, ems, station):
        await (await _reserve(ems)).result()
        asked = await station.expect("ReserveNow")
        held = await ems.session("RESERVATION")
        shown = asked["id_tag"] if version == "1.6" else asked["id_token"]["id_token"]
        await station.start(shown)
        active = await ems.session("ACTIVE")

        assert held["id"] == active["id"]
        assert await _state(cpo) == "used"


@pytest.mark.parametrize("version", VERSIONS)
async def test_start_session_where_it_is_reserved_is_the_reserved_session(
    cpo_database_url: str, version: str
) -> None:
    async with scene(cpo_database_url, version=version) as (cpo, ems, station):
        await (await _reserve(ems)).result()
        asked = await station.expect("ReserveNow")
        held = await ems.session("RESERVATION")
        started = await ems.command("START_SESSION", token=APP_USER, location_id="LOC1")
        result = await started.result()
        transaction = await plugged_in(station)
        active = await ems.session("ACTIVE")
        state = await _state(cpo)

    assert result == "ACCEPTED"
    assert transaction.uid == (
        asked["id_tag"] if version == "1.6" else asked["id_token"]["id_token"]
    )
    assert held["id"] == active["id"]
    assert state == "used"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_reservation_is_cancelled(cpo_database_url: str, version: str) -> None:
    async with scene(cpo_database_url, version=version) as (cpo, ems, station):
        await (await _reserve(ems)).result()
        number = (await station.expect("ReserveNow"))[
            "reservation_id" if version == "1.6" else "id"
        ]
        cancelled = await ems.command("CANCEL_RESERVATION", reservation_id="R1")
        result = (cancelled.response, await cancelled.result())
        asked = await station.expect("CancelReservation")
        done = await ems.session("COMPLETED")
        state = await _state(cpo)

    assert result == ("ACCEPTED", "ACCEPTED")
    assert asked["reservation_id"] == number
    assert (done["kwh"], state) == (0, "cancelled")
    # Without a price for it there is nothing to bill.
    assert not ems.party.of("POST", "/receiver/cdrs")


async def test_a_reservation_nobody_used_expires_and_is_billed(cpo_database_url: str) -> None:
    """CMD-19, PRC-20."""
    async with scene(cpo_database_url) as (cpo, ems, _station):
        await cpo.price(PRICED)
        await (await _reserve(ems, seconds=2)).result()
        done = await ems.session("COMPLETED")
        cdr = await ems.cdr()
        state = await _state(cpo)

    assert state == "expired"
    assert cdr["total_energy"] == done["kwh"] == 0
    assert cdr["total_reservation_cost"]["excl_vat"] > 0
    dimensions = {
        each["type"] for period in cdr["charging_periods"] for each in period["dimensions"]
    }
    assert dimensions == {"RESERVATION_TIME"}


async def test_a_broken_evse_is_no_longer_kept(cpo_database_url: str) -> None:
    """CMD-20: where RESERVE_NOW said, and the station lets go of it."""
    async with scene(cpo_database_url) as (cpo, ems, station):
        reserved = await _reserve(ems)
        await reserved.result()
        await station.status("Faulted")
        await eventually(lambda: len(reserved.results()) == 2)
        await ems.session("COMPLETED")
        await station.expect("CancelReservation")
        state = await _state(cpo)

    assert reserved.results()[1].json["result"] == "CANCELED_RESERVATION"
    assert state == "faulted"


@pytest.mark.parametrize(
    ("said", "state", "results"),
    [("Removed", "cancelled", 2), ("Expired", "expired", 1)],
    ids=["removed", "expired"],
)
async def test_a_station_ends_a_reservation_itself(
    cpo_database_url: str, said: str, state: str, results: int
) -> None:
    async with scene(cpo_database_url, version="2.0.1") as (cpo, ems, station):
        reserved = await _reserve(ems)
        await reserved.result()
        number = (await station.expect("ReserveNow"))["id"]
        await station.call(
            "ReservationStatusUpdate", reservation_id=number, reservation_update_status=said
        )
        await ems.session("COMPLETED")
        await eventually(lambda: len(reserved.results()) == results)

        assert await _state(cpo) == state


async def test_the_same_name_again_replaces_it_under_the_same_number(cpo_database_url: str) -> None:
    """CMD-17."""
    async with scene(cpo_database_url) as (cpo, ems, station):
        await (await _reserve(ems)).result()
        held = await ems.session("RESERVATION")
        again = await _reserve(ems, seconds=1200)
        result = await again.result()
        first, second = station.asked("ReserveNow")
        rows = await cpo.row("SELECT count(*) FROM reservations")

    assert result == "ACCEPTED"
    assert first["reservation_id"] == second["reservation_id"]
    assert first["expiry_date"] < second["expiry_date"]
    assert rows == (1,)
    assert {each["id"] for each in ems.sessions()} == {held["id"]}


async def test_one_that_moves_to_another_station_is_let_go_by_the_first(
    cpo_database_url: str,
) -> None:
    async with (
        adapter(cpo_database_url) as cpo,
        emsp(cpo) as ems,
        cpo.station("CS1") as first,
        cpo.station("CS2") as second,
    ):
        await (await _reserve(ems)).result()
        moved = await _reserve(ems, evse_uid="EVSE3")
        result = await moved.result()
        asked = await second.expect("ReserveNow")
        left = await first.expect("CancelReservation")
        session = await _session_at(ems, "EVSE3")

    assert result == "ACCEPTED"
    assert asked["reservation_id"] == left["reservation_id"]
    assert session["status"] == "RESERVATION"
    assert len({each["id"] for each in ems.sessions()}) == 1


async def _session_at(ems: Emsp, evse_uid: str) -> dict[str, Any]:
    def found() -> list[dict[str, Any]]:
        return [each for each in ems.sessions() if each["evse_uid"] == evse_uid]

    await eventually(lambda: bool(found()))
    return found()[-1]


async def test_what_is_reserved_is_not_reserved_twice(cpo_database_url: str) -> None:
    async with (
        scene(cpo_database_url) as (cpo, ems, station),
        emsp(cpo, name="other", roles="FR/OTH/EMSP") as other,
    ):
        await (await _reserve(ems)).result()
        theirs = samples.token(uid="04FF", country_code="FR", party_id="OTH")
        same_name = await _reserve(other, token=theirs)
        anywhere = await _reserve(other, token=theirs, evse_uid=None)
        result = await anywhere.result()
        numbers = [each["reservation_id"] for each in station.asked("ReserveNow")]

    assert same_name.response == "REJECTED"
    assert result == "ACCEPTED"
    assert len(set(numbers)) == 2
    assert station.asked("ReserveNow")[1]["connector_id"] == 2


async def test_two_that_come_at_once_do_not_get_the_same_evse(cpo_database_url: str) -> None:
    async with scene(cpo_database_url) as (_, ems, station):
        both = await asyncio.gather(_reserve(ems), _reserve(ems, reservation_id="R2", token=CARD))
        await station.expect("ReserveNow")

    assert sorted(each.response for each in both) == ["ACCEPTED", "REJECTED"]


async def test_nobody_cancels_what_another_emsp_reserved(cpo_database_url: str) -> None:
    """CMD-18."""
    async with (
        scene(cpo_database_url) as (cpo, ems, station),
        emsp(cpo, name="other", roles="FR/OTH/EMSP") as other,
    ):
        await (await _reserve(ems)).result()
        asked = await other.command("CANCEL_RESERVATION", reservation_id="R1")

        assert (asked.response, await asked.result()) == ("ACCEPTED", "UNKNOWN_RESERVATION")
        assert not station.asked("CancelReservation")


ANSWERS = {
    "in use": ("1.6", "Occupied", "EVSE_OCCUPIED"),
    "broken": ("1.6", "Faulted", "EVSE_INOPERATIVE"),
    "out of service": ("2.0.1", "Unavailable", "EVSE_INOPERATIVE"),
    "it will not": ("2.0.1", "Rejected", "REJECTED"),
}


@pytest.mark.parametrize(("version", "status", "result"), ANSWERS.values(), ids=ANSWERS)
async def test_a_refused_reservation_says_why(
    cpo_database_url: str, version: str, status: str, result: str
) -> None:
    """Bridge rules 4.7."""
    async with scene(cpo_database_url, version=version) as (cpo, ems, station):
        station.answers["ReserveNow"] = {"status": status}
        reserved = await _reserve(ems)

        assert (reserved.response, await reserved.result()) == ("ACCEPTED", result)
        assert await _state(cpo) == "refused"
        assert not ems.sessions()


async def test_an_offline_station_reserves_nothing(cpo_database_url: str) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems:
        assert (await _reserve(ems)).response == "REJECTED"


async def test_a_station_without_reservations_is_not_supported(cpo_database_url: str) -> None:
    async with (
        adapter(cpo_database_url) as cpo,
        emsp(cpo) as ems,
        cpo.station(answers=CORE_ONLY) as station,
    ):
        reserved = await _reserve(ems)

    assert reserved.response == "NOT_SUPPORTED"
    assert not station.asked("ReserveNow")


async def test_a_past_expiry_is_rejected(cpo_database_url: str) -> None:
    """CMD-26."""
    async with scene(cpo_database_url) as (_, ems, _station):
        assert (await _reserve(ems, seconds=-5)).response == "REJECTED"


async def test_one_whose_answer_a_restart_has_lost_is_let_go(cpo_database_url: str) -> None:
    async with scene(cpo_database_url, command_timeout=1.0) as (cpo, ems, station):
        await (await _reserve(ems)).result()
        # As kill -9 leaves it: the station was asked, nobody waits for its answer.
        async with cpo.db.hot() as conn:
            await conn.execute("UPDATE reservations SET state = 'requested', transaction_id = NULL")
        await station.expect("CancelReservation")

        assert await _state(cpo) == "refused"
