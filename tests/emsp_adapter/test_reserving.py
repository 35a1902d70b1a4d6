"""Reservations: asked for, confirmed, used, expired, cancelled; and what the CPO is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emsp_adapter import charging
from tests.emsp_adapter.charging import (
    AT_EVSE1,
    LOCATION,
    ahead,
    answers,
    count,
    heard,
    over,
    publish,
    result,
    session,
    tell,
)
from tests.emsp_adapter.running import Adapter, Cpo, Driver
from tests.partners import eventually


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    return await emsp.driver()


async def reserve(driver: Driver, **overrides: Any) -> dict[str, Any]:
    """The answer to the driver's wish for EVSE1."""
    wish = AT_EVSE1 | {"until": ahead(minutes=30)} | overrides
    answer = await driver.api.post("/reservations", json=wish, timeout=30)
    return {"status": answer.status_code, **answer.json()}


async def reservation(driver: Driver) -> dict[str, Any]:
    """The driver's only reservation as it is now."""
    (only,) = (await driver.api.get("/reservations")).json()["reservations"]
    return dict(only)


async def confirmed(partner: Cpo, driver: Driver) -> dict[str, Any]:
    """The RESERVE_NOW of a reservation that the CPO has confirmed."""
    await publish(partner)
    await reserve(driver)
    command = heard(partner, "RESERVE_NOW")
    await result(partner, command)
    return command


async def test_a_reservation_is_asked_for_and_confirmed(partner: Cpo, driver: Driver) -> None:
    await publish(partner)

    made = await reserve(driver)
    command = heard(partner, "RESERVE_NOW")
    await result(partner, command)

    assert (made["status"], made["state"]) == (201, "requested")
    assert command["reservation_id"] == command["authorization_reference"] == made["id"]
    assert (command["location_id"], command["evse_uid"]) == ("LOC1", "EVSE1")
    assert command["expiry_date"] == made["until"]
    now = await reservation(driver)
    assert (now["state"], now["location"]["id"]) == ("confirmed", LOCATION)


async def test_a_reservation_that_is_declined_says_why(partner: Cpo, driver: Driver) -> None:
    await publish(partner)
    answers(partner, result="REJECTED", timeout=0)

    made = await reserve(driver)

    assert (made["state"], made["reason"]) == ("refused", "The operator declined the request.")


async def test_a_station_that_does_not_reserve_says_so_later(partner: Cpo, driver: Driver) -> None:
    await publish(partner)
    await reserve(driver)

    await result(partner, heard(partner, "RESERVE_NOW"), "EVSE_OCCUPIED")

    now = await reservation(driver)
    assert (now["state"], now["reason"]) == ("refused", "The charging point is in use.")


async def test_an_evse_is_reserved_once_by_the_same_driver(partner: Cpo, driver: Driver) -> None:
    await confirmed(partner, driver)

    again = await reserve(driver)

    assert again["status"] == 409
    assert again["detail"] == "You have reserved this charging point already."
    assert count(partner, "RESERVE_NOW") == 1


WITHOUT_A_CHANCE = {
    "not reservable": ({"capabilities": ["REMOTE_START_STOP_CAPABLE"]}, {}, 409),
    "out of order": ({"status": "OUTOFORDER"}, {}, 409),
    "reserved by another": ({"status": "RESERVED"}, {}, 409),
    "in use": ({"status": "CHARGING"}, {}, 409),
    "a moment that has passed": ({}, {"until": "2026-01-01T00:00:00Z"}, 422),
    "next month": ({}, {"until": "2099-01-01T00:00:00Z"}, 422),
    "no such evse": ({}, {"evse_uid": "EVSE9"}, 404),
}


@pytest.mark.parametrize(
    ("evse", "wish", "status"), WITHOUT_A_CHANCE.values(), ids=WITHOUT_A_CHANCE
)
async def test_a_reservation_without_a_chance_is_not_asked_for(
    partner: Cpo, driver: Driver, evse: dict[str, Any], wish: dict[str, Any], status: int
) -> None:
    await publish(partner, **evse)

    made = await reserve(driver, **wish)

    assert made["status"] == status
    assert count(partner, "RESERVE_NOW") == 0


