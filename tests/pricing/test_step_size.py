"""What step_size rounds up, and what not (PRC-08 to PRC-15, PRC-25)."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi_hub.pricing import Priced
from tests.pricing.cases import Case, costs, element, expected, period

_DAYPARTS = [
    element(
        "TIME 1.80 step 1800", "PARKING_TIME 1.20 step 900", start_time="00:00", end_time="17:00"
    ),
    element(
        "TIME 3.00 step 900", "PARKING_TIME 1.20 step 900", start_time="17:00", end_time="20:00"
    ),
    element("TIME 3.00 step 900", start_time="20:00", end_time="00:00"),
]

_CASES = {
    "exact multiples stay": Case(
        [element("ENERGY 0.30 vat 10 step 500")],
        [period("10:00", ENERGY="12.5")],
        "3.75/4.125",
        "11:00",
        {"energy": "3.75/4.125"},
        {"ENERGY": "12.5"},
    ),
    "a part of a Wh is a whole one": Case(
        [element("ENERGY 0.40")],
        [period("10:00", ENERGY="3.2107")],
        "1.2844",
        "11:00",
        {"energy": "1.2844"},
        {"ENERGY": "3.211"},
    ),
    "25 Wh": Case(
        [element("ENERGY 0.40 step 25")],
        [period("10:00", ENERGY="0.2107")],
        "0.09",
        "11:00",
        {"energy": "0.09"},
        {"ENERGY": "0.225"},
    ),
    "the session total, not each period": Case(
        [element("ENERGY 0.20 step 1000")],
        [period("10:00", ENERGY="2.4"), period("11:00", ENERGY="2.4")],
        "1",
        "12:00",
        {"energy": "1"},
        {"ENERGY": "5"},
    ),
    "the step and the price of the last element": Case(
        [
            element("ENERGY 0.20 step 5000", max_power=20),
            element("ENERGY 0.60 step 1000"),
        ],
        [
            period("10:00", ENERGY="3.3", MIN_POWER=7, MAX_POWER=7),
            period("11:00", ENERGY="4.4", MIN_POWER=40, MAX_POWER=40),
        ],
        "3.48",
        "12:00",
        {"energy": "3.48"},
        {"ENERGY": "8"},
    ),
    "0 rounds nothing": Case(
        [element("ENERGY 0.40 step 0", "TIME 1.20 step 0")],
        [period("10:00", ENERGY="1.2345", TIME="0.51")],
        "1.1058",
        "11:00",
        {"energy": "0.4938", "time": "0.612"},
        {"ENERGY": "1.2345", "TIME": "0.51"},
    ),
    "charging time": Case(
        [element("TIME 4.00 vat 10 step 300")],
        [period("10:00", TIME="1.97")],
        "8/8.8",
        "12:00",
        {"time": "8/8.8"},
        {"TIME": "2"},
    ),
    "parking absorbs the step of charging": Case(
        [element("TIME 2.00 step 1800", "PARKING_TIME 4.00 step 600")],
        [period("10:00", TIME="0.35"), period("10:21", PARKING_TIME="0.2")],
        "2.033333333333",
        "11:00",
        {"time": "0.7", "parking": "1.333333333333"},
        {"TIME": "0.35", "PARKING_TIME": "0.333333"},
    ),
    "parking first absorbs it too": Case(
        [element("TIME 2.00 step 1800", "PARKING_TIME 4.00 step 900")],
        [period("10:00", PARKING_TIME="0.2"), period("10:12", TIME="0.35")],
        "1.7",
        "11:00",
        {"time": "0.7", "parking": "1"},
        {"TIME": "0.35", "PARKING_TIME": "0.25"},
    ),
    "free parking does not": Case(
        [element("TIME 2.00 step 1800")],
        [period("10:00", TIME="0.35"), period("10:21", PARKING_TIME="0.2")],
        "1",
        "11:00",
        {"time": "1"},
        {"TIME": "0.5"},
        {"no_price_component"},
    ),
    "charging over a switch of elements": Case(
        _DAYPARTS,
        [period("15:30", TIME="0.5"), period("16:00", TIME="0.1")],
        "1.65",
        "16:06",
        {"time": "1.65"},
        {"TIME": "0.75"},
    ),
    "charging, a switch, then parking": Case(
        _DAYPARTS,
        [
            period("15:54", TIME="0.1"),
            period("16:00", TIME="0.05"),
            period("16:03", PARKING_TIME="0.05"),
        ],
        "0.63",
        "16:06",
        {"time": "0.33", "parking": "0.3"},
        {"TIME": "0.15", "PARKING_TIME": "0.25"},
    ),
    "only parking that has a price counts": Case(
        _DAYPARTS,
        [
            period("18:36", TIME="0.2"),
            period("18:48", PARKING_TIME="0.2"),
            period("19:00", PARKING_TIME="0.3"),
        ],
        "0.9",
        "19:18",
        {"time": "0.6", "parking": "0.3"},
        {"PARKING_TIME": "0.25"},
        {"no_price_component"},
    ),
}


def _billed(priced: Priced) -> dict[str, Any]:
    billed = priced.document()["billed"]
    assert isinstance(billed, dict)
    return billed


@pytest.mark.parametrize("case", _CASES.values(), ids=_CASES)
def test_what_is_billed_is_rounded_up(case: Case) -> None:
    priced = case.priced()
    assert costs(priced) == expected(case)
    assert case.billed.items() <= _billed(priced).items()
    assert {each.value for each in priced.codes} == case.findings


def test_a_step_that_only_the_rounding_of_hours_reaches_is_remarked_on() -> None:
    case = Case([element("TIME 6.00 step 600")], [period("10:00", TIME="0.1667")], "2", "10:10")
    priced = case.priced()
    assert costs(priced)["total"] == "2"
    assert "step_boundary_within_rounding" in priced.codes


def test_a_missing_step_size_is_one() -> None:
    bare = element("ENERGY 0.40")
    del bare["price_components"][0]["step_size"]
    priced = Case([bare], [period("10:00", ENERGY="1.2345")], "", "11:00").priced()
    assert costs(priced)["total"] == "0.494"
    assert "step_size_missing" in priced.codes
