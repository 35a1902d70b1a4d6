"""Receipts, statements, plans and prices as an app sees them, and on paper."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from emsp_adapter.money import billing, prices
from emsp_adapter.network import places
from emsp_adapter.store import plans as plan_store
from emsp_adapter.store.plans import Plan
from tests import samples
from tests.emsp_adapter import billed, contracts
from tests.emsp_adapter.running import EVERY_SCOPE, Adapter, Cpo, adapter

_MARKUP = '#image("/etc/passwd") *bold* $x$ <a> \\ `code` // @ref'


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is billed but by the steps of the test."""
    monkeypatch.setattr(billing, "_PAUSE", 3600.0)


def _text(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


async def test_a_receipt_names_everything_and_sums(emsp_database_url: str) -> None:
    settings: dict[str, Any] = {
        "company": "Volt & Söhne GmbH",
        "company_address": "Ladeweg 1; 10115 Berlin",
        "vat_id": "DE123456789",
        "vat_rate": Decimal(19),
    }
    async with adapter(emsp_database_url, **settings) as emsp:
        driver = await emsp.driver()
        bill = await billed.for_cdr(emsp, driver, gross="6.10")

        found = (await driver.api.get(f"/receipts/{bill.id}")).json()
        said = _text(await driver.api.get(f"/receipts/{bill.id}/pdf"))

    assert (found["net"], found["vat"], found["gross"]) == ("6.10", "1.16", "7.26")
    assert sum(Decimal(line["gross"]) for line in found["lines"]) == Decimal("7.26")
    assert found["vat_rows"] == [{"vat_rate": "19", "net": "6.10", "vat": "1.16", "gross": "7.26"}]
    for part in (
        bill.number,
        "Volt & Söhne GmbH",
        "10115 Berlin",
        "DE123456789",
        "CDR1",
        "S-CDR1",
        "20 kWh",
        "19 %",
        "7.26 EUR",
        "Demonstration: no money is moved.",
    ):
        assert part in said


async def test_what_others_wrote_is_never_markup(emsp: Adapter) -> None:
    driver = await emsp.driver()
    place = contracts.cdr(await contracts.card(emsp, driver))["cdr_location"]
    bill = await billed.for_cdr(emsp, driver, cdr_location=place | {"name": _MARKUP})

    said = _text(await driver.api.get(f"/receipts/{bill.id}/pdf"))

    assert _MARKUP in said


async def test_no_operator_turns_the_words_of_a_paper_round(emsp: Adapter) -> None:
    driver = await emsp.driver()
    place = contracts.cdr(await contracts.card(emsp, driver))["cdr_location"]
    bill = await billed.for_cdr(emsp, driver, cdr_location=place | {"name": "Quay\u202e 52\u200b1"})

    said = _text(await driver.api.get(f"/receipts/{bill.id}/pdf"))

    assert "Quay 521" in said


async def test_a_receipt_speaks_the_drivers_language(emsp: Adapter) -> None:
    driver = await emsp.driver()
    await emsp.rows("UPDATE drivers SET locale = 'de' RETURNING id")
    bill = await billed.for_cdr(emsp, driver, gross="1234.50")

    found = (await driver.api.get(f"/receipts/{bill.id}", headers={"Accept-Language": "en"})).json()
    said = _text(await driver.api.get(f"/receipts/{bill.id}/pdf"))

    assert (found["language"], found["lines"][0]["text"]) == ("de", "Startgebühr")
    assert "Rechnung" in said
    assert "1.234,50 EUR" in said


async def test_a_credit_note_names_what_it_takes_back(emsp: Adapter) -> None:
    driver = await emsp.driver()
    bill = await billed.for_cdr(emsp, driver, gross="7.26")
    await emsp.parts.billing.settling.step()
    await billed.credit_of(emsp, bill)

    (credit, original) = (await driver.api.get("/receipts")).json()["receipts"]
    said = _text(await driver.api.get(credit["pdf"].removeprefix("/app/v1")))

    assert (credit["kind"], credit["gross"], original["gross"]) == ("credit", "-7.26", "7.26")
    assert "Credit note" in said
    assert bill.number in said
    assert "-7.26 EUR" in said


async def test_receipts_come_in_pages_the_newest_first(emsp: Adapter) -> None:
    driver = await emsp.driver()
    for count in (1, 2, 3):
        await billed.for_cdr(emsp, driver, cdr_id=f"CDR{count}")

    first = (await driver.api.get("/receipts?limit=2")).json()
    second = (await driver.api.get(f"/receipts?limit=2&cursor={first['next']}")).json()

    numbers = [each["number"][-1] for each in first["receipts"] + second["receipts"]]
    assert (numbers, second["next"]) == (["3", "2", "1"], None)


@pytest.mark.parametrize("path", ["/receipts/{}", "/receipts/{}/pdf"])
async def test_a_receipt_of_another_driver_is_not_there(emsp: Adapter, path: str) -> None:
    driver, other = await emsp.driver(), await emsp.driver("eve@drivers.example")
    bill = await billed.for_cdr(emsp, driver)

    answer = await other.api.get(path.format(bill.id))

    assert answer.status_code == 404


async def test_paying_a_receipt_that_is_paid_is_refused(emsp: Adapter) -> None:
    driver = await emsp.driver()
    bill = await billed.for_cdr(emsp, driver)
    await emsp.parts.billing.settling.step()

    answer = await driver.api.post(f"/receipts/{bill.id}/pay")

    assert answer.status_code == 409


async def test_a_month_sums_what_its_receipts_say(emsp: Adapter) -> None:
    driver = await emsp.driver()
    await billed.for_cdr(emsp, driver, cdr_id="CDR1", gross="7.26")
    await billed.for_cdr(emsp, driver, cdr_id="CDR2", gross="2.74")
    month = f"{emsp.office.now():%Y-%m}"

    listed = (await driver.api.get("/statements")).json()
    found = (await driver.api.get(f"/statements/{month}")).json()
    said = _text(await driver.api.get(f"/statements/{month}/pdf"))

    total = {"currency": "EUR", "net": "10.00", "vat": "0.00", "gross": "10.00"}
    assert found["totals"] == [total]
    assert [each["month"] for each in listed["statements"]] == [month]
    assert "10.00 EUR" in said


@pytest.mark.parametrize("month", ["2020-01", "2026-13", "now", "2026-1"])
async def test_a_month_without_receipts_is_not_there(emsp: Adapter, month: str) -> None:
    driver = await emsp.driver()

    assert (await driver.api.get(f"/statements/{month}")).status_code == 404


# --- plans and payment methods -------------------------------------------------------------------


async def test_a_plan_with_a_fee_holds_to_the_end_of_its_month(emsp: Adapter) -> None:
    driver = await emsp.driver()
    gold = Plan("gold", "Gold", "EUR", Decimal("4.99"), Decimal(1), Decimal(0), Decimal(0))
    async with emsp.db.hot_transaction() as conn:
        await plan_store.add(conn, gold)

    chosen = (await driver.api.put("/plan", json={"id": "gold"})).json()
    left = (await driver.api.put("/plan", json={"id": "payg"})).json()

    assert (chosen["current"], chosen["next_plan"]) == ("gold", None)
    assert (left["current"], left["next_plan"]["id"]) == ("gold", "payg")
    assert left["next_plan"]["since"].endswith("-01T00:00:00.000Z")
    assert [each["id"] for each in left["plans"]] == ["payg", "gold"]


async def test_a_plan_that_was_to_follow_is_taken_back(emsp: Adapter) -> None:
    driver = await emsp.driver()
    gold = Plan("gold", "Gold", "EUR", Decimal("4.99"), Decimal(1), Decimal(0), Decimal(0))
    async with emsp.db.hot_transaction() as conn:
        await plan_store.add(conn, gold)
    await driver.api.put("/plan", json={"id": "gold"})
    await driver.api.put("/plan", json={"id": "payg"})

    kept = (await driver.api.put("/plan", json={"id": "gold"})).json()

    assert (kept["current"], kept["next_plan"]) == ("gold", None)


async def test_a_plan_says_when_it_would_begin(emsp: Adapter) -> None:
    driver = await emsp.driver()
    gold = Plan("gold", "Gold", "EUR", Decimal("4.99"), Decimal(1), Decimal(0), Decimal(0))
    async with emsp.db.hot_transaction() as conn:
        await plan_store.add(conn, gold)
    before = (await driver.api.get("/plans")).json()["plans"]

    after = (await driver.api.put("/plan", json={"id": "gold"})).json()["plans"]
    left = (await driver.api.put("/plan", json={"id": "payg"})).json()["next_plan"]["since"]

    assert [(each["id"], each["begins"]) for each in before] == [("payg", None), ("gold", None)]
    assert [(each["id"], each["begins"]) for each in after] == [("payg", left), ("gold", None)]


@pytest.mark.parametrize(
    ("vat_rate", "month"), [(None, "4.99"), ("19", "5.94")], ids=["no VAT", "VAT"]
)
async def test_a_plan_says_what_a_month_is_charged_with(
    emsp_database_url: str, vat_rate: str | None, month: str
) -> None:
    async with adapter(emsp_database_url, vat_rate=vat_rate) as emsp:
        driver = await emsp.driver()
        gold = Plan("gold", "Gold", "EUR", Decimal("4.99"), Decimal(1), Decimal(0), Decimal(0))
        async with emsp.db.hot_transaction() as conn:
            await plan_store.add(conn, gold)

        chosen = (await driver.api.put("/plan", json={"id": "gold"})).json()["plans"]
        await billing.bill_fees(emsp.office)
        (receipt,) = (await driver.api.get("/receipts")).json()["receipts"]

    assert [each["monthly_gross"] for each in chosen] == ["0.00", month]
    assert receipt["gross"] == month


async def test_a_plan_that_is_not_offered_is_refused(emsp: Adapter) -> None:
    driver = await emsp.driver()

    answer = await driver.api.put("/plan", json={"id": "none"})

    assert (answer.status_code, answer.json()["field"]) == (422, "id")


async def test_the_demo_card_says_that_it_moves_no_money(emsp: Adapter) -> None:
    driver = await emsp.driver()

    added = await driver.api.post("/payment-methods", json={"kind": "demo"})
    listed = (await driver.api.get("/payment-methods")).json()

    assert added.status_code == 201
    assert "no money" in added.json()["label"]
    assert "no money" in added.json()["note"]
    assert listed["payment_methods"] == [added.json()]


async def test_the_newest_other_card_is_used_when_one_is_removed(emsp: Adapter) -> None:
    driver = await emsp.driver()
    first, second = [
        (await driver.api.post("/payment-methods", json={"kind": "demo"})).json()["id"]
        for _ in range(2)
    ]

    removed = await driver.api.delete(f"/payment-methods/{second}")
    again = await driver.api.delete(f"/payment-methods/{second}")

    assert (removed.status_code, again.status_code) == (204, 404)
    (left,) = (await driver.api.get("/payment-methods")).json()["payment_methods"]
    assert (left["id"], left["default"]) == (first, True)


@pytest.mark.parametrize(
    "given", [{}, {"kind": "cash"}, {"kind": "demo", "setup": "cs_1"}, {"setup": 5}]
)
async def test_a_payment_method_is_one_or_the_other(emsp: Adapter, given: dict[str, Any]) -> None:
    driver = await emsp.driver()

    assert (await driver.api.post("/payment-methods", json=given)).status_code == 422


async def test_a_card_of_another_driver_is_not_there(emsp: Adapter) -> None:
    driver, other = await emsp.driver(), await emsp.driver("eve@drivers.example")
    added = (await driver.api.post("/payment-methods", json={"kind": "demo"})).json()

    assert (await other.api.delete(f"/payment-methods/{added['id']}")).status_code == 404


async def test_scopes_are_kept_apart(emsp: Adapter) -> None:
    driver = await emsp.driver()
    others = " ".join(scope for scope in EVERY_SCOPE.split() if scope not in ("history", "account"))
    api = await emsp.api(driver.id, scope=others)

    answers = [await api.get(path) for path in ("/receipts", "/plans", "/payment-methods")]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


# --- prices --------------------------------------------------------------------------------------


async def test_a_price_before_plug_in_names_its_parts(emsp: Adapter, partner: Cpo) -> None:
    await contracts.publish(partner)
    driver = await emsp.driver()
    where = {"location": "NL*CPO*LOC1", "evse_uid": "EVSE1"}

    answer = await driver.api.get("/prices", params=where | {"energy_kwh": "20", "minutes": "600"})

    found = answer.json()
    assert found["total"] == {"net": "6.00", "vat": "1.26", "gross": "7.26"}
    assert found["tariff"]["elements_text"] == ["0.30 EUR plus 21 % VAT per kWh."]
    assert found["remarks"][0].startswith("For 20 kWh at ")


async def test_a_stay_too_short_says_what_it_gives(emsp: Adapter, partner: Cpo) -> None:
    await contracts.publish(partner)
    driver = await emsp.driver()
    where = {"location": "NL*CPO*LOC1", "evse_uid": "EVSE1"}

    found = await driver.api.get("/prices", params=where | {"energy_kwh": "900", "minutes": "6"})

    assert any("In 6 minutes this plug gives at most" in said for said in found.json()["remarks"])


def _connector(**changes: Any) -> dict[str, Any]:
    return {"evses": [samples.evse(connectors=[samples.connector(**changes)])]}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"time_zone": "Nix/Da"}, id="time zone"),
        pytest.param(_connector(max_electric_power=-5), id="power below 0"),
        pytest.param(_connector(max_electric_power=1), id="next to no power"),
    ],
)
async def test_what_an_operator_says_wrong_is_no_mistake_of_the_driver(
    emsp: Adapter, partner: Cpo, changes: dict[str, Any]
) -> None:
    await contracts.publish(partner)
    later = contracts.moment(contracts.ENDED)
    await partner.put("locations", "LOC1", samples.location(last_updated=later, **changes))
    driver = await emsp.driver()

    query = {"location": "NL*CPO*LOC1", "evse_uid": "EVSE1"}
    answer = await driver.api.get("/prices", params=query)

    assert (answer.status_code, answer.json()["computable"]) == (200, False)
    assert answer.json()["remarks"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"location": "NL*CPO*NONE", "evse_uid": "EVSE1"}, 404),
        ({"location": "NL*CPO*LOC1", "evse_uid": "NONE"}, 404),
        ({"location": "NL*CPO*LOC1"}, 422),
        ({"location": "NL*CPO*LOC1", "evse_uid": "EVSE1", "energy_kwh": "NaN"}, 422),
        ({"location": "NL*CPO*LOC1", "evse_uid": "EVSE1", "energy_kwh": "1e9"}, 422),
        ({"location": "NL*CPO*LOC1", "evse_uid": "EVSE1", "minutes": "-1"}, 422),
    ],
)
async def test_a_price_needs_a_plug_and_an_energy(
    emsp: Adapter, partner: Cpo, query: dict[str, str], status: int
) -> None:
    await contracts.publish(partner)
    driver = await emsp.driver()

    assert (await driver.api.get("/prices", params=query)).status_code == status


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="its periods"),
        pytest.param({"charging_periods": None, "kwh": Decimal(20)}, id="only an energy"),
    ],
)
async def test_the_running_cost_is_that_of_the_tariff(
    emsp: Adapter, partner: Cpo, changes: dict[str, Any]
) -> None:
    await contracts.publish(partner)
    driver = await emsp.driver()
    session = contracts.session(await contracts.card(emsp, driver)) | changes

    async with emsp.db.hot() as conn:
        plug = await places.plug(conn, "NL*CPO*LOC1", "EVSE1")
        found = await prices.running(conn, emsp.office, driver.id, session, plug)

    assert found.document()["total"]["gross"] == "7.26"


async def test_a_session_that_makes_no_sense_has_no_running_cost(
    emsp: Adapter, partner: Cpo
) -> None:
    await contracts.publish(partner)
    driver = await emsp.driver()
    session = contracts.session(await contracts.card(emsp, driver))
    session["charging_periods"] = [{"start_date_time": "yesterday", "dimensions": []}]

    async with emsp.db.hot() as conn:
        plug = await places.plug(conn, "NL*CPO*LOC1", "EVSE1")
        found = await prices.running(conn, emsp.office, driver.id, session, plug)

    assert not found.computable


async def test_the_mail_about_a_receipt_encloses_it(emsp: Adapter) -> None:
    driver = await emsp.driver()
    bill = await billed.for_cdr(emsp, driver, gross="6.10")
    await emsp.parts.billing.settling.step()

    mail = await emsp.mail_to("ada@drivers.example", subject="Your receipt")

    (enclosed,) = mail.iter_attachments()
    assert enclosed.get_filename() == f"receipt-{bill.number}.pdf"
    content = enclosed.get_content()
    assert bill.number in PdfReader(io.BytesIO(content)).pages[0].extract_text()
