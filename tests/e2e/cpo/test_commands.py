"""What an eMSP behind the hub asks of a station: reservations, unlocking, charging profiles.

Every case of each, and both versions, are in tests/cpo_adapter.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.cpo_adapter.running import APP_USER, Command, Emsp, charging
from tests.e2e.cpo.process import CpoProcess

VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])
PROFILE = {
    "charging_rate_unit": "A",
    "charging_profile_period": [
        {"start_period": 0, "limit": 16},
        {"start_period": 900, "limit": 8},
    ],
}
# What a station is asked by, in the words of its version.
SCHEDULES: dict[str, dict[str, Any]] = {
    "1.6": {
        "status": "Accepted",
        "connector_id": 1,
        "schedule_start": "2026-03-01T12:00:00Z",
        "charging_schedule": {
            "duration": 600,
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": 16.0}],
        },
    },
    "2.0.1": {
        "status": "Accepted",
        "schedule": {
            "evse_id": 1,
            "duration": 600,
            "schedule_start": "2026-03-01T12:00:00Z",
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": 16.0}],
        },
    },
}


async def reserve(ems: Emsp, seconds: float = 600) -> Command:
    """R1 at EVSE1 for the app's driver."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    return await ems.command(
        "RESERVE_NOW",
        token=APP_USER,
        location_id="LOC1",
        evse_uid="EVSE1",
        reservation_id="R1",
        expiry_date=until.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    )


def reserved_as(asked: dict[str, Any]) -> tuple[int, str]:
    """The number and the token that a station is to wait for."""
    if "reservation_id" in asked:
        return int(asked["reservation_id"]), str(asked["id_tag"])
    return int(asked["id"]), str(asked["id_token"]["id_token"])


async def outcome(command: Command) -> tuple[str, str]:
    """What it was answered at once, and what came of it."""
    return command.response, await command.result()


async def test_a_reservation_is_used_and_billed(cpo: CpoProcess, behind: Emsp) -> None:
    async with cpo.station(version="2.0.1") as station:
        reserved = await outcome(await reserve(behind))
        number, tag = reserved_as(await station.expect("ReserveNow"))
        held = await behind.session("RESERVATION")
        transaction = await station.start(tag, meter=0, reservation_id=number)
        active = await behind.session("ACTIVE")
        await station.stop(transaction, 6_000)
        cdr = await behind.cdr()

    assert reserved == ("ACCEPTED", "ACCEPTED")
    assert held["id"] == active["id"] == cdr["session_id"]
    assert cdr["total_energy"] == Decimal(6)


async def test_a_reservation_is_cancelled(cpo: CpoProcess, behind: Emsp) -> None:
    async with cpo.station() as station:
        await outcome(await reserve(behind))
        number, _ = reserved_as(await station.expect("ReserveNow"))
        # A reservation's id alone does not tell a hub whose it is.
        asking = await behind.command("CANCEL_RESERVATION", to="NL/CPO", reservation_id="R1")
        cancelled = await outcome(asking)
        asked = await station.expect("CancelReservation")
        done = await behind.session("COMPLETED")

    assert cancelled == ("ACCEPTED", "ACCEPTED")
    assert asked["reservation_id"] == number
    assert done["kwh"] == 0


async def test_a_reservation_expires(cpo: CpoProcess, behind: Emsp) -> None:
    async with cpo.station() as station:
        reserved = await outcome(await reserve(behind, seconds=3))
        await station.status("Reserved")
        await behind.session("COMPLETED")
        await station.status("Available")
        again = await outcome(await reserve(behind))

    assert reserved == again == ("ACCEPTED", "ACCEPTED")


async def test_a_connector_is_unlocked(cpo: CpoProcess, behind: Emsp) -> None:
    async with cpo.station(version="2.0.1") as station:
        unlocked = await behind.command(
            "UNLOCK_CONNECTOR", location_id="LOC1", evse_uid="EVSE2", connector_id="1"
        )
        result = await outcome(unlocked)
        asked = await station.expect("UnlockConnector")

    assert result == ("ACCEPTED", "ACCEPTED")
    assert asked == {"evse_id": 2, "connector_id": 1}


@VERSIONS
async def test_a_charging_profile_is_set_read_and_cleared(
    cpo: CpoProcess, behind: Emsp, version: str
) -> None:
    async with cpo.station(version=version) as station:
        station.answers["GetCompositeSchedule"] = SCHEDULES[version]
        session, _ = await charging(behind, station)
        put = await behind.profile("PUT", session["id"], {"charging_profile": PROFILE})
        were_set = await outcome(put)
        await station.expect("SetChargingProfile")
        got = await behind.profile("GET", session["id"], query="duration=600")
        read = await got.whole_result()
        cleared = await outcome(await behind.profile("DELETE", session["id"]))
        await station.expect("ClearChargingProfile")

    assert were_set == cleared == ("ACCEPTED", "ACCEPTED")
    assert (got.response, read["result"]) == ("ACCEPTED", "ACCEPTED")
    (period,) = read["profile"]["charging_profile"]["charging_profile_period"]
    assert period == {"start_period": 0, "limit": Decimal(16)}
