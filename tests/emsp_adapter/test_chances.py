"""What a station's page says can be done now is what can be done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emsp_adapter import charging
from tests.emsp_adapter.charging import (
    AT_EVSE1,
    LOCATION,
    ahead,
    heard,
    publish,
    result,
    started,
)
from tests.emsp_adapter.running import Adapter, Cpo, Driver

CAPABLE = ["REMOTE_START_STOP_CAPABLE", "RESERVABLE"]
EVSES = {
    "free": {},
    "reserved": {"status": "RESERVED"},
    "charging": {"status": "CHARGING"},
    "blocked": {"status": "BLOCKED"},
    "out of order": {"status": "OUTOFORDER"},
    "inoperative": {"status": "INOPERATIVE"},
    "unknown": {"status": "UNKNOWN"},
    "cards only": {"capabilities": ["RFID_READER", "RESERVABLE"]},
    "not reservable": {"capabilities": ["REMOTE_START_STOP_CAPABLE"]},
    "no capabilities": {"capabilities": []},
}


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    return await emsp.driver()


@pytest.fixture
async def other(emsp: Adapter) -> Driver:
    return await emsp.driver("bob@drivers.example")


async def told(driver: Driver, language: str = "en") -> dict[str, Any]:
    """EVSE1 as the driver is shown it."""
    headers = {"Accept-Language": language}
    answer = await driver.api.get(f"/locations/{LOCATION}", headers=headers)
    assert answer.status_code == 200, answer.text
    (evse,) = answer.json()["evses"]
    return dict(evse)


async def reserve(driver: Driver) -> int:
    """The status of the answer to a wish for EVSE1."""
    wish = AT_EVSE1 | {"until": ahead(minutes=30)}
    return (await driver.api.post("/reservations", json=wish, timeout=30)).status_code


@pytest.mark.parametrize("evse", EVSES.values(), ids=EVSES)
async def test_what_is_startable_is_started_and_nothing_else(
    partner: Cpo, driver: Driver, evse: dict[str, Any]
) -> None:
    await publish(partner, **evse)
    seen = await told(driver)

    answer = await charging.start(driver)

    assert seen["startable"] is (answer.status_code == 201)
    assert seen["start_refusal"] == answer.json().get("detail")


@pytest.mark.parametrize("evse", EVSES.values(), ids=EVSES)
async def test_what_is_reservable_is_reserved_and_nothing_else(
    partner: Cpo, driver: Driver, evse: dict[str, Any]
) -> None:
    await publish(partner, **evse)
    seen = await told(driver)

    assert seen["reservable"] is (await reserve(driver) == 201)


async def test_what_is_reserved_is_startable_for_who_reserved_it_alone(
    partner: Cpo, driver: Driver, other: Driver
) -> None:
    await publish(partner)
    await reserve(driver)
    await result(partner, heard(partner, "RESERVE_NOW"))
    await publish(partner, status="RESERVED", last_updated=ahead(seconds=0))

    mine, theirs = await told(driver), await told(other)

    assert (mine["startable"], mine["reservable"]) == (True, False)
    assert (theirs["startable"], theirs["reservable"]) == (False, False)
    assert (await charging.start(other)).status_code == 409
    assert (await charging.start(driver)).status_code == 201


async def test_where_somebody_charges_nobody_can_start_though_the_status_is_free_still(
    partner: Cpo, driver: Driver, other: Driver
) -> None:
    await started(partner, other)

    seen, own = await told(driver), await told(other)

    assert (seen["startable"], seen["reservable"]) == (False, False)
    assert seen["start_refusal"] == "The charging point is in use."
    assert own["start_refusal"] == "You are charging at this charging point already."
    assert (await charging.start(driver)).status_code == 409
    assert await reserve(driver) == 409


async def test_why_nothing_can_be_started_is_said_in_the_language_of_the_driver(
    partner: Cpo, driver: Driver
) -> None:
    await publish(partner, status="CHARGING")

    seen = await told(driver, "de")

    assert seen["start_refusal"] == "Der Ladepunkt ist belegt."


async def test_an_app_without_a_driver_is_told_too(emsp: Adapter, partner: Cpo) -> None:
    await publish(partner, status="RESERVED")
    api = await emsp.api(None, scope="locations")

    (evse,) = (await api.get(f"/locations/{LOCATION}")).json()["evses"]

    assert (evse["startable"], evse["reservable"]) == (False, False)
