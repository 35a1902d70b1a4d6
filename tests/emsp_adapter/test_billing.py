"""Bills: what a driver is asked to pay for a CDR, once, with a number and the payments it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emsp_adapter import payments
from emsp_adapter.contracts import clearing
from emsp_adapter.money import billing, plans
from emsp_adapter.payments import holding
from emsp_adapter.store import plans as plan_store
from emsp_adapter.store.plans import Plan
from tests.emsp_adapter import billed, contracts
from tests.emsp_adapter.running import Adapter, Cpo, Driver, adapter, cpo

_BILLS = "SELECT number, kind, state, gross FROM bills ORDER BY number"
_PAYMENTS = "SELECT kind, amount, state FROM payments ORDER BY updated_at, kind"


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cleared, billed or paid but by the steps of the test."""
    monkeypatch.setattr(clearing, "_PAUSE_SECONDS", 3600.0)
    monkeypatch.setattr(billing, "_PAUSE", 3600.0)


async def _billed(emsp: Adapter) -> list[tuple[Any, ...]]:
    """Every bill once all that came is cleared, billed and paid."""
    await emsp.parts.clearing.step()
    await emsp.parts.billing.step()
    return await emsp.rows(_BILLS)


async def _charged(emsp: Adapter, partner: Cpo, **cdr: Any) -> tuple[Driver, dict[str, Any]]:
    """A driver with a CDR of 20 kWh for 6.00, or 7.26 with VAT."""
    driver = await emsp.driver()
    token = await contracts.card(emsp, driver)
    await contracts.publish(partner)
    document = contracts.cdr(token, **cdr)
    assert contracts.status(await partner.post_cdr(document)) == (201, 1000)
    return driver, document


async def _another(emsp: Adapter, partner: Cpo, driver: Driver, *, hours_before: int) -> None:
    """The CDR of a session of the same driver that was over when the first began."""
    begun = contracts.moment(contracts.BEGUN - timedelta(hours=hours_before))
    document = contracts.cdr(
        await contracts.card(emsp, driver, uid=f"04BB{hours_before:04}"),
        id=f"CDR-{hours_before}",
        session_id=f"SESSION-{hours_before}",
        start_date_time=begun,
        end_date_time=contracts.moment(contracts.BEGUN - timedelta(hours=hours_before - 1)),
        charging_periods=[contracts.period(start_date_time=begun)],
    )
    assert contracts.status(await partner.post_cdr(document)) == (201, 1000)
    state, reason = await contracts.cleared(emsp, document["id"])
    assert state == "accepted", reason


async def test_an_accepted_cdr_is_billed_and_paid(emsp: Adapter, partner: Cpo) -> None:
    await _charged(emsp, partner)

    bills = await _billed(emsp)

    year = emsp.office.now().year
    assert bills == [(f"{year}-000001", "charge", "paid", Decimal("7.26"))]
    assert await emsp.rows(_PAYMENTS) == [("charge", Decimal("7.26"), "done")]


async def test_the_same_cdr_twice_is_billed_once(emsp: Adapter, partner: Cpo) -> None:
    _, document = await _charged(emsp, partner)
    await _billed(emsp)

    assert contracts.status(await partner.post_cdr(document)) == (200, 1000)

    assert len(await _billed(emsp)) == 1


async def test_a_disputed_cdr_is_not_billed(emsp: Adapter, partner: Cpo) -> None:
    await _charged(emsp, partner, **contracts.costing("9.00", "10.89"))

    assert await _billed(emsp) == []


@pytest.mark.parametrize(
    ("claim", "gross"),
    [
        pytest.param(contracts.costing("3.00", "3.63"), "3.63", id="half"),
        pytest.param(contracts.costing("0.00", "0.00"), "0.00", id="nothing"),
        pytest.param({"total_cost": {"excl_vat": Decimal(3)}}, "3.63", id="without VAT"),
    ],
)
async def test_nobody_pays_more_than_the_operator_asks_for(
    emsp: Adapter, partner: Cpo, claim: dict[str, Any], gross: str
) -> None:
    await _charged(emsp, partner, **claim)

    bills = await _billed(emsp)

    assert [bill[3] for bill in bills] == [Decimal(gross)]
    rows = await emsp.rows("SELECT document #>> '{price,remarks,0}' FROM bills")
    assert rows[0][0].startswith("The operator asks for less than its tariff gives")


