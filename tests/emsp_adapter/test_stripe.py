"""Paying by Stripe, against a server of its own process that keeps the books."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from emsp_adapter import payments
from emsp_adapter.money import billing, credit
from emsp_adapter.money.settling import Settling
from emsp_adapter.payments import holding
from emsp_adapter.payments.holding import sweep
from emsp_adapter.payments.port import Card, Order, Refused, TooSmall
from emsp_adapter.payments.stripe import StripeProvider, minor, signed
from tests.emsp_adapter import billed
from tests.emsp_adapter.paying import Stripe, pays_with, stripe
from tests.emsp_adapter.running import Adapter, Driver, adapter
from tests.emsp_adapter.stripe_server import DECLINED, EXPIRED, POOR, UNCONFIRMED

_PAYMENT = "SELECT kind, state, attempt FROM payments ORDER BY kind"


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is billed or paid but by the steps of the test."""
    monkeypatch.setattr(billing, "_PAUSE", 3600.0)


@pytest.fixture
async def server() -> AsyncIterator[Stripe]:
    """The payment server."""
    async with stripe() as running:
        yield running


@pytest.fixture
async def emsp(emsp_database_url: str, server: Stripe) -> AsyncIterator[Adapter]:
    """An adapter that pays there."""
    async with adapter(emsp_database_url, **server.settings) as running:
        yield running


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    """A driver with a card that works."""
    driver = await emsp.driver()
    await pays_with(emsp, driver)
    return driver


