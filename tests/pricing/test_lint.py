"""What is wrong with a tariff before anybody is billed with it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.pricing import lint
from tests.pricing.cases import element, limits, tariff

_NOW = datetime(2026, 2, 10, tzinfo=UTC)
_ALWAYS = element("ENERGY 0.30 vat 21")

_WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no elements": (tariff([]), "no_elements", "/elements"),
    "no currency of ISO 4217": (tariff([_ALWAYS], currency="EUX"), "unknown_currency", "/currency"),
    "never valid": (
        tariff(
            [_ALWAYS],
            start_date_time="2026-03-01T00:00:00Z",
            end_date_time="2026-02-20T00:00:00Z",
        ),
        "never_valid",
        "/end_date_time",
    ),
    "expired": (
        tariff([_ALWAYS], end_date_time="2026-02-01T00:00:00Z"),
        "expired",
        "/end_date_time",
    ),
    "a second component of a dimension": (
        tariff([element("ENERGY 0.30", "ENERGY 0.40")]),
        "duplicate_dimension",
        "/elements/0/price_components/1",
    ),
    "an element that is never reached": (
        tariff([_ALWAYS, element("ENERGY 0.20 vat 21", max_kwh=10)]),
        "unreachable_component",
        "/elements/1/price_components/0",
    ),
    "an empty window": (
        tariff([element("ENERGY 0.20", min_kwh=10, max_kwh=10), element("ENERGY 0.30")]),
        "impossible_window",
        "/elements/0/restrictions/max_kwh",
    ),
    "equal times": (
        tariff([element("ENERGY 0.20", start_time="08:00", end_time="08:00")]),
        "start_equals_end",
        "/elements/0/restrictions/end_time",
    ),
    "a misspelt restriction": (
        tariff([element("ENERGY 0.20", dayOfWeek=["SUNDAY"])]),
        "misspelt_field",
        "/elements/0/restrictions/dayOfWeek",
    ),
    "hours without a price": (
        tariff([element("ENERGY 0.20", start_time="06:00", end_time="22:00")]),
        "no_fallback",
        "/elements",
    ),
    "energy priced by reservation": (
        tariff([element("ENERGY 0.20", reservation="RESERVATION")]),
        "not_for_reservations",
        "/elements/0/price_components/0",
    ),
    "a step that parking absorbs": (
        tariff([element("TIME 3.00 step 300", "PARKING_TIME 2.00")]),
        "time_step_without_effect",
        "/elements/0/price_components/0/step_size",
    ),
    "steps of a FLAT": (
        tariff([element("FLAT 1.00 step 60")]),
        "step_size_on_flat",
        "/elements/0/price_components/0/step_size",
    ),
    "a step of 0": (
        tariff([element("ENERGY 0.30 step 0")]),
        "step_size_zero",
        "/elements/0/price_components/0/step_size",
    ),
    "minutes for seconds": (
        tariff([element("TIME 3.00 step 15")]),
        "step_size_unit",
        "/elements/0/price_components/0/step_size",
    ),
    "a price per minute": (
        tariff([element("TIME 0.05")]),
        "price_per_minute",
        "/elements/0/price_components/0/price",
    ),
    "a negative price": (
        tariff([element("ENERGY -0.10")]),
        "negative_price",
        "/elements/0/price_components/0/price",
    ),
    "too much VAT": (
        tariff([element("ENERGY 0.30 vat 121")]),
        "vat_out_of_range",
        "/elements/0/price_components/0/vat",
    ),
    "VAT here and none there": (
        tariff([element("ENERGY 0.30 vat 21", "FLAT 1.00")]),
        "vat_mixed",
        "/elements/0/price_components/1",
    ),
    "several FLATs": (
        tariff([element("FLAT 1.00", max_duration=60), element("FLAT 2.00")]),
        "several_flats",
        "/elements/1/price_components/0",
    ),
    "crossing limits": (
        tariff([_ALWAYS], min_price=limits("9", "9"), max_price=limits("8", "8")),
        "limits_cross",
        "/min_price",
    ),
    "a limit without VAT": (
        tariff([_ALWAYS], max_price=limits("8")),
        "limit_without_incl_vat",
        "/max_price",
    ),
    "a limit lower with VAT": (
        tariff([_ALWAYS], max_price=limits("8", "7")),
        "limit_incl_below_excl",
        "/max_price",
    ),
    "a terminal that reserves too little": (
        tariff([_ALWAYS], max_price=limits("80", "90"), preauthorize_amount=Decimal(50)),
        "preauthorisation_too_low",
        "/preauthorize_amount",
    ),
}


@pytest.mark.parametrize(("document", "code", "where"), _WRONG.values(), ids=_WRONG)
def test_a_mistake_is_found_where_it_is(document: dict[str, Any], code: str, where: str) -> None:
    remarks = lint(document, now=_NOW)
    assert (code, where) in [(each.code, each.where) for each in remarks]


_FINE = {
    "one price": tariff([_ALWAYS]),
    "free of charge": tariff([element("FLAT 0.00")]),
    "windows that cover the day": tariff(
        [
            element("ENERGY 0.20", start_time="06:00", end_time="22:00"),
            element("ENERGY 0.10", start_time="22:00", end_time="06:00"),
        ]
    ),
    "days that cover the week": tariff(
        [
            element("ENERGY 0.20", day_of_week=["SATURDAY", "SUNDAY"]),
            element(
                "ENERGY 0.30",
                day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
            ),
        ]
    ),
    "tiers of power that cover all": tariff(
        [element("ENERGY 0.20", max_power=11), element("ENERGY 0.30", min_power=11)]
    ),
}


@pytest.mark.parametrize("document", _FINE.values(), ids=_FINE)
def test_a_sound_tariff_has_no_remarks(document: dict[str, Any]) -> None:
    assert lint(document, now=_NOW) == []


def test_a_gap_is_named() -> None:
    gap = tariff([element("TIME 2.00", day_of_week=["MONDAY"], max_duration=3600)])
    (remark,) = lint(gap, now=_NOW)
    assert remark.message == (
        "TIME costs nothing when: day_of_week from MONDAY,"
        " min_duration and max_duration from 3600 s"
    )