async def test_cdrs_that_cannot_be_billed_hold_up_no_other(
    emsp: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "_AT_ONCE", 1)
    driver = await emsp.driver()
    await billed.accepted(emsp, driver, cdr_id="ODD", cdr_location={})
    await billed.accepted(emsp, driver, cdr_id="CDR1")

    await billing.bill_cdrs(emsp.office)
    await billing.bill_cdrs(emsp.office)

    assert await emsp.rows("SELECT cdr_row FROM bills") == [("row-CDR1",)]


async def test_a_credit_that_waits_for_a_payment_holds_up_no_other(
    emsp: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "_AT_ONCE", 1)
    driver = await emsp.driver()
    first = await billed.for_cdr(emsp, driver, cdr_id="CDR1")
    await emsp.rows("UPDATE payments SET sent_at = now() RETURNING id")
    await billed.credit_of(emsp, first)

    second = await billed.for_cdr(emsp, driver, cdr_id="CDR2")

    assert second.kind == "charge"
    waits = await emsp.rows("SELECT bill_due_at > now() FROM cdrs WHERE credit")
    assert waits == [(True,)]


async def test_what_cannot_be_billed_for_a_day_is_for_staff(emsp: Adapter) -> None:
    driver = await emsp.driver()
    row = await billed.accepted(emsp, driver, cdr_id="ODD", cdr_location={})
    await billing.bill_cdrs(emsp.office)
    before = await emsp.rows("SELECT state FROM cdrs WHERE id = %s", row)
    await emsp.rows(
        "UPDATE cdrs SET received_at = now() - interval '1 day', bill_due_at = now() RETURNING id"
    )

    await billing.bill_cdrs(emsp.office)

    assert before == [("accepted",)]
    assert await emsp.rows("SELECT state, reason, bill_due_at FROM cdrs") == [
        ("disputed", "it could not be billed; the log says why", None)
    ]


async def test_bills_of_a_year_are_numbered_without_a_gap(emsp: Adapter, partner: Cpo) -> None:
    driver, _ = await _charged(emsp, partner)
    for before in (1, 2):
        await _another(emsp, partner, driver, hours_before=before)

    bills = await _billed(emsp)

    year = emsp.office.now().year
    assert [bill[0] for bill in bills] == [f"{year}-00000{count}" for count in (1, 2, 3)]


async def test_a_bill_that_does_not_come_to_be_gives_its_number_back(
    emsp: Adapter, partner: Cpo
) -> None:
    driver, _ = await _charged(emsp, partner)
    await _billed(emsp)
    await emsp.rows("UPDATE cdrs SET bill_id = NULL RETURNING id")

    await billing.bill_cdrs(emsp.office)
    await _another(emsp, partner, driver, hours_before=1)

    numbers = [bill[0][-6:] for bill in await _billed(emsp)]
    assert numbers == ["000001", "000002"]


async def test_what_was_held_is_captured(emsp: Adapter, partner: Cpo) -> None:
    driver, _ = await _charged(emsp, partner)
    await emsp.parts.clearing.step()
    row = await emsp.row("SELECT charge_id FROM cdrs")
    assert row is not None
    await payments.hold(emsp.office, driver.id, row[0], "EUR")

    await _billed(emsp)

    assert await emsp.rows(_PAYMENTS) == [("capture", Decimal("7.26"), "done")]
    assert await emsp.rows("SELECT state FROM holds") == [("captured",)]


async def test_what_is_over_the_hold_is_charged_beside_it(
    emsp_database_url: str,
) -> None:
    async with adapter(emsp_database_url, hold_amounts="EUR=5") as emsp, cpo(emsp) as partner:
        driver, _ = await _charged(emsp, partner)
        await emsp.parts.clearing.step()
        row = await emsp.row("SELECT charge_id FROM cdrs")
        assert row is not None
        await payments.hold(emsp.office, driver.id, row[0], "EUR")

        await _billed(emsp)

        paid = sorted(await emsp.rows(_PAYMENTS))
        assert paid == [("capture", Decimal(5), "done"), ("charge", Decimal("2.26"), "done")]


async def test_a_hold_is_made_once_per_charge(emsp: Adapter) -> None:
    driver = await emsp.driver()

    first = await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    again = await payments.hold(emsp.office, driver.id, "charge-1", "EUR")

    assert first == again
    assert (first.state, first.amount, first.currency) == ("held", "50.00", "EUR")
    assert first.note is not None
    assert "no money" in first.note
    assert await emsp.rows("SELECT count(*) FROM holds") == [(1,)]


