"""The sentence of a verdict: short, and it names the line that is wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.pricing import compare, price
from tests.pricing.cases import Case, cdr, cleared, element, limits, period, tariff

_FEE_AND_ENERGY = Case(
    [element("FLAT 1.20 vat 20", "ENERGY 0.30 vat 10")], [period("10:00", ENERGY=10)], "", "11:00"
)
_ENERGY = Case([element("ENERGY 0.25")], [period("10:00", ENERGY=20)], "", "11:00")
_LIMITED = Case(
    [element("ENERGY 0.25")],
    [period("10:00", ENERGY=100)],
    "",
    "11:00",
    tariff={"max_price": limits("20.00", "20.00")},
)
_TIMES = Case(
    [element("TIME 2.00 step 1800", "PARKING_TIME 4.00 step 600")],
    [period("10:00", TIME="0.35"), period("10:21", PARKING_TIME="0.2667")],
    "",
    "10:37",
)
_TIERS = Case(
    [element("ENERGY 0.50", max_kwh=10), element("ENERGY 0.20")],
    [period("10:00", ENERGY=8), period("11:00", ENERGY=8)],
    "",
    "12:00",
)
_STEPS = Case([element("ENERGY 0.40 step 3000")], [period("10:00", ENERGY=14)], "", "11:00")
_PERIODS = Case(
    [element("ENERGY 0.30", start_time="13:00"), element("ENERGY 0.20")],
    [period("10:00", ENERGY=4), period("11:00", ENERGY=6), period("12:00", ENERGY=5)],
    "",
    "13:00",
)

_SAID: dict[str, tuple[Case, dict[str, Any], str]] = {
    "ten cents too much for energy": (
        _FEE_AND_ENERGY,
        {"total_cost": limits("4.30", "4.85"), "total_energy_cost": limits("3.10", "3.41")},
        "total_energy_cost 3.10 EUR is 0.10 more than 3.00 (10 kWh x 0.30),"
        " and total_cost is 0.10 too high",
    ),
    "only the total is claimed": (
        _ENERGY,
        {"total_cost": limits("5.10"), "total_energy_cost": None},
        "total_cost 5.10 EUR is 0.10 more than 5.00 (20 kWh x 0.25)",
    ),
    "the total alone is wrong": (
        _FEE_AND_ENERGY,
        {"total_cost": limits("4.30", "4.84")},
        "total_cost 4.30 EUR is 0.10 more than 4.20"
        " (total_fixed_cost 1.20 + total_energy_cost 3.00)",
    ),
    "a line left out": (
        _FEE_AND_ENERGY,
        {"total_cost": limits("3.00", "3.30")},
        "total_cost 3.00 EUR is 1.20 less than 4.20"
        " (total_fixed_cost 1.20 + total_energy_cost 3.00),"
        " as if total_fixed_cost 1.20 was left out",
    ),
    "a line counted twice": (
        _FEE_AND_ENERGY,
        {"total_cost": limits("5.40", "6.18")},
        "total_cost 5.40 EUR is 1.20 more than 4.20"
        " (total_fixed_cost 1.20 + total_energy_cost 3.00),"
        " as if total_fixed_cost 1.20 was counted twice",
    ),
    "a partial cost": (
        _FEE_AND_ENERGY,
        {"total_fixed_cost": limits("2.00")},
        "total_fixed_cost 2.00 EUR is 0.80 more than 1.20 (FLAT 1.20)",
    ),
    "several partial costs": (
        _TIMES,
        {
            "total_cost": limits("3.5", "3.5"),
            "total_time_cost": limits("1.5", "1.5"),
            "total_parking_cost": limits("2", "2"),
        },
        "total_time_cost 1.50 EUR is 0.80 more than 0.70 (0.35 h x 2.00),"
        " and total_cost is 1.4667 too high;"
        " total_parking_cost 2.00 EUR is 0.6667 more than 1.3333",
    ),
    "something that has no price": (
        _ENERGY,
        {"total_parking_cost": limits("2.00")},
        "total_parking_cost 2.00 EUR is 2.00 more than 0.00 (nothing in the tariff prices it)",
    ),
    "only the VAT": (
        _FEE_AND_ENERGY,
        {"total_cost": limits("4.20", "5.04"), "total_energy_cost": limits("3.00", "3.60")},
        "total_energy_cost with VAT 3.60 EUR is 0.30 more than 3.30"
        " (10 kWh x 0.30, with 10 % VAT), and total_cost is 0.30 too high",
    ),
    "a quantity": (
        _ENERGY,
        {"total_energy": Decimal("20.5")},
        "total_energy 20.5 kWh is 0.5 more than 20 (the sum of the periods)",
    ),
    "a price limit": (
        _LIMITED,
        {"total_cost": limits("25.00"), "total_energy_cost": None},
        "total_cost 25.00 EUR is 5.00 more than 20.00 (the max_price);"
        " it is billed as if there were no min_price and max_price",
    ),
    "a step": (
        _STEPS,
        {"total_cost": limits("5.60"), "total_energy_cost": None},
        "total_cost 5.60 EUR is 0.40 less than 6.00 (14 kWh x 0.40 + 1 kWh for step_size);"
        " it is billed as if there was no step_size",
    ),
    "periods at the same price are one line": (
        _PERIODS,
        {"total_cost": limits("4.00"), "total_energy_cost": None},
        "total_cost 4.00 EUR is 0.50 more than 3.50 (10 kWh x 0.20 + 5 kWh x 0.30)",
    ),
    "a Credit CDR with the wrong sign": (
        _ENERGY,
        {"credit": True, "credit_reference_id": "CDR0", "total_cost": limits("5.00")},
        "total_cost 5.00 EUR is 10.00 more than -5.00 (what a Credit CDR gives back)",
    ),
    "less than a cent": (
        _ENERGY,
        {"total_cost": limits("5.00001"), "total_energy_cost": None},
        "total_cost 5.00001 EUR is 0.00001 more than 5.00 (20 kWh x 0.25)",
    ),
    "a rounding": (
        Case([element("ENERGY 0.317")], [period("10:00", ENERGY=6)], "", "11:00"),
        {"total_cost": limits("1.91"), "total_energy_cost": None},
        "every claimed amount is right with the total rounded up to 2 decimals",
    ),
    "a price that is open": (
        _TIERS,
        {"total_cost": limits("6.20"), "total_energy_cost": None},
        "total_cost 6.20 EUR may be right, the CDR leaves the price open: the price changes inside"
        " the period; what holds at its start is used; it lies from 5.60 to 8.00 without VAT",
    ),
    "nothing wrong": (
        _ENERGY,
        {},
        "every claimed amount is what the tariff gives: 5.00 EUR without VAT",
    ),
}


@pytest.mark.parametrize(("case", "claims", "said"), _SAID.values(), ids=_SAID)
def test_a_verdict_says_which_line_is_wrong(case: Case, claims: dict[str, Any], said: str) -> None:
    assert cleared(case, **claims).sentence == said


_HUGE = Decimal("123456789012345678901234567890")


@pytest.mark.parametrize(
    "overrides",
    [
        {"total_cost": limits(str(_HUGE)), "total_energy_cost": limits(str(_HUGE))},
        {"currency": "GBP" * 100},
    ],
    ids=["numbers", "currency"],
)
def test_a_sentence_fits_a_status_message(overrides: dict[str, Any]) -> None:
    elements = [element(f"ENERGY {_HUGE} vat 21", max_kwh=1), element(f"ENERGY {_HUGE - 1}")]
    periods = [period("10:00", ENERGY=1), period("11:00", ENERGY=_HUGE)]
    document = cdr(periods, "12:00", [tariff(elements)], **overrides)
    assert len(compare(document, price(document)).sentence) <= 255
