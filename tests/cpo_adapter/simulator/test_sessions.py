"""Sessions at a simulated station, as a central system hears them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cpo_adapter.simulator.central import Central
from tests.cpo_adapter.simulator.conftest import Play
from tests.cpo_adapter.simulator.steps import BOOT, CARD, PLUG, SWIPE, charge


async def test_a_station_shows_its_key_and_boots(central: Central, play: Play) -> None:
    async with play():
        await central.word("Available")

    assert central.credentials == ["SIM001:secret"]
    assert central.heard[0][0] == "BootNotification"


async def test_a_card_session_goes_from_plug_to_unplug(central: Central, play: Play) -> None:
    async with play(BOOT, PLUG, SWIPE, charge(60), SWIPE, {"do": "unplug"}):
        started, ended = await central.part("Started"), await central.part("Ended")
        await central.until(lambda: _words(central)[-1:] == ["Available"])

    assert central.payloads("Authorize")
    assert _token(started.payload) == _token(ended.payload) == CARD
    assert _words(central) == _expected_words(central)
    assert ended.watt_hours > started.watt_hours


async def test_energy_is_power_times_time(central: Central, play: Play) -> None:
    async with play(BOOT, PLUG, SWIPE, charge(100), {"do": "stop"}):
        started, ended = await central.part("Started"), await central.part("Ended")

    expected = 22_000 * (ended.at - started.at) / timedelta(hours=1)
    assert ended.watt_hours - started.watt_hours == pytest.approx(expected, abs=1)


async def test_the_register_never_falls_and_samples_come_between(
    central: Central, play: Play
) -> None:
    async with play(BOOT, PLUG, SWIPE, charge(240), {"do": "stop"}):
        await central.part("Ended")

    registers = [part.watt_hours for part in central.parts]
    assert registers == sorted(registers)
    assert len(registers) >= 4


async def test_a_remote_start_charges_what_is_plugged_in_later(
    central: Central, play: Play
) -> None:
    async with play({"do": "remote_start"}, PLUG, charge(60)):
        assert await central.remote_start("APP0001") == "Accepted"
        started = await central.part("Started")
        updated = await central.part("Updated")
        assert updated.transaction_id is not None
        assert await central.remote_stop(updated.transaction_id) == "Accepted"
        ended = await central.part("Ended")

    assert _token(started.payload) == "APP0001"
    assert not central.payloads("Authorize")
    assert _reason(ended.payload) == "Remote"


async def test_a_remote_start_in_2_0_1_is_named_by_its_number(central: Central, play: Play) -> None:
    async with play({"do": "remote_start"}, PLUG):
        await central.remote_start("APP0001")
        started = await central.part("Started")

    assert started.payload.get("transactionInfo", {}).get("remoteStartId", 77) == 77


async def test_a_remote_stop_of_another_transaction_is_rejected(
    central: Central, play: Play
) -> None:
    async with play(BOOT, PLUG, SWIPE):
        await central.part("Started")
        assert await central.remote_stop("99") == "Rejected"


async def test_a_blocked_card_does_not_charge(central: Central, play: Play) -> None:
    central.blocked.add(CARD)
    async with play(BOOT, PLUG, SWIPE) as playing:
        await playing.told.until("token is refused")

    assert not central.parts


async def test_a_start_that_is_refused_ends_at_once(central: Central, play: Play) -> None:
    central.blocked.add("APP0001")
    async with play({"do": "remote_start"}, PLUG):
        await central.remote_start("APP0001")
        ended = await central.part("Ended")

    assert _reason(ended.payload) == "DeAuthorized"


async def test_a_reservation_is_kept_for_its_driver_and_used_up(
    central: Central, play: Play
) -> None:
    expires_at = datetime.now(UTC) + timedelta(minutes=5)
    async with play(charge(60), PLUG, {"do": "swipe", "uid": "OTHER"}, SWIPE):
        assert await central.reserve(12, CARD, expires_at) == "Accepted"
        await central.word("Reserved")
        started = await central.part("Started")

    assert _token(started.payload) == CARD
    assert started.payload["reservationId"] == 12


async def test_a_reservation_can_be_cancelled_once(central: Central, play: Play) -> None:
    expires_at = datetime.now(UTC) + timedelta(minutes=5)
    async with play():
        await central.reserve(12, CARD, expires_at)
        assert [await central.cancel(12), await central.cancel(12)] == ["Accepted", "Rejected"]
        await central.until(lambda: _words(central)[-2:] == ["Reserved", "Available"])


async def test_a_reservation_expires(central: Central, play: Play) -> None:
    async with play():
        await central.reserve(12, CARD, datetime.now(UTC) + timedelta(seconds=0.5))
        await central.until(lambda: _words(central)[-2:] == ["Reserved", "Available"])


async def test_what_happens_offline_is_replayed_in_order_without_a_boot(
    central: Central, play: Play
) -> None:
    steps = (BOOT, PLUG, SWIPE, charge(150), {"do": "drop"}, charge(150), {"do": "stop"})
    async with play(*steps, {"do": "unplug"}, charge(100), {"do": "return"}):
        ended = await central.part("Ended")
        back_at = datetime.now(UTC)

    moments = [part.at for part in central.parts]
    assert central.connections == 2
    assert len(central.payloads("BootNotification")) == 1
    assert moments == sorted(moments)
    assert back_at - ended.at > timedelta(seconds=0.8)
    assert [part.kind for part in central.parts].count("Started") == 1
    assert ended.transaction_id == _last_named(central)


async def test_a_session_that_is_all_offline_is_replayed_whole(
    central: Central, play: Play
) -> None:
    central.blocked.add("UNKNOWN")
    swipe = {"do": "swipe", "uid": "UNKNOWN"}
    steps = (BOOT, {"do": "drop"}, PLUG, swipe, charge(120), {"do": "stop"}, {"do": "return"})
    async with play(*steps):
        await central.part("Ended")

    kinds = [part.kind for part in central.parts]
    assert (kinds[0], kinds[-1]) == ("Started", "Ended")
    assert kinds.count("Started") == kinds.count("Ended") == 1


async def test_a_profile_lowers_the_power(central: Central, play: Play) -> None:
    async with play(BOOT, PLUG, SWIPE):
        before = await central.part("Updated")
        assert before.transaction_id is not None
        assert await central.limit(6_900, before.transaction_id) == "Accepted"
        heard = len(central.parts)
        await central.until(lambda: len(central.parts) >= heard + 3)

    first, *_, last = central.parts[heard + 1 :]
    expected = 6_900 * (last.at - first.at) / timedelta(hours=1)
    assert last.watt_hours - first.watt_hours == pytest.approx(expected, abs=1)


async def test_a_profile_of_nothing_suspends(central: Central, play: Play) -> None:
    async with play(BOOT, PLUG, SWIPE) as playing:
        before = await central.part("Updated")
        assert before.transaction_id is not None
        await central.limit(0, before.transaction_id)
        await playing.told.until("waits for power")


async def test_a_profile_for_no_transaction_is_rejected(central: Central, play: Play) -> None:
    async with play():
        assert await central.limit(6_900, "1") == "Rejected"


async def test_a_full_vehicle_stays_parked(central: Central, play: Play) -> None:
    almost_full = {**PLUG, "battery_kwh": 2, "charged": 98}
    async with play(BOOT, almost_full, SWIPE) as playing:
        full = await playing.told.until("is full and stays parked")
        await central.until(lambda: len(central.parts) > 3)

    metered = {part.watt_hours for part in central.parts if part.at > full.at}
    assert len(metered) == 1


async def test_a_fault_ends_the_session_and_is_mended(central: Central, play: Play) -> None:
    fault, recover = {"do": "fault", "error": "GroundFailure"}, {"do": "recover"}
    async with play(BOOT, PLUG, SWIPE, charge(60), fault, charge(30), recover, {"do": "unplug"}):
        faulted = await central.word("Faulted")
        ended = await central.part("Ended")
        await central.until(lambda: _words(central)[-1:] == ["Available"])

    assert faulted.get("errorCode", "GroundFailure") == "GroundFailure"
    assert _reason(ended.payload) == "Other"


async def test_stopping_closes_what_is_open(central: Central, play: Play) -> None:
    async with play(BOOT, PLUG, SWIPE) as playing:
        await central.part("Updated")
        playing.stop.set()
        await playing.done

    assert central.parts[-1].kind == "Ended"
    assert _words(central)[-1] == "Available"


def _words(central: Central) -> list[str]:
    words = [
        payload.get("connectorStatus") or payload["status"]
        for payload in central.payloads("StatusNotification")
        if payload.get("evseId", payload["connectorId"]) == 1
    ]
    return [str(word) for word in words]


def _expected_words(central: Central) -> list[str]:
    if central.version == "1.6":
        return ["Available", "Preparing", "Charging", "Finishing", "Available"]
    return ["Available", "Occupied", "Available"]


def _token(payload: dict[str, Any]) -> str:
    found = payload["idTag"] if "idTag" in payload else payload["idToken"]["idToken"]
    return str(found)


def _reason(payload: dict[str, Any]) -> str:
    return str(payload.get("reason") or payload["transactionInfo"]["stoppedReason"])


def _last_named(central: Central) -> str | None:
    return next(part.transaction_id for part in central.parts if part.kind == "Updated")
