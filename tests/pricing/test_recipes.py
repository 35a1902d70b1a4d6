"""The mistake or old reading behind a wrong claim is found, also where the amounts were rounded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.pricing import Circumstances, compare, compile_tariff, price, reservation_outcome
from ocpi_hub.pricing.recipes import RECIPES
from tests.pricing.cases import Case, cdr, claiming, cleared, element, limits, period, tariff

_NO_PARTS: dict[str, Any] = {
    f"total_{each}_cost": None for each in ("fixed", "energy", "time", "parking", "reservation")
}

_FEE_AND_ENERGY = Case(
    [element("FLAT 1.20 vat 20", "ENERGY 0.30 vat 10")], [period("10:00", ENERGY=10)], "", "11:00"
)
# 0.35 h at 2.00, and 0.2667 h at 4.00 rounded up to 20 minutes: 0.70 + 1.33.
_ABSORBED = Case(
    [element("TIME 2.00 step 1800", "PARKING_TIME 4.00 step 600")],
    [period("10:00", TIME="0.35"), period("10:21", PARKING_TIME="0.2667")],
    "",
    "10:37",
)
# From 12:00 and from 13:00 on the wall: 1.4586 + 0.4581; by UTC both are before 13:00.
_BY_THE_HOUR = Case(
    [element("ENERGY 0.30", start_time="13:00"), element("ENERGY 0.20")],
    [period("11:00", ENERGY="7.293"), period("12:00", ENERGY="1.527")],
    "",
    "13:00",
)
_FLATS = Case(
    [element("FLAT 2.00", "ENERGY 0.312")],
    [period("10:00", ENERGY=10), period("10:30", ENERGY=1)],
    "",
    "11:00",
)
_LIMITED = Case(
    [element("ENERGY 0.50 vat 25")],
    [period("10:00", ENERGY=60)],
    "",
    "11:00",
    tariff={"max_price": limits("20.00", "25.00")},
)


def _one_hour(start: str, low: str, high: str) -> Case:
    """Ten kWh, cheap in one hour of the wall clock only."""
    cheap = element("ENERGY 0.10", start_time=low, end_time=high)
    periods = [period(f"{start}:00Z", ENERGY=10)]
    return Case([cheap, element("ENERGY 0.30")], periods, "", f"{start}:59Z")


_RECIPES: dict[str, tuple[Case, dict[str, Any]]] = {
    "utc": (_BY_THE_HOUR, limits("1.764")),
    # 12:30 in summer, 11:30 in standard time, 10:30 in UTC.
    "standard_time": (_one_hour("2026-07-14T10:30", "11:00", "12:00"), limits("1.00")),
    "daylight_saving_time": (_one_hour("2026-02-10T10:30", "12:00", "13:00"), limits("1.00")),
    # 37 minutes together are 40, with 3 more minutes of parking: 0.70 + 1.0668 + 0.19987.
    "old_step_size": (_ABSORBED, limits("1.9667")),
    # 21 minutes of charging are 30: 1.00 + 1.3333.
    "step_on_time_too": (_ABSORBED, limits("2.3333")),
    # 2.4 kWh twice are 5 kWh together, and 3 kWh each.
    "step_per_period": (
        Case(
            [element("ENERGY 0.20 step 1000")],
            [period("10:00", ENERGY="2.4"), period("11:00", ENERGY="2.4")],
            "",
            "12:00",
        ),
        limits("1.20"),
    ),
    # 12 minutes with a price are 15; with the 21 after 20:00 they are 33, and 45 to be paid.
    "unpriced_parking": (
        Case(
            [element("PARKING_TIME 3.00 step 900", end_time="20:00")],
            [period("18:48", PARKING_TIME="0.2"), period("19:00", PARKING_TIME="0.35")],
            "",
            "19:21",
        ),
        limits("1.20"),
    ),
    "no_step_size": (_ABSORBED, limits("1.7668")),
    "flat_per_period": (_FLATS, limits("7.432")),
    "no_limits": (_LIMITED, limits("30.00", "37.50")),
    "limits_excl_only": (_LIMITED, limits("20.00", "37.50")),
    "no_vat": (_FEE_AND_ENERGY, limits("4.20", "4.20")),
    # 1.20 x 1.2 x 1.2 + 3.00 x 1.1 x 1.1.
    "vat_twice": (_FEE_AND_ENERGY, limits("4.20", "5.358")),
    "wall_clock": (
        Case([element("TIME 6.00")], [period("10:00", TIME="0.5")], "", "11:00"),
        limits("6.00"),
    ),
    "timestamps": (
        Case([element("TIME 600 step 0")], [period("10:00", TIME="0.9999")], "", "11:00"),
        limits("600.00"),
    ),
    "end_date_inclusive": (
        Case(
            [element("ENERGY 0.10", end_date="2026-02-10"), element("ENERGY 0.30")],
            [period("10:00", ENERGY=10)],
            "",
            "11:00",
        ),
        limits("1.00"),
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
        limits("1.00"),
    ),
    "first_element": (
        Case(
            [element("TIME 6.00"), element("ENERGY 0.30")],
            [period("10:00", ENERGY=10, TIME=1)],
            "",
            "11:00",
        ),
        limits("6.00"),
    ),
    "unknown_restriction_off": (
        Case(
            [element("ENERGY 0.10", dayOfWeek=["SUNDAY"]), element("ENERGY 0.30")],
            [period("10:00", ENERGY=10)],
            "",
            "11:00",
        ),
        # The total alone would be open; the wrong energy makes it a dispute.
        limits("3.00"),
    ),
}


def test_every_recipe_is_tested() -> None:
    assert list(_RECIPES) == [recipe.name for recipe in RECIPES]


@pytest.mark.parametrize(("name", "case", "total"), [(n, *c) for n, c in _RECIPES.items()])
def test_the_recipe_behind_a_wrong_claim_is_found(
    name: str, case: Case, total: dict[str, Any]
) -> None:
    wrong_energy = {"total_energy": Decimal(11)} if name == "unknown_restriction_off" else {}
    found = cleared(case, total_cost=total, **_NO_PARTS, **wrong_energy)
    assert found.verdict == "mismatch"
    assert name in [recipe.name for recipe in found.recipes if recipe.rounding is None]


@pytest.mark.parametrize(
    ("case", "total", "name", "as_if"),
    [
        # By UTC 1.4586 and 0.3054, in cents 1.46 + 0.31.
        (
            _BY_THE_HOUR,
            limits("1.77"),
            "utc",
            "the times were UTC instead of local time, each period rounded half up to 2 decimals",
        ),
        # 2.00 + 2.00 + 3.12 + 0.312 is 7.432.
        (
            _FLATS,
            limits("7.44"),
            "flat_per_period",
            "the FLAT was due in every period, the total rounded up to 2 decimals",
        ),
        # 1.9667 cut to cents.
        (
            _ABSORBED,
            limits("1.96"),
            "old_step_size",
            "step_size was read as until 2023, for TIME and PARKING_TIME together,"
            " the total rounded down to 2 decimals",
        ),
    ],
    ids=["cents per period", "up", "down"],
)
def test_a_recipe_with_a_rounding_beside_is_found(
    case: Case, total: dict[str, Any], name: str, as_if: str
) -> None:
    found = cleared(case, total_cost=total, **_NO_PARTS)
    assert found.verdict == "mismatch"
    assert (name, as_if) in [(recipe.name, recipe.as_if) for recipe in found.recipes]


def test_a_recipe_without_a_rounding_goes_first() -> None:
    found = cleared(_BY_THE_HOUR, total_cost=limits("1.76"), **_NO_PARTS)
    assert {recipe.rounding for recipe in found.recipes} == {None}


def test_a_recipe_gives_the_partial_costs_too() -> None:
    """1.00 for the time is the step on TIME too, which makes 2.3333 together and not 2.50."""
    found = cleared(_ABSORBED, total_cost=limits("2.50"), total_time_cost=limits("1.00"))
    assert found.recipes == ()


def test_the_outcome_of_a_reservation_is_tried_too() -> None:
    elements = [
        element("TIME 9.00", reservation="RESERVATION_EXPIRES"),
        element("TIME 3.00", reservation="RESERVATION"),
    ]
    document = cdr(
        [period("10:00", RESERVATION_TIME=1)],
        "11:00",
        [tariff(elements)],
        total_cost=limits("9.00"),
        total_time=Decimal(1),
    )
    known = Circumstances(reservation_outcome=reservation_outcome("cancelled"))
    found = compare(document, price(document, circumstances=known))
    assert [recipe.name for recipe in found.recipes] == ["reservation_expired"]


def test_the_tariff_of_now_is_tried_too() -> None:
    priced = _FEE_AND_ENERGY.priced()
    document = claiming(_FEE_AND_ENERGY.cdr(), priced) | _NO_PARTS | {"total_cost": limits("5.00")}
    now = compile_tariff(tariff([element("ENERGY 0.50")]))
    found = compare(document, priced, current=[now])
    assert [recipe.name for recipe in found.recipes] == ["tariff_of_now"]
