"""What a driver has charged, summed up."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from emsp_adapter.network import place_cards
from emsp_adapter.store import bills, charges
from emsp_adapter.store.bills import Bill
from emsp_adapter.store.charges import Charge
from tests.emsp_adapter.running import Adapter, Driver


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    return await emsp.driver()


async def charged(
    emsp: Adapter,
    driver: Driver,
    at: datetime,
    kwh: str,
    *,
    gross: str | None = None,
    currency: str = "EUR",
) -> None:
    """A charge that is over, and its bill."""
    charge = Charge(
        id=str(uuid4()),
        driver_id=driver.id,
        source="card",
        state="finished",
        party="nl/cpo",
        location_id="LOC1",
        evse_uid="EVSE1",
        connector_id="1",
        place=place_cards.unknown("NL*CPO*LOC1", "LOC1"),
        requested_at=at,
        started_at=at,
        kwh=Decimal(kwh),
        updated_at=at,
    )
    async with emsp.db.hot_transaction() as conn:
        await charges.add(conn, charge)
        if gross is not None:
            await bills.add(conn, bill(charge, Decimal(gross), currency))


def bill(charge: Charge, gross: Decimal, currency: str) -> Bill:
    """The bill of a charge."""
    return Bill(
        id=str(uuid4()),
        number=str(uuid4()),
        kind="charge",
        driver_id=charge.driver_id,
        currency=currency,
        net=gross,
        vat=Decimal(0),
        gross=gross,
        document={},
        state="paid",
        issued_at=charge.updated_at,
        charge_id=charge.id,
    )


def day(month: int, day_: int) -> datetime:
    """A noon of 2026."""
    return datetime(2026, month, day_, 12, tzinfo=UTC)


async def summed(driver: Driver, query: str = "") -> dict[str, Any]:
    """The driver's statistics."""
    answer = await driver.api.get(f"/statistics{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_charges_are_summed_by_month_and_currency(emsp: Adapter, driver: Driver) -> None:
    other = await emsp.driver("bob@drivers.example")
    await charged(emsp, driver, day(2, 3), "10.5", gross="4.20")
    await charged(emsp, driver, day(3, 1), "20", gross="7.26")
    await charged(emsp, driver, day(3, 2), "5.25", gross="30.00", currency="CZK")
    await charged(emsp, driver, day(3, 9), "1")
    await charged(emsp, other, day(3, 9), "99", gross="99.00")

    found = await summed(driver)

    assert found == {
        "charges": 4,
        "energy_kwh": "36.75",
        "cost": [
            {"currency": "CZK", "gross": "30.00"},
            {"currency": "EUR", "gross": "11.46"},
        ],
        "by_month": [
            _month("2026-02", 1, "10.5", "4.20", "EUR"),
            _month("2026-03", 1, "5.25", "30.00", "CZK"),
            _month("2026-03", 2, "21", "7.26", "EUR"),
        ],
    }


async def test_a_time_is_from_its_beginning_to_before_its_end(
    emsp: Adapter, driver: Driver
) -> None:
    await charged(emsp, driver, day(3, 1), "1")
    await charged(emsp, driver, day(3, 2), "2")
    await charged(emsp, driver, day(3, 3), "4")

    found = await summed(driver, "?from=2026-03-02T12:00:00Z&to=2026-03-03T12:00:00Z")

    assert (found["charges"], found["energy_kwh"]) == (1, "2")


async def test_who_charged_nothing_has_nothing(driver: Driver) -> None:
    assert await summed(driver) == {"charges": 0, "energy_kwh": "0", "cost": [], "by_month": []}


async def test_charges_come_in_pages_the_newest_first(emsp: Adapter, driver: Driver) -> None:
    for number in range(1, 6):
        await charged(emsp, driver, day(3, number), str(number))

    first = (await driver.api.get("/charges?limit=3")).json()
    second = (await driver.api.get(f"/charges?limit=3&cursor={first['next']}")).json()

    energies = [each["energy_kwh"] for each in (*first["charges"], *second["charges"])]
    assert energies == ["5", "4", "3", "2", "1"]
    assert second["next"] is None


def _month(month: str, count: int, energy: str, gross: str, currency: str) -> dict[str, Any]:
    return {
        "month": month,
        "charges": count,
        "energy_kwh": energy,
        "gross": gross,
        "currency": currency,
    }
