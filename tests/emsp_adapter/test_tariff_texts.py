"""Tariffs in plain words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from emsp_adapter.money.price_texts import language_of
from emsp_adapter.money.tariff_texts import elements_text
from ocpi_hub.pricing import compile_tariff
from tests.emsp_adapter.test_driver_price import component, tariff

_KWH = component("ENERGY", "0.3", vat=None)


def _said(restrictions: dict[str, Any], language: str) -> str:
    element = {"price_components": [_KWH], "restrictions": restrictions}
    (sentence,) = elements_text(compile_tariff(tariff(elements=[element])), language)
    return sentence


@pytest.mark.parametrize(
    ("restrictions", "english", "german"),
    [
        pytest.param({}, "0.30 EUR per kWh.", "0,30 EUR je kWh.", id="none"),
        pytest.param(
            {"start_time": "22:00", "end_time": "06:00"},
            "0.30 EUR per kWh, from 22:00 to 06:00.",
            "0,30 EUR je kWh, von 22:00 bis 06:00 Uhr.",
            id="a window",
        ),
        pytest.param(
            {"day_of_week": ["SATURDAY", "SUNDAY"]},
            "0.30 EUR per kWh, Saturday and Sunday.",
            "0,30 EUR je kWh, Samstag und Sonntag.",
            id="days",
        ),
        pytest.param(
            {"max_kwh": Decimal("10.5")},
            "0.30 EUR per kWh, for the first 10.5 kWh.",
            "0,30 EUR je kWh, für die ersten 10,5 kWh.",
            id="up to an energy",
        ),
        pytest.param(
            {"min_duration": 5400},
            "0.30 EUR per kWh, from minute 90.",
            "0,30 EUR je kWh, ab Minute 90.",
            id="after a time",
        ),
        pytest.param(
            {"min_power": 50, "max_power": 150},
            "0.30 EUR per kWh, at 50 kW up to 150 kW.",
            "0,30 EUR je kWh, bei 50 kW bis 150 kW.",
            id="a power",
        ),
    ],
)
def test_an_element_is_a_sentence(restrictions: dict[str, Any], english: str, german: str) -> None:
    assert _said(restrictions, "en") == english
    assert _said(restrictions, "de") == german


def test_a_reservation_has_words_of_its_own() -> None:
    element = {
        "price_components": [component("FLAT", "4"), component("TIME", "2", vat="9")],
        "restrictions": {"reservation": "RESERVATION_EXPIRES"},
    }

    (said,) = elements_text(compile_tariff(tariff(elements=[element])), "en")

    assert said == (
        "4.00 EUR plus 21 % VAT once and 2.00 EUR plus 9 % VAT per reserved hour,"
        " for a reservation that is not used."
    )


def test_limits_and_what_is_too_much_are_said_last() -> None:
    many = tariff(elements=[{"price_components": [_KWH]}] * 35, max_price={"excl_vat": Decimal(9)})

    said = elements_text(compile_tariff(many), "en")

    assert said[-2:] == ["and 5 more rules", "At most 9.00 EUR for each session."]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("de", "de"),
        ("de-AT, en;q=0.5", "de"),
        ("en;q=0.3, de;q=0.9", "de"),
        ("fr, nl", "en"),
        ("de;q=0, en", "en"),
        ("*;q=bad,\x00,;;;", "en"),
    ],
)
def test_the_language_is_the_first_that_is_spoken(header: str | None, language: str) -> None:
    assert language_of(header) == language