async def test_what_is_released_is_not_captured(emsp: Adapter, partner: Cpo) -> None:
    driver, _ = await _charged(emsp, partner)
    await emsp.parts.clearing.step()
    row = await emsp.row("SELECT charge_id FROM cdrs")
    assert row is not None
    await payments.hold(emsp.office, driver.id, row[0], "EUR")

    await payments.release(emsp.office, row[0])
    await _billed(emsp)

    assert await emsp.rows("SELECT state FROM holds") == [("released",)]
    assert await emsp.rows(_PAYMENTS) == [("charge", Decimal("7.26"), "done")]


@pytest.mark.parametrize(
    ("since", "state"), [("6 days", "held"), ("8 days", "released")], ids=["younger", "older"]
)
async def test_a_hold_that_no_bill_came_for_in_a_week_is_given_back(
    emsp: Adapter, since: str, state: str
) -> None:
    driver = await emsp.driver()
    await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    await emsp.rows("UPDATE holds SET updated_at = now() - %s::interval RETURNING charge_id", since)

    await holding.sweep(emsp.office)

    assert await emsp.rows("SELECT state FROM holds") == [(state,)]


async def test_a_credit_cdr_gives_back_what_was_paid(emsp: Adapter, partner: Cpo) -> None:
    _, document = await _charged(emsp, partner)
    await _billed(emsp)

    assert contracts.status(await partner.post_cdr(contracts.credit(document))) == (201, 1000)

    states = [(kind, state, gross) for _, kind, state, gross in await _billed(emsp)]
    assert states == [
        ("charge", "refunded", Decimal("7.26")),
        ("credit", "refunded", Decimal("-7.26")),
    ]
    assert ("refund", Decimal("7.26"), "done") in await emsp.rows(_PAYMENTS)


async def test_a_free_charge_has_a_receipt_and_no_payment(emsp: Adapter, partner: Cpo) -> None:
    driver = await emsp.driver()
    token = await contracts.card(emsp, driver)
    free = contracts.tariff(
        elements=[{"price_components": [{"type": "FLAT", "price": 0, "step_size": 1}]}]
    )
    await partner.put("tariffs", "TARIFF1", free)
    await partner.post_cdr(contracts.cdr(token, tariffs=[free], **contracts.costing("0", "0")))

    bills = await _billed(emsp)

    assert [bill[1:] for bill in bills] == [("charge", "paid", Decimal("0.00"))]
    assert await emsp.rows(_PAYMENTS) == []


async def test_the_plan_of_the_start_prices_the_bill(emsp: Adapter, partner: Cpo) -> None:
    driver, _ = await _charged(emsp, partner)
    gold = Plan("gold", "Gold", "EUR", Decimal(0), Decimal(10), Decimal("0.01"), Decimal("0.35"))
    async with emsp.db.hot_transaction() as conn:
        await plan_store.add(conn, gold)
        await plan_store.choose(conn, driver.id, "gold", since=contracts.BEGUN, now=contracts.BEGUN)
        await plan_store.add(conn, replace(gold, id="later", name="Later"))
        await plan_store.choose(
            conn, driver.id, "later", since=contracts.ENDED, now=contracts.ENDED
        )

    bills = await _billed(emsp)

    # 7.26, and 0.60 of margin, 0.20 for 20 kWh, 0.35 for the session.
    assert [bill[3] for bill in bills] == [Decimal("8.41")]


async def test_a_month_of_a_plan_is_billed_once_and_in_full(emsp: Adapter) -> None:
    driver = await emsp.driver()
    gold = Plan("gold", "Gold", "EUR", Decimal("4.99"), Decimal(0), Decimal(0), Decimal(0))
    async with emsp.db.hot_transaction() as conn:
        await plan_store.add(conn, gold)
        await plans.choose(conn, emsp.office, driver.id, "gold")

    await billing.bill_fees(emsp.office)
    await billing.bill_fees(emsp.office)

    assert [bill[1::2] for bill in await emsp.rows(_BILLS)] == [("plan", Decimal("4.99"))]


async def test_bills_are_collected_elsewhere_without_a_provider(emsp_database_url: str) -> None:
    async with adapter(emsp_database_url, payment="none") as emsp, cpo(emsp) as partner:
        await _charged(emsp, partner)

        bills = await _billed(emsp)

        assert [bill[2] for bill in bills] == ["elsewhere"]
        assert await emsp.rows(_PAYMENTS) == []
