"""Starts that come to nothing on the way: an operator that is away or silent, a payment that is
refused, and the amount that was held."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from emsp_adapter.charging import starting
from emsp_adapter.network import places
from emsp_adapter.store import charges
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