async def test_the_real_amount_of_a_hold_is_captured(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    held = await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    assert held.state == "held"

    await billed.for_cdr(emsp, driver, charge_id="charge-1", gross="7.26")
    await Settling(emsp.office).step()

    assert await server.moved() == {("held", 5000, "eur"): 1, ("captured", 726, "eur"): 1}


async def test_what_is_over_the_hold_is_charged(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await payments.hold(emsp.office, driver.id, "charge-1", "EUR")

    await billed.for_cdr(emsp, driver, charge_id="charge-1", gross="60.01")
    await Settling(emsp.office).step()

    moved = await server.moved()
    assert moved[("captured", 5000, "eur")] == 1
    assert moved[("captured", 1001, "eur")] == 1


@pytest.mark.parametrize(
    ("card", "why"),
    [
        (DECLINED, "The card was declined."),
        (EXPIRED, "The card has expired."),
        (POOR, "The card has not enough money for it."),
        (UNCONFIRMED, "The bank wants the card to be confirmed again: add it once more."),
    ],
)
async def test_a_refused_card_is_a_refused_hold_with_its_reason(
    emsp: Adapter, server: Stripe, card: str, why: str
) -> None:
    driver = await emsp.driver()
    await pays_with(emsp, driver, card)

    held = await payments.hold(emsp.office, driver.id, "charge-1", "EUR")

    assert (held.state, held.reason) == ("refused", why)
    assert await server.moved() == {}


async def test_without_a_card_there_is_no_credit(emsp: Adapter) -> None:
    driver = await emsp.driver()

    async with emsp.db.hot() as conn:
        assert await credit.check(conn, emsp.office, driver.id) is not None


async def test_a_hold_without_an_answer_is_refused_and_given_back(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await server.trouble("/payment_intents", "lose")
    held = await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    assert held.state == "refused"

    await _later(emsp, "UPDATE holds SET updated_at = now() - interval '1 hour' RETURNING state")
    await sweep(emsp.office)

    assert await server.moved() == {("held", 5000, "eur"): 1, ("released", 5000, "eur"): 1}


async def test_a_hold_that_cannot_be_given_back_yet_holds_up_no_other(
    emsp: Adapter, server: Stripe, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_AT_ONCE", 1)
    await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    await payments.hold(emsp.office, driver.id, "charge-2", "EUR")
    await _later(
        emsp,
        "UPDATE holds SET state = 'releasing', updated_at = now() - interval '1 hour'"
        " RETURNING state",
    )
    await server.trouble("/cancel", "500")

    await sweep(emsp.office)
    await sweep(emsp.office)

    states = await emsp.rows("SELECT state FROM holds ORDER BY state")
    assert states == [("released",), ("releasing",)]


@pytest.mark.parametrize("then", ["lose", "500"])
async def test_an_answer_that_is_lost_is_asked_for_again_and_paid_once(
    emsp: Adapter, server: Stripe, driver: Driver, then: str
) -> None:
    await server.trouble("/payment_intents", then)
    await billed.for_cdr(emsp, driver, gross="7.26")

    await Settling(emsp.office).step()
    assert await emsp.rows(_PAYMENT) == [("charge", "due", 1)]
    await _later(emsp, "UPDATE payments SET due_at = now() RETURNING id")
    await Settling(emsp.office).step()

    assert await emsp.rows(_PAYMENT) == [("charge", "done", 1)]
    assert (await server.moved())[("captured", 726, "eur")] == 1


async def test_a_key_that_was_forgotten_pays_nothing_twice(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await server.trouble("/payment_intents", "lose")
    await billed.for_cdr(emsp, driver, gross="7.26")
    await Settling(emsp.office).step()

    await server.forget_keys()
    await _later(
        emsp,
        "UPDATE payments SET due_at = now(), sent_at = now() - interval '2 days' RETURNING id",
    )
    await Settling(emsp.office).step()

    assert await emsp.rows(_PAYMENT) == [("charge", "done", 1)]
    assert (await server.moved())[("captured", 726, "eur")] == 1


async def test_a_hold_that_has_expired_is_replaced_by_a_charge(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    row = await emsp.row("SELECT reference FROM holds")
    assert row is not None
    await server.client.post(
        f"{server.url}/v1/payment_intents/{row[0]}/cancel",
        headers={"Authorization": "Bearer sk_test"},
    )

    await billed.for_cdr(emsp, driver, charge_id="charge-1", gross="7.26")
    await Settling(emsp.office).step()
    await Settling(emsp.office).step()

    assert (await server.moved())[("captured", 726, "eur")] == 1
    assert await emsp.rows("SELECT state FROM bills") == [("paid",)]


async def test_a_refused_capture_is_replaced_by_a_charge_that_can_be_paid(
    emsp: Adapter, server: Stripe
) -> None:
    driver = await emsp.driver()
    await pays_with(emsp, driver)
    await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    await _later(emsp, "UPDATE holds SET reference = 'pi_gone' RETURNING state")
    await _later(emsp, "UPDATE payment_methods SET reference = 'pm_declined' RETURNING id")
    bill = await billed.for_cdr(emsp, driver, charge_id="charge-1", gross="7.26")
    await Settling(emsp.office).step()
    await Settling(emsp.office).step()
    assert await emsp.rows(_PAYMENT) == [("capture", "dropped", 1), ("charge", "due", 2)]

    await pays_with(emsp, driver, "pm_new")
    asked = await driver.api.post(f"/receipts/{bill.id}/pay")
    await Settling(emsp.office).step()

    assert asked.status_code == 202
    assert await emsp.rows("SELECT state FROM bills") == [("paid",)]


async def test_a_hold_whose_capture_is_refused_is_given_back(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    await billed.for_cdr(emsp, driver, charge_id="charge-1", gross="7.26")
    await server.trouble("/capture", "refuse")

    await Settling(emsp.office).step()
    await Settling(emsp.office).step()

    moved = await server.moved()
    assert moved[("released", 5000, "eur")] == 1
    assert moved[("captured", 726, "eur")] == 1
    assert await emsp.rows("SELECT state FROM bills") == [("paid",)]


async def test_a_hold_of_which_another_amount_was_captured_is_not_charged_again(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await payments.hold(emsp.office, driver.id, "charge-1", "EUR")
    row = await emsp.row("SELECT reference FROM holds")
    assert row is not None
    await server.client.post(
        f"{server.url}/v1/payment_intents/{row[0]}/capture",
        headers={"Authorization": "Bearer sk_test"},
        content="amount_to_capture=500",
    )

    await billed.for_cdr(emsp, driver, charge_id="charge-1", gross="7.26")
    await Settling(emsp.office).step()

    assert await emsp.rows(_PAYMENT) == [("capture", "due", 1)]
    assert await emsp.rows("SELECT state FROM bills") == [("open",)]


async def test_an_amount_too_small_to_be_moved_is_waived(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await billed.for_cdr(emsp, driver, gross="0.20")

    await Settling(emsp.office).step()

    assert await emsp.rows(_PAYMENT) == [("charge", "dropped", 1)]
    assert await emsp.rows("SELECT state FROM bills") == [("paid",)]
    async with emsp.db.hot() as conn:
        assert await credit.check(conn, emsp.office, driver.id) is None


async def test_what_little_is_over_the_hold_is_waived(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    await payments.hold(emsp.office, driver.id, "charge-1", "EUR")

    await billed.for_cdr(emsp, driver, charge_id="charge-1", gross="50.10")
    await Settling(emsp.office).step()

    assert await server.moved() == {("held", 5000, "eur"): 1, ("captured", 5000, "eur"): 1}
    assert await emsp.rows(_PAYMENT) == [("capture", "done", 1), ("charge", "dropped", 1)]
    assert await emsp.rows("SELECT state FROM bills") == [("paid",)]


@pytest.mark.parametrize("what", ["hold", "charge", "refund"])
async def test_less_than_the_smallest_coin_is_not_asked_for(
    emsp: Adapter, server: Stripe, what: str
) -> None:
    provider = StripeProvider(emsp.office.transport, server.url, "sk_test")
    order = Order("key", "bill", Decimal("0.005"), "KWD", Card("cus_1", "pm_visa"))
    asked = {
        "hold": lambda: provider.hold(order),
        "charge": lambda: provider.charge(order),
        "refund": lambda: provider.refund("pi_1", order),
    }

    with pytest.raises(TooSmall):
        await asked[what]()

    assert await server.asked("") == []


async def test_a_hold_of_which_less_than_a_coin_is_due_is_given_back(
    emsp: Adapter, server: Stripe
) -> None:
    provider = StripeProvider(emsp.office.transport, server.url, "sk_test")
    card = Card("cus_1", "pm_visa")
    held = await provider.hold(Order("hold", "bill", Decimal(50), "KWD", card))

    with pytest.raises(TooSmall):
        await provider.capture(held, Order("take", "bill", Decimal("0.005"), "KWD", card))

    assert (await server.moved())[("released", 50000, "kwd")] == 1


async def test_a_refused_payment_leaves_the_driver_without_credit_until_it_is_paid(
    emsp: Adapter, server: Stripe
) -> None:
    driver = await emsp.driver()
    await pays_with(emsp, driver, DECLINED)
    await billed.for_cdr(emsp, driver, gross="7.26")
    await Settling(emsp.office).step()

    async with emsp.db.hot() as conn:
        why = await credit.check(conn, emsp.office, driver.id)
    assert why is not None
    assert "is not paid" in why
    told = await emsp.rows(
        "SELECT kind, facts ->> 'gross', facts ->> 'currency' FROM notifications"
    )
    assert told == [("payment_failed", "7.26", "EUR")]

    made = await driver.api.post("/payment-setups")
    setup = made.json()["setup"]
    await server.fill_in(setup)
    added = await driver.api.post("/payment-methods", json={"setup": setup})
    assert added.status_code == 201, added.text
    await Settling(emsp.office).step()

    async with emsp.db.hot() as conn:
        assert await credit.check(conn, emsp.office, driver.id) is None
    assert (await server.moved())[("captured", 726, "eur")] == 1


async def test_a_refund_that_is_asked_for_again_is_made_once(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    bill = await billed.for_cdr(emsp, driver, gross="7.26")
    await Settling(emsp.office).step()
    await server.trouble("/refunds", "lose")
    await billed.credit_of(emsp, bill)
    await Settling(emsp.office).step()

    await server.forget_keys()
    await _later(
        emsp,
        "UPDATE payments SET due_at = now(), sent_at = now() - interval '2 days'"
        " WHERE kind = 'refund' RETURNING id",
    )
    await Settling(emsp.office).step()

    assert (await server.moved())[("refunded", 726, "eur")] == 1
    states = await emsp.rows("SELECT kind, state FROM bills ORDER BY number")
    assert states == [("charge", "refunded"), ("credit", "refunded")]


async def test_a_setup_of_another_driver_adds_no_card(emsp: Adapter, server: Stripe) -> None:
    driver, other = await emsp.driver(), await emsp.driver("eve@drivers.example")
    setup = (await driver.api.post("/payment-setups")).json()["setup"]
    await server.fill_in(setup)

    refused = await other.api.post("/payment-methods", json={"setup": setup})

    assert refused.status_code == 422
    assert refused.json()["detail"] == "This page was opened by somebody else."


async def test_a_setup_that_was_not_filled_in_adds_no_card(
    emsp: Adapter, server: Stripe, driver: Driver
) -> None:
    setup = (await driver.api.post("/payment-setups")).json()["setup"]

    refused = await driver.api.post("/payment-methods", json={"setup": setup})

    detail = "The page where a card is given was not filled in."
    assert (refused.status_code, refused.json()["field"]) == (422, "setup")
    assert refused.json()["detail"] == detail


@pytest.mark.parametrize("setup", ["../v1/refunds", "cs_1?x=1", "cs 1", "cs_%2e"])
async def test_a_setup_breaks_out_of_no_path(
    emsp: Adapter, server: Stripe, driver: Driver, setup: str
) -> None:
    refused = await driver.api.post("/payment-methods", json={"setup": setup})

    assert refused.status_code == 422
    assert await server.asked("refunds") == []


@pytest.mark.parametrize(
    ("amount", "currency", "count"),
    [("12.34", "EUR", 1234), ("500", "JPY", 500), ("1.239", "KWD", 1230), ("5", "ISK", 500)],
)
def test_amounts_are_counted_as_stripe_counts(amount: str, currency: str, count: int) -> None:
    order = Order("key", "subject", Decimal(amount), currency)

    assert minor(order) == count


def test_a_signature_is_of_the_body_the_secret_and_the_hour() -> None:
    # HMAC-SHA-256 of "1000.{}" under the secret.
    good = "t=1000,v1=" + _hmac("whsec_test", b"1000.{}")

    assert signed(b"{}", good, secret="whsec_test", now=1100.0)
    assert not signed(b"{ }", good, secret="whsec_test", now=1100.0)
    assert not signed(b"{}", good, secret="other", now=1100.0)
    assert not signed(b"{}", good, secret="whsec_test", now=9000.0)
    assert not signed(b"{}", "v1=abc", secret="whsec_test", now=1000.0)


async def test_a_key_that_was_used_for_something_else_is_no_refusal(
    emsp: Adapter, server: Stripe
) -> None:
    """It may have been done, and a new key would do it twice."""
    provider = StripeProvider(emsp.office.transport, server.url, "sk_test")
    order = Order("key", "subject", Decimal(5), "EUR", Card("cus_1", "pm_visa"), "Old name 1")
    await provider.charge(order)

    with pytest.raises(payments.PaymentError) as found:
        await provider.charge(replace(order, text="New name 1"))

    assert not isinstance(found.value, Refused)
    assert await provider.charge(replace(order, text="New name 1", repeated=True))
    assert (await server.moved())["captured", 500, "eur"] == 1


async def test_a_wrong_key_is_no_refusal_of_the_card(emsp: Adapter, server: Stripe) -> None:
    provider = StripeProvider(emsp.office.transport, server.url, "sk_wrong")
    order = Order("key", "subject", Decimal(5), "EUR", Card("cus_1", "pm_visa"))

    with pytest.raises(payments.PaymentError) as found:
        await provider.charge(order)

    assert not isinstance(found.value, Refused)


async def _later(emsp: Adapter, statement: str) -> None:
    """As if time had passed."""
    assert await emsp.rows(statement)


def _hmac(secret: str, signed_text: bytes) -> str:
    return hmac.new(secret.encode(), signed_text, "sha256").hexdigest()
