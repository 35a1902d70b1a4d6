"""Starts at a chosen time: kept over a restart, made once, taken back, and told when missed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emsp_adapter.charging.scheduling import Schedule
from tests.emsp_adapter import charging
from tests.emsp_adapter.charging import (
    ahead,
    asked,
    count,
    in_state,
    publish,
    start,
    tell,
)
from tests.emsp_adapter.running import Adapter, Cpo, Driver


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    return await emsp.driver()


async def planned(partner: Cpo, driver: Driver, **evse: Any) -> dict[str, Any]:
    """A charge at EVSE1 that is to begin in an hour."""
    await publish(partner, **evse)
    answer = await start(driver, start_at=ahead(hours=1))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def let_it_be(emsp: Adapter, charge: dict[str, Any], minutes_ago: int) -> None:
    """Its time came so many minutes ago."""
    async with emsp.db.hot_transaction() as conn:
        await conn.execute(
            "UPDATE charges SET start_at = now() - make_interval(mins => %s) WHERE id = %s",
            (minutes_ago, charge["id"]),
        )


async def both_now(emsp: Adapter) -> None:
    """The time of every plan comes at the same moment."""
    async with emsp.db.hot_transaction() as conn:
        await conn.execute("UPDATE charges SET start_at = now()")


async def test_a_planned_start_is_made_at_its_time(partner: Cpo, driver: Driver) -> None:
    await publish(partner)

    charge = (await start(driver, start_at=ahead(seconds=1.5))).json()
    await tell(partner, await asked(partner, "START_SESSION"))

    assert charge["state"] == "scheduled"
    assert (await charging.seen(driver, charge["id"]))["state"] == "charging"
    assert count(partner, "START_SESSION") == 1


async def test_a_planned_start_survives_a_restart(partner: Cpo, driver: Driver) -> None:
    charge = await planned(partner, driver)
    emsp = partner.adapter
    await let_it_be(emsp, charge, minutes_ago=-60)
    await emsp.stop()
    await emsp.start()
    again = Driver(driver.id, await emsp.api(driver.id, scope="charging history"))

    await let_it_be(emsp, charge, minutes_ago=0)

    await asked(partner, "START_SESSION")
    assert (await charging.seen(again, charge["id"]))["state"] == "starting"
    assert count(partner, "START_SESSION") == 1


async def test_several_processes_start_it_once(partner: Cpo, driver: Driver) -> None:
    charge = await planned(partner, driver)
    office = partner.adapter.office
    others = [Schedule(office) for _ in range(4)]
    await let_it_be(partner.adapter, charge, minutes_ago=0)

    async with asyncio.TaskGroup() as group:
        await asyncio.gather(*(each.step(group) for each in others))

    await asked(partner, "START_SESSION")
    assert (await charging.seen(driver, charge["id"]))["state"] == "starting"
    assert count(partner, "START_SESSION") == 1


async def test_a_plan_is_taken_back(partner: Cpo, driver: Driver) -> None:
    charge = await planned(partner, driver)

    stopped = await driver.api.post(f"/charges/{charge['id']}/stop")
    cancelled = await driver.api.delete(f"/charges/{charge['id']}")
    await let_it_be(partner.adapter, charge, minutes_ago=0)
    async with asyncio.TaskGroup() as group:
        await Schedule(partner.adapter.office).step(group)

    assert stopped.status_code == 409
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert count(partner, "START_SESSION") == 0


async def test_a_plan_whose_time_passed_while_nobody_ran_is_missed(
    partner: Cpo, driver: Driver
) -> None:
    charge = await planned(partner, driver)

    await let_it_be(partner.adapter, charge, minutes_ago=15)

    missed = await in_state(driver, charge["id"], "missed")
    assert missed["reason"] == "The service was not running at the time that you chose."
    assert count(partner, "START_SESSION") == 0
    assert await partner.adapter.row(
        "SELECT kind FROM notifications WHERE driver_id = %s", driver.id
    ) == ("scheduled_start_missed",)


async def test_a_station_that_is_out_of_order_when_the_time_comes_is_missed(
    partner: Cpo, driver: Driver
) -> None:
    charge = await planned(partner, driver, status="OUTOFORDER")

    await let_it_be(partner.adapter, charge, minutes_ago=0)

    missed = await in_state(driver, charge["id"], "missed")
    assert missed["reason"] == "The charging point is out of order."


async def test_two_plans_of_a_driver_at_a_plug_are_not_for_the_same_time(
    partner: Cpo, driver: Driver
) -> None:
    await planned(partner, driver)

    again = await start(driver, start_at=ahead(hours=1, minutes=5))
    later = await start(driver, start_at=ahead(hours=3))

    assert (again.status_code, later.status_code) == (409, 201)
    assert again.json()["detail"] == "You have planned a charge here already."


async def test_of_two_plans_that_are_due_at_once_one_is_made(partner: Cpo, driver: Driver) -> None:
    first = await planned(partner, driver)
    second = (await start(driver, start_at=ahead(hours=3))).json()

    await both_now(partner.adapter)

    await asked(partner, "START_SESSION")
    missed = await in_state(driver, second["id"], "missed")
    assert missed["reason"] == "You are charging at this charging point already."
    assert (await charging.seen(driver, first["id"]))["state"] == "starting"
    assert count(partner, "START_SESSION") == 1


async def test_of_the_plans_of_two_drivers_for_one_plug_one_is_made(
    partner: Cpo, driver: Driver
) -> None:
    first = await planned(partner, driver)
    ben = await partner.adapter.driver("ben@drivers.example")
    second = (await start(ben, start_at=ahead(hours=1))).json()

    await both_now(partner.adapter)

    await asked(partner, "START_SESSION")
    missed = await in_state(ben, second["id"], "missed")
    assert missed["reason"] == "The charging point is in use."
    assert (await charging.seen(driver, first["id"]))["state"] == "starting"
    assert count(partner, "START_SESSION") == 1


WRONG = {
    "in the past": "2026-01-01T00:00:00Z",
    "in a month": "2099-01-01T00:00:00Z",
    "no time zone": "2099-01-01T00:00:00",
    "no moment": "tomorrow",
}


@pytest.mark.parametrize("start_at", WRONG.values(), ids=WRONG)
async def test_a_plan_is_for_the_next_days(partner: Cpo, driver: Driver, start_at: str) -> None:
    await publish(partner)

    answer = await start(driver, start_at=start_at)

    assert (answer.status_code, answer.json()["field"]) == (422, "start_at")
