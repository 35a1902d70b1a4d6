"""What support staff look up for a driver who calls: charges, a report, a driver."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emsp_adapter import billed, charging
from tests.emsp_adapter.charging import LOCATION, over, started
from tests.emsp_adapter.reporting import reported, staff
from tests.emsp_adapter.running import Adapter, Cpo


async def test_staff_find_a_charge_by_its_id_as_its_driver_sees_it(
    emsp: Adapter, partner: Cpo
) -> None:
    driver = await emsp.driver()
    charge = await started(partner, driver)
    support = await staff(emsp)

    found = await support.get(f"/support/charges/{charge['id']}")

    shown = found.json()
    assert found.status_code == 200
    assert (shown.pop("driver_id"), shown.pop("session_id")) == (driver.id, "SESSION1")
    seen = await charging.seen(driver, charge["id"])
    assert shown == {**seen, "minutes": shown["minutes"], "cost": shown["cost"]}


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        pytest.param({"driver_id": "ADA"}, 2, id="driver"),
        pytest.param({"driver_id": "nobody"}, 0, id="nobody"),
        pytest.param({"location": LOCATION}, 2, id="place"),
        pytest.param({"location": LOCATION.lower()}, 2, id="ids ignore case"),
        pytest.param({"location": LOCATION, "evse_uid": "evse1"}, 2, id="point"),
        pytest.param({"location": LOCATION, "evse_uid": "EVSE2"}, 0, id="another point"),
        pytest.param({"location": "NL*CPO*LOC2"}, 0, id="another place"),
        pytest.param({"location": LOCATION, "driver_id": "ADA"}, 2, id="both"),
    ],
)
async def test_staff_find_charges_by_driver_and_by_place(
    emsp: Adapter, partner: Cpo, asked: dict[str, str], count: int
) -> None:
    driver = await emsp.driver()
    await _two_charges(partner, driver)
    support = await staff(emsp)
    named = {name: driver.id if value == "ADA" else value for name, value in asked.items()}

    found = (await support.get("/support/charges", params=named)).json()

    assert len(found["charges"]) == count


async def test_charges_come_in_pages_the_newest_first(emsp: Adapter, partner: Cpo) -> None:
    driver = await emsp.driver()
    made = await _two_charges(partner, driver)
    support = await staff(emsp)
    asked = {"location": LOCATION, "limit": "1"}

    first = (await support.get("/support/charges", params=asked)).json()
    rest = (await support.get("/support/charges", params=asked | {"cursor": first["next"]})).json()

    assert [each["id"] for each in (*first["charges"], *rest["charges"])] == made[::-1]


async def test_staff_find_the_charge_of_a_receipt(emsp: Adapter, partner: Cpo) -> None:
    driver = await emsp.driver()
    charge = await started(partner, driver)
    bill = await billed.for_cdr(emsp, driver, charge_id=charge["id"])
    support = await staff(emsp)

    found = (await support.get("/support/charges", params={"receipt": bill.number})).json()
    none = (await support.get("/support/charges", params={"receipt": "2020-000001"})).json()

    assert [(each["id"], each["receipt_id"]) for each in found["charges"]] == [
        (charge["id"], bill.id)
    ]
    assert none["charges"] == []


async def test_each_look_at_charges_is_audited(emsp: Adapter, partner: Cpo) -> None:
    driver = await emsp.driver()
    charge = await started(partner, driver)
    support = await staff(emsp)

    await support.get(f"/support/charges/{charge['id']}")
    await support.get("/support/charges", params={"driver_id": driver.id})
    await support.get("/support/charges", params={"location": LOCATION, "evse_uid": "EVSE1"})

    assert await emsp.rows("SELECT actor, action, subject FROM audit ORDER BY id") == [
        ("client:test-app", "charge look-up", charge["id"]),
        ("client:test-app", "charge look-up", f"driver {driver.id}"),
        ("client:test-app", "charge look-up", f"at {LOCATION} evse EVSE1"),
    ]


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        pytest.param("/support/charges", 422, "driver_id: expected it, a location or", id="all"),
        pytest.param(
            "/support/charges?driver_id=A&evse_uid=EVSE1",
            422,
            "evse_uid: expected with a location only",
            id="a point nowhere",
        ),
        pytest.param("/support/charges?location=LOC1", 422, "location: 'LOC1' is not", id="key"),
        pytest.param("/support/charges/C1", 404, "there is no charge 'C1'", id="charge"),
        pytest.param("/support/problems/P1", 404, "there is no report 'P1'", id="report"),
    ],
)
async def test_what_cannot_be_looked_up_is_said(
    emsp: Adapter, path: str, status: int, detail: str
) -> None:
    support = await staff(emsp)

    refused = await support.get(path)

    assert refused.status_code == status
    assert refused.json()["detail"].startswith(detail)


async def test_staff_read_one_report(emsp: Adapter) -> None:
    driver = await emsp.driver()
    problem = await reported(driver, kind="app", location=None)
    support = await staff(emsp)

    found = (await support.get(f"/support/problems/{problem['id']}")).json()

    assert found == problem | {"driver_id": driver.id, "operator": None, "refusal": None}


@pytest.mark.parametrize(
    "path", ["/support/charges?driver_id=A", "/support/charges/C1", "/support/problems/P1"]
)
async def test_a_driver_looks_nothing_up(emsp: Adapter, path: str) -> None:
    driver = await emsp.driver()

    refused = await driver.api.get(path)

    assert (refused.status_code, refused.json()["detail"]) == (403, "this needs the scope support")


async def _two_charges(partner: Cpo, driver: Any) -> list[str]:
    """The ids of a charge that is over and of a later start."""
    first = await started(partner, driver)
    await partner.patch("sessions", "SESSION1", over())
    second = (await charging.start(driver)).json()
    return [first["id"], second["id"]]
