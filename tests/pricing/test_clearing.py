"""What a CDR claims against what its tariff gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.pricing import compare, compile_tariff, price
from tests.pricing.cases import Case, claiming, cleared, element, limits, period, tariff

_PLAIN = Case(
    [element("FLAT 1.20 vat 20", "ENERGY 0.30 vat 10")], [period("10:00", ENERGY=10)], "", "11:00"
)
_TIERS = Case(
    [element("ENERGY 0.50", max_kwh=10), element("ENERGY 0.20")],
    [period("10:00", ENERGY=8), period("11:00", ENERGY=8)],
    "",
    "12:00",
)


def test_right_claims_match() -> None:
    assert cleared(_PLAIN).verdict == "match"


@pytest.mark.parametrize(
    "total",
    [limits("4.20", "4.74"), limits("4.2"), limits("4.2000", "4.7400")],
    ids=["in cents", "without VAT", "four decimals"],
)
def test_a_claim_may_be_rounded_or_left_out(total: dict[str, Decimal]) -> None:
    assert cleared(_PLAIN, total_cost=total, total_energy_cost=None).verdict == "match"


def test_too_much_is_above_and_too_little_below() -> None:
    above = cleared(_PLAIN, total_cost=limits("4.30", "4.85"))
    below = cleared(_PLAIN, total_cost=limits("4.10", "4.63"))
    assert (above.document()["direction"], below.document()["direction"]) == ("above", "below")


def test_a_fee_left_out_is_recognised() -> None:
    found = cleared(_PLAIN, total_cost=limits("3.00", "3.30"))
    assert found.document()["blame"] == {"fault": "left_out", "costs": ["total_fixed_cost"]}


@pytest.mark.parametrize(
    ("claims", "differences"),
    [
        ({"total_energy": Decimal(11)}, {"total_energy": "1"}),
        ({"total_time": Decimal("0.9")}, {"total_time": "-0.1"}),
        ({"total_fixed_cost": limits("2.00")}, {"total_fixed_cost.excl_vat": "0.8"}),
    ],
    ids=["energy", "time", "partial cost"],
)
def test_every_field_is_compared(claims: dict[str, Any], differences: dict[str, str]) -> None:
    found = cleared(_PLAIN, **claims)
    assert found.verdict == "mismatch"
    assert found.document()["differences"] == differences


@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        ({"total_time": Decimal("0.1167")}, "match"),
        ({"total_time": Decimal("0.12")}, "match"),
        ({"total_time": Decimal("0.11")}, "mismatch"),
        ({"total_time": Decimal("0.1")}, "mismatch"),
        ({"total_energy": Decimal("6.33")}, "match"),
        ({"total_energy": Decimal("6.34")}, "mismatch"),
    ],
    ids=["four decimals", "two", "cut off", "one", "two of a kWh", "another kWh"],
)
def test_hours_and_kwh_may_be_rounded_to_two_decimals(claims: dict[str, Any], verdict: str) -> None:
    """0.12 h for seven minutes: what is measured is compared as it is usually written."""
    case = Case(
        [element("FLAT 1.00")], [period("10:00", ENERGY="6.3333", TIME="0.1166")], "", "10:07"
    )
    assert cleared(case, **claims).verdict == verdict


@pytest.mark.parametrize(
    ("total", "rounding"),
    [
        (limits("1.91"), "ROUND_UP to 2 decimals of the total"),
        (limits("1.90"), None),
        (limits("1.95"), None),
    ],
    ids=["up", "half up", "no rounding"],
)
def test_a_way_of_rounding_is_no_dispute(total: dict[str, Decimal], rounding: str | None) -> None:
    case = Case([element("ENERGY 0.317")], [period("10:00", ENERGY=6)], "", "11:00")
    found = cleared(case, total_cost=total, total_energy_cost=None)
    assert found.document()["explained_by"] == rounding


def test_cents_of_each_period_with_vat_on_top_are_recognised() -> None:
    """1.46 + 0.46 is 1.92, and 2.32 with VAT of that; exactly it is 1.91126 and 2.3126246."""
    case = Case(
        [element("ENERGY 0.201 vat 21", end_time="13:00"), element("ENERGY 0.302 vat 21")],
        [period("11:00", ENERGY="7.24"), period("12:00", ENERGY="1.51")],
        "",
        "13:00",
    )
    found = cleared(case, total_cost=limits("1.92", "2.32"), total_energy_cost=None)
    assert found.verdict == "rounding"
    assert "ROUND_HALF_UP to 2 decimals of each period" in str(found.document()["roundings"])


def test_a_credit_cdr_negates_its_total_only() -> None:
    credit = {"credit": True, "credit_reference_id": "CDR0"}
    right = cleared(_PLAIN, total_cost=limits("-4.20", "-4.74"), **credit)
    wrong = cleared(_PLAIN, **credit)
    assert (right.verdict, wrong.verdict) == ("match", "mismatch")
    assert wrong.document()["differences"] == {
        "total_cost.excl_vat": "8.4",
        "total_cost.incl_vat": "9.48",
    }


def test_a_credit_cdr_without_its_original_is_remarked_on() -> None:
    found = cleared(_PLAIN, total_cost=limits("-4.20", "-4.74"), credit=True)
    assert [each.code for each in found.findings] == ["credit_without_reference"]


@pytest.mark.parametrize(
    ("total", "verdict"),
    [("8.00", "match"), ("6.20", "unverifiable"), ("5.60", "unverifiable"), ("5.50", "mismatch")],
)
def test_a_period_that_was_not_split_has_bounds(total: str, verdict: str) -> None:
    found = cleared(_TIERS, total_cost=limits(total), total_energy_cost=None)
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("total", "verdict"), [("0.80", "match"), ("2.00", "unverifiable"), ("2.80", "mismatch")]
)
def test_a_split_may_end_with_another_step(total: str, verdict: str) -> None:
    """3.5 kWh are 4 by the first step, and 10 if the last of them flowed after 12:00."""
    case = Case(
        [element("ENERGY 0.20 step 1000", end_time="12:00"), element("ENERGY 0.20 step 10000")],
        [period("10:30", ENERGY="3.5")],
        "",
        "11:30",
    )
    found = cleared(case, total_cost=limits(total), total_energy_cost=None)
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("total", "verdict"), [("3.00", "match"), ("28.00", "unverifiable"), ("28.10", "mismatch")]
)
def test_a_flat_may_become_active_inside_a_period(total: str, verdict: str) -> None:
    case = Case(
        [element("ENERGY 0.30"), element("FLAT 25.00", min_duration=7200)],
        [period("10:00", ENERGY=10)],
        "",
        "13:00",
    )
    found = cleared(case, total_cost=limits(total), total_energy_cost=None)
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("case", "total", "verdict"),
    [
        (
            Case(
                [element("TIME 3.00", max_current=16), element("TIME 6.00")],
                [period("10:00", TIME=1)],
                "",
                "11:00",
            ),
            "3.00",
            "unverifiable",
        ),
        (
            Case(
                [element("ENERGY 0.10", dayOfWeek=["SUNDAY"]), element("ENERGY 0.30")],
                [period("10:00", ENERGY=10)],
                "",
                "11:00",
            ),
            "3.00",
            "unverifiable",
        ),
        (
            Case([element("TIME 6.00 step 600")], [period("10:00", TIME="0.1667")], "", "10:10"),
            "1.00",
            "match",
        ),
    ],
    ids=["no current", "unknown restriction", "a step due to rounding"],
)
def test_another_reading_is_no_dispute(case: Case, total: str, verdict: str) -> None:
    nothing = {"total_time_cost": None, "total_energy_cost": None}
    assert cleared(case, total_cost=limits(total), **nothing).verdict == verdict


@pytest.mark.parametrize(
    ("published", "codes"),
    [
        (tariff([element("FLAT 1.20 vat 20", "ENERGY 0.30 vat 10")]), []),
        (tariff([element("ENERGY 0.30 vat 10")]), ["tariff_not_published"]),
    ],
    ids=["the same", "another"],
)
def test_a_tariff_that_was_not_published_is_remarked_on(
    published: dict[str, Any], codes: list[str]
) -> None:
    priced = _PLAIN.priced()
    document = claiming(_PLAIN.cdr(), priced)
    found = compare(document, priced, published=[compile_tariff(published)])
    assert [each.code for each in found.findings] == codes


def test_nothing_is_compared_in_another_currency() -> None:
    document = _PLAIN.cdr(currency="GBP")
    found = compare(document, price(document))
    assert found.verdict == "not_comparable"
    assert found.document()["differences"] == {}


def test_total_time_may_start_with_the_reservation_or_the_session() -> None:
    case = Case(
        [element("ENERGY 0.30")],
        [period("10:00", RESERVATION_TIME="0.5"), period("10:30", ENERGY=10)],
        "",
        "11:30",
    )
    verdicts = {cleared(case, total_time=Decimal(each)).verdict for each in ("1.5", "1")}
    assert verdicts == {"match"}
