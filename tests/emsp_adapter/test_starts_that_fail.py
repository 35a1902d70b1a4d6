"""Starts that come to nothing on the way: an operator that is away or silent, a payment that is
refused, and the amount that was held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from emsp_adapter.charging import starting
from emsp_adapter.network import places
from emsp_adapter.store import charges, payment_methods
from emsp_adapter.store.payment_methods import Method
from tests.emsp_adapter.charging import (
    LOCATION,
    ahead,
    answers,
    count,
    heard,
    in_state,
    publish,
    result,
    seen,
    start,
    started,
    tell,
)
from tests.emsp_adapter.running import Adapter, Cpo, Driver, adapter, cpo
from tests.partners import eventually


@pytest.fixture
async def hasty(emsp_database_url: str) -> AsyncIterator[Adapter]:
    """An adapter that waits for nobody."""
    async with adapter(emsp_database_url, forward_timeout=0.5, session_patience=0.5) as running:
        yield running


async def released(emsp: Adapter) -> None:
    """What was held is given back."""

    async def nothing_held() -> bool:
        return await emsp.rows("SELECT state FROM holds") == [("released",)]

    await eventually(nothing_held)


async def test_an_operator_that_went_away_fails_the_start_and_gives_the_hold_back(
    emsp: Adapter,
) -> None:
    driver = await emsp.driver()
    async with cpo(emsp) as partner:
        await publish(partner)

    charge = (await start(driver)).json()

    await released(emsp)
    shown = await seen(driver, charge["id"])
    assert shown["state"] == "failed"
    assert shown["reason"] == "The operator of this station cannot be reached right now."
    assert shown["payment"]["state"] == "none"


async def test_who_is_known_to_be_away_is_not_asked(emsp: Adapter) -> None:
    driver = await emsp.driver()
    async with cpo(emsp) as partner:
        await publish(partner)
    for _ in range(10):
        await start(driver)

    answer = await start(driver)

    assert answer.status_code == 409
    assert answer.json()["detail"] == "The operator of this station cannot be reached right now."


async def test_an_operator_that_does_not_answer_fails_the_start(hasty: Adapter) -> None:
    driver = await hasty.driver()
    async with cpo(hasty) as partner:
        await publish(partner)
        partner.party.answer = partner.party.never

        charge = (await start(driver)).json()

    assert charge["state"] == "failed"
    assert charge["reason"] == "The operator of this station did not answer in time."


async def test_a_session_that_never_comes_fails_the_start(hasty: Adapter) -> None:
    """CMD-22: the station took the start, and the cable is missing."""
    driver = await hasty.driver()
    async with cpo(hasty) as partner:
        await publish(partner)
        charge = (await start(driver)).json()
        await result(partner, heard(partner, "START_SESSION"))

        failed = await in_state(driver, charge["id"], "failed")

    await released(hasty)
    assert failed["reason"].startswith("The charge did not begin in time.")
    assert await hasty.row("SELECT kind FROM notifications WHERE driver_id = %s", driver.id) == (
        "charge_failed",
    )


async def test_a_declined_start_gives_the_hold_back(emsp: Adapter, partner: Cpo) -> None:
    driver = await emsp.driver()
    await publish(partner)
    answers(partner, result="REJECTED")

    await start(driver)

    await released(emsp)


async def test_a_charge_that_runs_keeps_its_hold(emsp: Adapter, partner: Cpo) -> None:
    driver = await emsp.driver()
    await publish(partner)
    charge = (await start(driver)).json()

    await tell(partner, heard(partner, "START_SESSION"))

    shown = await seen(driver, charge["id"])
    assert shown["payment"]["state"] == "held"
    assert "no money is moved" in shown["payment"]["provider_note"]


async def test_without_a_payment_method_nothing_is_asked(emsp_database_url: str) -> None:
    async with adapter(emsp_database_url, payment="stripe", stripe_key="sk_test_1") as emsp:
        driver: Driver = await emsp.driver()
        async with cpo(emsp) as partner:
            await publish(partner)

            answer = await start(driver)

            assert (answer.status_code, answer.json()["detail"]) == (
                409,
                "Add a payment method before you charge.",
            )
            assert count(partner, "START_SESSION") == 0


async def test_of_drivers_who_start_at_a_plug_at_once_one_is_asked_for(
    emsp: Adapter, partner: Cpo
) -> None:
    drivers = [await emsp.driver(f"driver{n}@drivers.example") for n in range(5)]
    await publish(partner)

    answers_ = await asyncio.gather(*(start(each) for each in drivers))

    refused = [each.json()["detail"] for each in answers_ if each.status_code == 409]
    assert refused == ["The charging point is in use."] * 4
    assert count(partner, "START_SESSION") == 1
    assert len(await emsp.rows("SELECT state FROM holds")) == 1


async def test_where_another_driver_charges_nobody_is_asked(emsp: Adapter, partner: Cpo) -> None:
    await started(partner, await emsp.driver())
    ben = await emsp.driver("ben@drivers.example")

    answer = await start(ben)

    assert (answer.status_code, answer.json()["detail"]) == (409, "The charging point is in use.")


async def test_a_charge_whose_end_was_never_told_keeps_nobody_away(
    emsp: Adapter, partner: Cpo
) -> None:
    await started(partner, await emsp.driver())
    ben = await emsp.driver("ben@drivers.example")
    async with emsp.db.hot_transaction() as conn:
        await conn.execute("UPDATE charges SET updated_at = now() - interval '1 hour'")

    answer = await start(ben)

    assert answer.status_code == 201


async def card(emsp: Adapter, driver: Driver) -> str:
    """The id of a card that a driver pays with."""
    made = Method(str(uuid4()), driver.id, "demo", None, f"card-{driver.id}", "Demo", True)
    async with emsp.db.hot_transaction() as conn:
        assert await payment_methods.add(conn, made)
    return made.id


async def test_a_start_is_paid_with_a_card_of_the_driver(emsp: Adapter, partner: Cpo) -> None:
    ada, ben = await emsp.driver(), await emsp.driver("ben@drivers.example")
    hers, his = await card(emsp, ada), await card(emsp, ben)
    await publish(partner)

    others = await start(ada, payment_method=his)
    unknown = await start(ada, payment_method="none-of-that-id")
    planned = await start(ada, payment_method=his, start_at=ahead(hours=1))
    kept = await emsp.rows("SELECT id FROM charges")
    own = await start(ada, payment_method=hers)

    assert [each.status_code for each in (others, unknown, planned)] == [422, 422, 422]
    assert others.json()["field"] == "payment_method"
    assert kept == []
    assert (own.status_code, own.json()["state"]) == (201, "starting")


async def test_a_start_that_was_given_up_is_not_sent_any_more(emsp: Adapter, partner: Cpo) -> None:
    driver = await emsp.driver()
    await publish(partner)
    made = (await start(driver, start_at=ahead(hours=1))).json()
    async with emsp.db.hot_transaction() as conn:
        plug = await places.plug(conn, LOCATION, "EVSE1")
        charge = await charges.change(conn, made["id"], state="failed")

    left = await starting.carry_out(emsp.office, charge, plug)

    assert left.state == "failed"
    assert count(partner, "START_SESSION") == 0
