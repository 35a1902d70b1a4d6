"""What a CDR claims against what its tariff gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.pricing import (
    Circumstances,
    Clearing,
    compare,
    compile_tariff,
    price,
    reservation_outcome,
)
from tests.pricing.cases import Case, cdr, claiming, element, limits, period, tariff

_PLAIN = Case(
    [element("FLAT 1.20 vat 20", "ENERGY 0.30 vat 10")], [period("10:00", ENERGY=10)], "", "11:00"
)
_ABSORBED = Case(
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
_HOURS = Case(
    [element("ENERGY 0.30 vat 21", start_time="13:00"), element("ENERGY 0.20 vat 21")],
    [period("11:00", ENERGY="7.293"), period("12:00", ENERGY="1.5")],
    "",
    "13:00",
)


def _amount(excl: str, incl: str | None = None) -> dict[str, Decimal]:
    return limits(excl, incl)


def _cleared(case: Case, **claims: Any) -> Clearing:
    """The clearing of a CDR that claims what is right but for `claims`."""
    priced = case.priced()
    return compare(claiming(case.cdr(), priced) | claims, priced)


def test_right_claims_match() -> None:
    assert _cleared(_PLAIN).verdict == "match"


@pytest.mark.parametrize(
    "total",
    [_amount("4.20", "4.74"), _amount("4.2"), _amount("4.2000", "4.7400")],
    ids=["in cents", "without VAT", "four decimals"],
)
def test_a_claim_may_be_rounded_or_left_out(total: dict[str, Decimal]) -> None:
    assert _cleared(_PLAIN, total_cost=total, total_energy_cost=None).verdict == "match"


def test_ten_cents_too_much_names_the_line() -> None:
    """The sentence says which line is wrong, and by how much."""
    found = _cleared(
        _PLAIN, total_cost=_amount("4.30", "4.85"), total_energy_cost=_amount("3.10", "3.41")
    )
    assert found.verdict == "mismatch"
    assert found.sentence == (
        "total_cost.excl_vat claims 4.3 and should be 4.2, 0.1 too high;"
        " the wrong line is total_energy_cost (10 kWh at 0.3)"
    )
    assert found.document()["direction"] == "above"


def test_a_fee_left_out_is_recognised() -> None:
    found = _cleared(_PLAIN, total_cost=_amount("3.00", "3.30"))
    assert found.document()["blame"] == {"fault": "left_out", "costs": ["total_fixed_cost"]}
    assert found.document()["direction"] == "below"


@pytest.mark.parametrize(
    ("claims", "differences"),
    [
        ({"total_energy": Decimal(11)}, {"total_energy": "1"}),
        ({"total_time": Decimal("0.9")}, {"total_time": "-0.1"}),
        ({"total_fixed_cost": _amount("2.00")}, {"total_fixed_cost.excl_vat": "0.8"}),
    ],
    ids=["energy", "time", "partial cost"],
)
def test_every_field_is_compared(claims: dict[str, Any], differences: dict[str, str]) -> None:
    found = _cleared(_PLAIN, **claims)
    assert found.verdict == "mismatch"
    assert found.document()["differences"] == differences


@pytest.mark.parametrize(
    ("total", "rounding"),
    [
        (_amount("1.91"), "ROUND_UP to 2 decimals of the total"),
        (_amount("1.90"), None),
        (_amount("1.95"), None),
    ],
    ids=["up", "half up", "no rounding"],
)
def test_a_way_of_rounding_is_no_dispute(total: dict[str, Decimal], rounding: str | None) -> None:
    case = Case([element("ENERGY 0.317")], [period("10:00", ENERGY=6)], "", "11:00")
    found = _cleared(case, total_cost=total, total_energy_cost=None)
    assert found.document()["explained_by"] == rounding


def test_cents_of_each_period_with_vat_on_top_are_recognised() -> None:
    """1.46 + 0.46 is 1.92, and 2.32 with VAT of that; exactly it is 1.91126 and 2.3126246."""
    case = Case(
        [element("ENERGY 0.201 vat 21", end_time="13:00"), element("ENERGY 0.302 vat 21")],
        [period("11:00", ENERGY="7.24"), period("12:00", ENERGY="1.51")],
        "",
        "13:00",
    )
    found = _cleared(case, total_cost=_amount("1.92", "2.32"), total_energy_cost=None)
    assert found.verdict == "rounding"
    assert "ROUND_HALF_UP to 2 decimals of each period" in str(found.document()["roundings"])


def test_a_credit_cdr_negates_its_total_only() -> None:
    credit = {"credit": True, "credit_reference_id": "CDR0"}
    right = _cleared(_PLAIN, total_cost=_amount("-4.20", "-4.74"), **credit)
    wrong = _cleared(_PLAIN, **credit)
    assert (right.verdict, wrong.verdict) == ("match", "mismatch")


def test_a_credit_cdr_without_its_original_is_remarked_on() -> None:
    found = _cleared(_PLAIN, total_cost=_amount("-4.20", "-4.74"), credit=True)
    assert [each.code for each in found.findings] == ["credit_without_reference"]


@pytest.mark.parametrize(
    ("total", "verdict"),
    [("8.00", "match"), ("6.20", "unverifiable"), ("5.60", "unverifiable"), ("5.50", "mismatch")],
)
def test_a_period_that_was_not_split_has_bounds(total: str, verdict: str) -> None:
    found = _cleared(_TIERS, total_cost=_amount(total), total_energy_cost=None)
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
    assert _cleared(case, total_cost=_amount(total), **nothing).verdict == verdict


_RECIPES = {
    "utc": (_HOURS, "1.7586"),
    "step_on_time_too": (_ABSORBED, "2.3333"),
    "old_step_size": (_ABSORBED, "1.9667"),
    "no_step_size": (_ABSORBED, "1.7668"),
    "flat_per_period": (
        Case(
            [element("FLAT 2.00", "ENERGY 0.30")],
            [period("10:00", ENERGY=1), period("10:30", ENERGY=1)],
            "",
            "11:00",
        ),
        "4.60",
    ),
    "no_limits": (
        Case(
            [element("ENERGY 0.30")],
            [period("10:00", ENERGY=100)],
            "",
            "11:00",
            tariff={"max_price": limits("20.00", "20.00")},
        ),
        "30.00",
    ),
    "wall_clock": (
        Case([element("TIME 6.00")], [period("10:00", TIME="0.5")], "", "11:00"),
        "6.00",
    ),
    "end_date_inclusive": (
        Case(
            [element("ENERGY 0.10", end_date="2026-02-10"), element("ENERGY 0.30")],
            [period("10:00", ENERGY=10)],
            "",
            "11:00",
        ),
        "1.00",
    ),
    "weekday_of_window": (
        Case(
            [
                element(
                    "ENERGY 0.10", start_time="22:00", end_time="06:00", day_of_week=["MONDAY"]
                ),
                element("ENERGY 0.30"),
            ],
            [period("02:00", ENERGY=10)],
            "",
            "03:00",
        ),
        "1.00",
    ),
    "first_element": (
        Case(
            [element("TIME 6.00"), element("ENERGY 0.30")],
            [period("10:00", ENERGY=10, TIME=1)],
            "",
            "11:00",
        ),
        "6.00",
    ),
}


@pytest.mark.parametrize(("name", "case", "total"), [(n, *c) for n, c in _RECIPES.items()])
def test_the_recipe_behind_a_wrong_claim_is_found(name: str, case: Case, total: str) -> None:
    names = ("fixed", "energy", "time", "parking")
    nothing: dict[str, Any] = {f"total_{each}_cost": None for each in names}
    found = _cleared(case, total_cost=_amount(total), **nothing)
    assert found.verdict == "mismatch"
    assert name in [recipe.name for recipe in found.recipes]


@pytest.mark.parametrize(
    ("name", "incl"), [("no_vat", "4.2"), ("vat_twice", "5.358")], ids=["none", "twice"]
)
def test_wrong_vat_is_recognised(name: str, incl: str) -> None:
    found = _cleared(
        _PLAIN, total_cost=_amount("4.2", incl), total_energy_cost=None, total_fixed_cost=None
    )
    assert [recipe.name for recipe in found.recipes][:1] == [name]


def test_the_outcome_of_a_reservation_is_tried_too() -> None:
    elements = [
        element("TIME 9.00", reservation="RESERVATION_EXPIRES"),
        element("TIME 3.00", reservation="RESERVATION"),
    ]
    document = cdr(
        [period("10:00", RESERVATION_TIME=1)],
        "11:00",
        [tariff(elements)],
        total_cost=_amount("9.00"),
        total_time=Decimal(1),
    )
    known = Circumstances(reservation_outcome=reservation_outcome("cancelled"))
    found = compare(document, price(document, circumstances=known))
    assert [recipe.name for recipe in found.recipes] == ["reservation_expired"]


def test_the_tariff_of_now_is_tried_too() -> None:
    priced = _PLAIN.priced()
    document = claiming(_PLAIN.cdr(), priced) | {
        "total_cost": _amount("5.00"),
        "total_energy_cost": None,
        "total_fixed_cost": None,
    }
    now = compile_tariff(tariff([element("ENERGY 0.50")]))
    found = compare(document, priced, current=[now])
    assert [recipe.name for recipe in found.recipes] == ["tariff_of_now"]


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
    verdicts = {_cleared(case, total_time=Decimal(each)).verdict for each in ("1.5", "1")}
    assert verdicts == {"match"}
