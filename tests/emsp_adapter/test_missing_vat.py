"""Where no VAT is shown, whatever tells of the price says why: preview, receipt and statement."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from emsp_adapter.money import billing, plans
from emsp_adapter.store import plans as plan_store
from emsp_adapter.store.plans import Plan
from tests.emsp_adapter.charging import AT_EVSE1, publish
from tests.emsp_adapter.running import Adapter, Driver, adapter, cpo

GOLD = Plan("gold", "Gold", "EUR", Decimal("4.99"), Decimal(0), Decimal(0), Decimal("0.35"))
SAID = "Gold: no VAT is shown, because the provider has set no rate."
OF_A_MONTH = "Where a rate of VAT is missing, none was stated; the receipt says by whom."
AUF_DEUTSCH = (
    "Gold: Mehrwertsteuer ist nicht ausgewiesen, weil der Anbieter keinen Satz festgelegt hat."
)


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is billed but by the steps of the test."""
    monkeypatch.setattr(billing, "_PAUSE", 3600.0)


@pytest.fixture(params=[None, "0", "19"], ids=["no rate", "0 %", "19 %"])
async def emsp(emsp_database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Adapter]:
    """An adapter with such an EMSP_VAT_RATE."""
    async with adapter(emsp_database_url, vat_rate=request.param) as running:
        yield running


async def _with_gold(emsp: Adapter, *, locale: str = "en") -> Driver:
    """A driver who has the plan."""
    driver = await emsp.driver()
    await emsp.rows("UPDATE drivers SET locale = %s RETURNING id", locale)
    async with emsp.db.hot_transaction() as conn:
        await plan_store.add(conn, GOLD)
        await plans.choose(conn, emsp.office, driver.id, "gold")
    return driver


async def test_the_month_of_a_plan_says_so(emsp: Adapter) -> None:
    driver = await _with_gold(emsp)
    await billing.bill_fees(emsp.office)

    (listed,) = (await driver.api.get("/receipts")).json()["receipts"]
    receipt = (await driver.api.get(f"/receipts/{listed['id']}")).json()
    paper = _text(await driver.api.get(f"/receipts/{listed['id']}/pdf"))

    missing = emsp.settings.vat_rate is None
    assert receipt["remarks"] == ([SAID] if missing else [])
    assert (SAID in paper) is missing


async def test_a_statement_says_so(emsp: Adapter) -> None:
    driver = await _with_gold(emsp)
    await billing.bill_fees(emsp.office)
    month = f"{emsp.office.now():%Y-%m}"

    statement = (await driver.api.get(f"/statements/{month}")).json()
    paper = _text(await driver.api.get(f"/statements/{month}/pdf"))

    missing = emsp.settings.vat_rate is None
    assert statement["remarks"] == ([OF_A_MONTH] if missing else [])
    assert (OF_A_MONTH in paper) is missing


async def test_a_preview_says_so(emsp: Adapter) -> None:
    driver = await _with_gold(emsp)
    async with cpo(emsp) as partner:
        await publish(partner)

        price = (await driver.api.get("/prices", params=AT_EVSE1)).json()

    assert (SAID in price["remarks"]) is (emsp.settings.vat_rate is None)


async def test_the_plans_on_offer_say_what_vat_is_added(emsp: Adapter) -> None:
    driver = await _with_gold(emsp)

    offered = (await driver.api.get("/plans")).json()

    expected: dict[Any, str] = {
        None: "The amounts are without VAT, of which the provider has set no rate.",
        Decimal(0): "VAT of 0 % is added to the amounts.",
        Decimal(19): "VAT of 19 % is added to the amounts.",
    }
    assert offered["remarks"] == [expected[emsp.settings.vat_rate]]


async def test_it_is_said_in_the_language_of_the_driver(emsp_database_url: str) -> None:
    async with adapter(emsp_database_url) as emsp:
        driver = await _with_gold(emsp, locale="de")
        await billing.bill_fees(emsp.office)
        month = f"{emsp.office.now():%Y-%m}"
        german = {"Accept-Language": "de"}

        (listed,) = (await driver.api.get("/receipts")).json()["receipts"]
        receipt = (await driver.api.get(f"/receipts/{listed['id']}")).json()
        statement = (await driver.api.get(f"/statements/{month}", headers=german)).json()
        offered = (await driver.api.get("/plans", headers=german)).json()

    assert receipt["remarks"] == [AUF_DEUTSCH]
    assert statement["remarks"] == [
        "Wo ein Mehrwertsteuersatz fehlt, wurde keiner genannt; der Beleg sagt, von wem."
    ]
    assert statement["note"] == "Vorführung: Es wird kein Geld bewegt."
    assert offered["remarks"] == [
        "Die Beträge sind ohne Mehrwertsteuer; der Anbieter hat keinen Satz festgelegt."
    ]


def _text(answer: httpx.Response) -> str:
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
