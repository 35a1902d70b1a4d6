"""What is held at the start of a charge: an amount of its own in each currency, or no start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from emsp_adapter import payments
from emsp_adapter.settings import EmspSettings
from ocpi_hub.service.refusals import SettingsError
from tests.emsp_adapter import contracts
from tests.emsp_adapter.charging import ahead, count, publish, start
from tests.emsp_adapter.paying import pays_with, stripe
from tests.emsp_adapter.running import Adapter, Cpo, adapter, cpo
from tests.emsp_adapter.test_guests import PAYS, sticker

REFUSED = "Payments in ISK are not possible here yet."

BAD = {
    "a bare number": ("50", "expected an amount for each currency once, such as EUR=50,SEK=600"),
    "no currency": ("=50", "expected an amount for each currency once"),
    "no such currency": ("XYZ=50", "expected an amount for each currency once"),
    "a currency twice": ("EUR=50,eur=60", "expected an amount for each currency once"),
    "a comma too many": ("EUR=50,", "expected an amount for each currency once"),
    "no amount": ("EUR=", "expected an amount of EUR above 0, with at most 2 decimals"),
    "nothing": ("EUR=0", "expected an amount of EUR above 0"),
    "less than nothing": ("EUR=-1", "expected an amount of EUR above 0"),
    "an exponent": ("EUR=5e1", "expected an amount of EUR above 0"),
    "coins there are none of": ("JPY=50.5", "an amount of JPY above 0, with at most 0 decimals"),
    "coins too small": ("KWD=1.2345", "an amount of KWD above 0, with at most 3 decimals"),
}


def _settings(hold_amounts: str) -> EmspSettings:
    return EmspSettings.from_env({"EMSP_HOLD_AMOUNTS": hold_amounts})


def test_amounts_are_read_for_each_currency() -> None:
    settings = _settings(" EUR=50, sek=600 ,JPY=8000,KWD=15.500")

    assert settings.hold_amounts == {
        "EUR": Decimal(50),
        "SEK": Decimal(600),
        "JPY": Decimal(8000),
        "KWD": Decimal("15.5"),
    }


@pytest.mark.parametrize(("given", "said"), BAD.values(), ids=BAD)
def test_bad_amounts_are_one_sentence(given: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        _settings(given)

    assert str(refused.value).startswith(f"EMSP_HOLD_AMOUNTS is {given!r}: ")
    assert said in str(refused.value)


@pytest.fixture
async def nordic(emsp_database_url: str) -> AsyncIterator[Adapter]:
    """An adapter that takes euros and kronor, and no other money."""
    async with adapter(emsp_database_url, hold_amounts="EUR=50,SEK=600") as running:
        yield running


@pytest.fixture
async def partner(nordic: Adapter) -> AsyncIterator[Cpo]:
    """NL/CPO, registered there."""
    async with cpo(nordic) as registered:
        yield registered


async def _publish(partner: Cpo, currency: str, **evse: Any) -> None:
    """EVSE1, at prices in that currency."""
    await publish(partner, **evse)
    await partner.put("tariffs", "TARIFF1", contracts.tariff(currency=currency))


@pytest.mark.parametrize(("currency", "amount"), [("EUR", "50.00"), ("SEK", "600.00")])
async def test_each_currency_has_its_amount(
    nordic: Adapter, partner: Cpo, currency: str, amount: str
) -> None:
    driver = await nordic.driver()
    await _publish(partner, currency)

    charge = (await start(driver)).json()

    assert charge["payment"]["state"] == "held"
    assert (charge["payment"]["amount"], charge["payment"]["currency"]) == (amount, currency)


@pytest.mark.parametrize("wish", [{}, {"start_at": ahead(hours=1)}], ids=["now", "planned"])
async def test_a_start_in_a_currency_without_an_amount_is_refused_and_nothing_is_sent(
    nordic: Adapter, partner: Cpo, wish: dict[str, str]
) -> None:
    driver = await nordic.driver()
    await _publish(partner, "ISK")

    answer = await start(driver, **wish)

    assert (answer.status_code, answer.json()["detail"]) == (409, REFUSED)
    assert count(partner, "START_SESSION") == 0
    assert await nordic.rows("SELECT id FROM charges") == []
    assert await nordic.rows("SELECT charge_id FROM holds") == []


async def test_a_guest_is_refused_in_the_language_of_the_request(
    nordic: Adapter, partner: Cpo
) -> None:
    code = await sticker(partner)
    await _publish(partner, "ISK")

    async with httpx.AsyncClient(base_url=f"{nordic.url}/app/v1") as client:
        answer = await client.post(
            f"/guest/{code}/charges", json=PAYS, headers={"Accept-Language": "de"}
        )

    said = "Zahlungen in ISK sind hier noch nicht möglich."
    assert (answer.status_code, answer.json()["detail"]) == (409, said)
    assert count(partner, "START_SESSION") == 0


async def test_a_tariff_whose_currency_changed_meanwhile_is_a_refused_hold(
    nordic: Adapter,
) -> None:
    driver = await nordic.driver()

    held = await payments.hold(nordic.office, driver.id, "charge-1", "ISK")

    assert (held.state, held.reason) == ("refused", REFUSED)
    assert await nordic.rows("SELECT charge_id FROM holds") == []


async def test_bills_that_are_collected_elsewhere_need_no_amount(emsp_database_url: str) -> None:
    settings = {"payment": "none", "hold_amounts": "EUR=50"}
    async with adapter(emsp_database_url, **settings) as emsp, cpo(emsp) as partner:
        driver = await emsp.driver()
        await _publish(partner, "ISK")

        answer = await start(driver)

        assert answer.status_code == 201
        assert count(partner, "START_SESSION") == 1


@pytest.mark.parametrize(
    ("currency", "amount", "counted"),
    [("JPY", "8000", 8000), ("KWD", "15.500", 15500), ("KWD", "15.505", 15500)],
    ids=["no decimals", "three decimals", "three decimals, of which Stripe takes two"],
)
async def test_an_amount_is_held_in_the_coins_that_stripe_counts(
    emsp_database_url: str, currency: str, amount: str, counted: int
) -> None:
    async with stripe() as server:
        settings = server.settings | {"hold_amounts": f"{currency}={amount}"}
        async with adapter(emsp_database_url, **settings) as emsp:
            driver = await emsp.driver()
            await pays_with(emsp, driver)

            held = await payments.hold(emsp.office, driver.id, "charge-1", currency)

            assert (held.amount, held.currency) == (amount, currency)
            assert await server.moved() == {("held", counted, currency.lower()): 1}