async def test_a_reservation_is_used_when_its_session_becomes_active(
    partner: Cpo, driver: Driver
) -> None:
    """2.2.1 sessions, Reservation: RESERVATION becomes ACTIVE."""
    command = await confirmed(partner, driver)
    await tell(partner, command, status="RESERVATION", kwh=0, charging_periods=[])
    before = await driver.api.get("/charges")

    await partner.put("sessions", "SESSION1", session(command))

    (charge,) = (await driver.api.get("/charges")).json()["charges"]
    assert before.json()["charges"] == []
    assert (charge["state"], charge["source"]) == ("charging", "app")
    assert (await reservation(driver))["state"] == "used"


async def test_who_has_reserved_can_start_there(partner: Cpo, driver: Driver) -> None:
    await confirmed(partner, driver)
    await publish(partner, status="RESERVED", last_updated=ahead(seconds=0))

    answer = await charging.start(driver)
    await tell(partner, heard(partner, "START_SESSION"))

    assert answer.status_code == 201
    assert (await charging.seen(driver, answer.json()["id"]))["state"] == "charging"
    assert (await reservation(driver))["state"] == "used"


async def test_a_reservation_that_ends_unused_is_told(partner: Cpo, driver: Driver) -> None:
    command = await confirmed(partner, driver)
    await tell(partner, command, status="RESERVATION", kwh=0, charging_periods=[])

    await partner.patch("sessions", "SESSION1", over(kwh=0))

    assert (await reservation(driver))["state"] == "expired"
    assert (await driver.api.get("/charges")).json()["charges"] == []
    assert await partner.adapter.row(
        "SELECT kind FROM notifications WHERE driver_id = %s", driver.id
    ) == ("reservation_expired",)


async def test_a_reservation_expires_when_its_time_is_over(partner: Cpo, driver: Driver) -> None:
    await publish(partner)
    await reserve(driver, until=ahead(seconds=1.5))
    await result(partner, heard(partner, "RESERVE_NOW"))

    async def expired() -> bool:
        return bool((await reservation(driver))["state"] == "expired")

    await eventually(expired)


async def test_the_operator_may_cancel_a_reservation_after_it_was_confirmed(
    partner: Cpo, driver: Driver
) -> None:
    """CMD-20."""
    command = await confirmed(partner, driver)

    taken = await result(partner, command, "CANCELED_RESERVATION")

    now = await reservation(driver)
    assert taken == (200, 1000)
    assert (now["state"], now["reason"]) == ("expired", "The operator cancelled the reservation.")


async def test_a_start_that_was_answered_is_no_reservation_to_cancel(
    emsp: Adapter, partner: Cpo, driver: Driver
) -> None:
    """CMD-20."""
    charge = await charging.started(partner, driver)
    command = heard(partner, "START_SESSION")
    await result(partner, command)

    taken = await result(partner, command, "CANCELED_RESERVATION")

    assert taken == (200, 1000)
    assert await emsp.rows("SELECT result FROM commands") == [("ACCEPTED",)]
    assert (await charging.seen(driver, charge["id"]))["state"] == "charging"


async def test_the_driver_cancels_a_reservation(partner: Cpo, driver: Driver) -> None:
    reserved = await confirmed(partner, driver)

    asked = await driver.api.delete(f"/reservations/{reserved['reservation_id']}")
    command = heard(partner, "CANCEL_RESERVATION")
    await result(partner, command)
    again = await driver.api.delete(f"/reservations/{reserved['reservation_id']}")

    assert asked.json()["state"] == "confirmed"
    assert command["reservation_id"] == reserved["reservation_id"]
    assert again.json()["state"] == "cancelled"
    assert count(partner, "CANCEL_RESERVATION") == 1


async def test_another_drivers_reservation_is_not_there(partner: Cpo, driver: Driver) -> None:
    reserved = await confirmed(partner, driver)
    other = await partner.adapter.driver("bob@drivers.example")

    answer = await other.api.delete(f"/reservations/{reserved['reservation_id']}")

    assert answer.status_code == 404
    assert (await other.api.get("/reservations")).json()["reservations"] == []
    assert count(partner, "CANCEL_RESERVATION") == 0
