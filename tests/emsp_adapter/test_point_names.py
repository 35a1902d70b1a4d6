"""A charging point has one name for its driver, whatever tells of it: what is written at it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from emsp_adapter.network.place_cards import point_name
from tests import samples
from tests.emsp_adapter import contracts
from tests.emsp_adapter.charging import (
    AT_EVSE1,
    ahead,
    answers,
    heard,
    publish,
    result,
    start,
)
from tests.emsp_adapter.contracts import costing
from tests.emsp_adapter.running import Adapter, Cpo
from tests.partners import eventually

KNOWN = {
    "by what is written at it": ({"physical_reference": "A1", "evse_id": "NL*CPO*E1"}, "A1"),
    "by its EVSE id": ({"physical_reference": None, "evse_id": "NL*CPO*E1"}, "NL*CPO*E1"),
    "by its uid": ({"physical_reference": None, "evse_id": None}, "EVSE1"),
    "before EVSE ids were kept": ({"physical_reference": None}, "EVSE1"),
}


@pytest.mark.parametrize(("card", "name"), KNOWN.values(), ids=KNOWN)
def test_a_point_is_called(card: dict[str, Any], name: str) -> None:
    assert point_name(card, "EVSE1") == name


@pytest.mark.parametrize("written", ["A1", None], ids=["with a sign", "without a sign"])
async def test_a_receipt_names_the_point_as_the_app_does(
    emsp: Adapter, partner: Cpo, written: str | None
) -> None:
    driver = await emsp.driver()
    token = await contracts.card(emsp, driver)
    await publish(partner, physical_reference=written)
    await partner.post_cdr(contracts.cdr(token))
    name = written or "NL*CPO*E1"

    async def billed() -> bool:
        return bool((await driver.api.get("/receipts")).json()["receipts"])

    await eventually(billed)
    (listed,) = (await driver.api.get("/receipts")).json()["receipts"]
    receipt = (await driver.api.get(f"/receipts/{listed['id']}")).json()
    paper = await driver.api.get(f"/receipts/{listed['id']}/pdf")
    assert receipt["about"]["evse"] == name
    assert receipt["about"]["operator"] == samples.business_details()["name"]
    assert f"Charging point {name} " in _text(paper.content)


async def test_a_mail_about_a_start_names_the_point_as_the_app_does(
    emsp: Adapter, partner: Cpo
) -> None:
    driver = await emsp.driver()
    await publish(partner, physical_reference="A1")
    answers(partner, result="REJECTED")

    await start(driver)

    mail = await emsp.mail_to("ada@drivers.example", subject="Charging did not start")
    assert "\nCharging point: A1\n" in mail.get_content()


async def test_a_mail_about_a_reservation_names_the_point_as_the_app_does(
    emsp: Adapter, partner: Cpo
) -> None:
    driver = await emsp.driver()
    await publish(partner, physical_reference="A1", capabilities=["RESERVABLE"])

    await driver.api.post("/reservations", json=AT_EVSE1 | {"until": ahead(seconds=3)})
    await result(partner, heard(partner, "RESERVE_NOW"))

    mail = await emsp.mail_to("ada@drivers.example", subject="Your reservation has ended")
    assert "\nCharging point: A1\n" in mail.get_content()


async def test_a_mail_about_a_dispute_names_the_point_as_the_app_does(
    emsp: Adapter, partner: Cpo
) -> None:
    driver = await emsp.driver()
    token = await contracts.card(emsp, driver)
    await publish(partner, physical_reference="A1")

    await partner.post_cdr(contracts.cdr(token, **costing("9.00", "10.89")))

    mail = await emsp.mail_to("ada@drivers.example", subject="We are checking a charge")
    assert "\nCharging point: A1\n" in mail.get_content()


def _text(paper: bytes) -> str:
    pages = PdfReader(io.BytesIO(paper)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
