"""Whole sessions worked out by hand; the sum stands beside each and is checked itself."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import pytest

from tests.pricing.cases import Case, costs, element, expected, period

_WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
_OFFICE = [
    element("FLAT 2.00 vat 15"),
    element("TIME 1.10 vat 20 step 900", max_current=32),
    element("TIME 2.20 vat 20 step 600", min_current=32, day_of_week=_WEEKDAYS),
    element("TIME 1.35 vat 20 step 600", min_current=32, day_of_week=["SATURDAY", "SUNDAY"]),
    element(
        "PARKING_TIME 4.00 vat 10 step 300",
        start_time="09:00",
        end_time="18:00",
        day_of_week=_WEEKDAYS,
    ),
    element(
        "PARKING_TIME 3.00 vat 10 step 300",
        start_time="10:00",
        end_time="17:00",
        day_of_week=["SATURDAY"],
    ),
]
_EVENING = [element("ENERGY 0.25", start_time="18:00"), element("ENERGY 0.45")]
_NIGHT = {"start_time": "22:00", "end_time": "06:00"}


def _office(day: str, hour: int, current: int, charged: str, parked: str) -> list[dict[str, Any]]:
    """Charging for an hour at most, then parking."""
    start = f"{day}T{hour}:00:00Z"
    return [
        period(start, TIME=charged, MIN_CURRENT=current, MAX_CURRENT=current),
        period(f"{day}T{hour + 1}:00:00Z", PARKING_TIME=parked, MAX_CURRENT=0),
    ]


_CASES: dict[str, tuple[str, Case]] = {
    "time and energy together": (
        "1.2 x 1.50 + 8 x 0.35",
        Case(
            [element("TIME 1.50", "ENERGY 0.35")],
            [period("10:00", ENERGY=8, TIME="1.2")],
            "4.6",
            "11:12",
            {"energy": "2.8", "time": "1.8"},
        ),
    ),
    "three dimensions from three elements": (
        "4 x 0.50 + 0.5 x 1.20 + 0.25 x 3.00",
        Case(
            [
                element("ENERGY 0.50"),
                element("ENERGY 0.40", "TIME 1.20"),
                element("ENERGY 0.30", "TIME 2.00", "PARKING_TIME 3.00"),
            ],
            [period("10:00", ENERGY=4, TIME="0.5"), period("10:30", PARKING_TIME="0.25")],
            "3.35",
            "10:45",
            {"energy": "2", "time": "0.6", "parking": "0.75"},
        ),
    ),
    "a step of 4 kWh over three switches of current": (
        "1.5 x 0.20 + 1.5 x 0.60 + 1.5 x 0.20 + 3.5 x 0.20",
        Case(
            [
                element("ENERGY 0.20 step 4000", max_current=25),
                element("ENERGY 0.60 step 4000", min_current=25),
            ],
            [
                period("10:00", ENERGY="1.5", MIN_CURRENT=9, MAX_CURRENT=10),
                period("10:10", ENERGY="1.5", MIN_CURRENT=25, MAX_CURRENT=30),
                period("10:20", ENERGY="1.5", MIN_CURRENT=9, MAX_CURRENT=10),
            ],
            "2.2",
            "10:30",
            {"energy": "2.2"},
            {"ENERGY": "8"},
        ),
    ),
    "a summer evening in Berlin, 18:20": (
        "4 x 0.25",
        Case(
            _EVENING,
            [period("2026-07-14T16:20:00Z", ENERGY=4)],
            "1",
            "2026-07-14T16:50:00Z",
            {"energy": "1"},
            zone="Europe/Berlin",
        ),
    ),
    "the same instant of a winter day, 17:20": (
        "4 x 0.45",
        Case(
            _EVENING,
            [period("2026-01-13T16:20:00Z", ENERGY=4)],
            "1.8",
            "2026-01-13T16:50:00Z",
            {"energy": "1.8"},
            zone="Europe/Berlin",
        ),
    ),
    "a window over midnight ends before 06:00": (
        "0.10 + 0.30",
        Case(
            [element("ENERGY 0.10", **_NIGHT), element("ENERGY 0.30")],
            [period("04:00", ENERGY=1), period("05:00", ENERGY=1)],
            "0.4",
            "06:00",
            {"energy": "0.4"},
        ),
    ),
    "the weekday of a window over midnight is that of the instant": (
        "0.10 + 0.30",
        Case(
            [element("ENERGY 0.10", day_of_week=["TUESDAY"], **_NIGHT), element("ENERGY 0.30")],
            [period("2026-02-09T23:30:00Z", ENERGY=1), period("2026-02-10T23:30:00Z", ENERGY=1)],
            "0.4",
            "2026-02-10T23:59:00Z",
            {"energy": "0.4"},
            findings={"period_spans_price_change"},
        ),
    ),
    "time that has no price before the evening": (
        "5 x 0.30",
        Case(
            [element("TIME 2.00", start_time="18:00"), element("ENERGY 0.30")],
            [period("11:00", ENERGY=5, TIME=1)],
            "1.5",
            "12:00",
            {"energy": "1.5"},
            findings={"no_price_component"},
        ),
    ),
    "charging time where reserved time has a price too": (
        "1.5 x 2.40",
        Case(
            [element("FLAT 3.00", "TIME 6.00", reservation="RESERVATION"), element("TIME 2.40")],
            [period("10:00", TIME="1.5")],
            "3.6",
            "11:30",
            {"time": "3.6"},
        ),
    ),
    "a reservation that was used although late ones cost more": (
        "1.20 + 10 x 0.30 + 10 x 0.05",
        Case(
            [
                element("TIME 3.00 vat 20 step 600", reservation="RESERVATION"),
                element("TIME 9.00 vat 20 step 600", reservation="RESERVATION_EXPIRES"),
                element("FLAT 1.20 vat 20", "ENERGY 0.30 vat 10"),
            ],
            [period("09:51", RESERVATION_TIME="0.15"), period("10:00", ENERGY=10)],
            "4.7/5.34",
            "11:00",
            {"fixed": "1.2/1.44", "energy": "3/3.3", "reservation": "0.5/0.6"},
            {"RESERVATION_TIME": "0.166667"},
            outcome="used",
        ),
    ),
    "fractions of a per cent of VAT": (
        "0.25 + 7.5 x 0.40",
        Case(
            [element("FLAT 0.25 vat 19.6", "ENERGY 0.40 vat 5.5")],
            [period("10:00", ENERGY="7.5")],
            "3.25/3.464",
            "11:00",
            {"fixed": "0.25/0.299", "energy": "3/3.165"},
        ),
    ),
    "18 minutes of parking are billed as 20": (
        "0.80 + 10 x 0.30 + 20 x 0.05",
        Case(
            [
                element(
                    "FLAT 0.80 vat 20", "ENERGY 0.30 vat 10", "PARKING_TIME 3.00 vat 20 step 600"
                )
            ],
            [period("10:00", ENERGY=10), period("11:00", PARKING_TIME="0.3")],
            "4.8/5.46",
            "11:18",
            {"fixed": "0.8/0.96", "energy": "3/3.3", "parking": "1/1.2"},
            {"PARKING_TIME": "0.333333"},
        ),
    ),
    "27 minutes of parking are billed as 30, charging as it is": (
        "1.25 x 2.40 + 0.5 x 6.00",
        Case(
            [element("TIME 2.40 vat 10 step 60", "PARKING_TIME 6.00 vat 20 step 300")],
            [period("10:00", TIME="1.25"), period("11:15", PARKING_TIME="0.45")],
            "6/6.9",
            "11:42",
            {"time": "3/3.3", "parking": "3/3.6"},
            {"TIME": "1.25", "PARKING_TIME": "0.5"},
        ),
    ),
    "charging and parking with steps of their own": (
        "0.04 x 1.20 + 0.15 x 3.00",
        Case(
            [element("TIME 1.20 step 240", "PARKING_TIME 3.00 step 540")],
            [period("10:00", TIME="0.04"), period("10:03", PARKING_TIME="0.12")],
            "0.498",
            "10:10",
            {"time": "0.048", "parking": "0.45"},
            {"TIME": "0.04", "PARKING_TIME": "0.15"},
        ),
    ),
    "hours that were rounded before they were sent": (
        "0.1167 x 1.80 + 0.1167 x 3.00 + 0.25 x 1.20",
        Case(
            [
                element("TIME 1.80 step 1800", "PARKING_TIME 1.20 step 900", end_time="17:00"),
                element("TIME 3.00 step 900", "PARKING_TIME 1.20 step 900"),
            ],
            [
                period("15:53", TIME="0.1167"),
                period("16:00", TIME="0.1167"),
                period("16:07", PARKING_TIME="0.0667"),
            ],
            "0.86016",
            "16:11",
            {"time": "0.56016", "parking": "0.3"},
            {"PARKING_TIME": "0.25"},
        ),
    ),
    "a quarter of an hour of parking for nothing": (
        "0.25 x 0 + 0.5 x 4.00 + 6 x 0.30",
        Case(
            [
                element("PARKING_TIME 0 vat 0", max_duration=900),
                element("PARKING_TIME 4.00 vat 0", min_duration=900),
                element("ENERGY 0.30 vat 10"),
            ],
            [
                period("10:00", PARKING_TIME="0.25"),
                period("10:15", PARKING_TIME="0.5"),
                period("10:45", ENERGY=6),
            ],
            "3.8/3.98",
            "11:00",
            {"parking": "2", "energy": "1.8/1.98"},
        ),
    ),
    "half an hour of charging for nothing": (
        "0.5 x 0 + 0.75 x 4.00",
        Case(
            [element("TIME 0", max_duration=1800), element("TIME 4.00")],
            [period("10:00", TIME="0.5"), period("10:30", TIME="0.75")],
            "3",
            "11:15",
            {"time": "3"},
        ),
    ),
    "an office on Monday at 40 A": (
        "2.00 + 1.3 x 2.20 + 0.5 x 4.00",
        Case(
            _OFFICE,
            _office("2026-02-09", 12, 40, "1.3", "0.45"),
            "6.86/7.932",
            "2026-02-09T14:00:00Z",
            {"fixed": "2/2.3", "time": "2.86/3.432", "parking": "2/2.2"},
            {"TIME": "1.3", "PARKING_TIME": "0.5"},
        ),
    ),
    "an office on Saturday at 40 A": (
        "2.00 + 1.3 x 1.35 + 0.5 x 3.00",
        Case(
            _OFFICE,
            _office("2026-02-14", 12, 40, "1.3", "0.45"),
            "5.255/6.056",
            "2026-02-14T14:00:00Z",
            {"fixed": "2/2.3", "time": "1.755/2.106", "parking": "1.5/1.65"},
            {"TIME": "1.3", "PARKING_TIME": "0.5"},
        ),
    ),
    "an office after hours at 16 A": (
        "2.00 + 0.5 x 1.10",
        Case(
            _OFFICE,
            _office("2026-02-10", 17, 16, "0.4", "0.2"),
            "2.55/2.96",
            "2026-02-10T19:00:00Z",
            {"fixed": "2/2.3", "time": "0.55/0.66"},
            {"TIME": "0.5"},
            findings={"no_price_component"},
        ),
    ),
}


@pytest.mark.parametrize("case", [case for _, case in _CASES.values()], ids=_CASES)
def test_a_session_costs_its_sum(case: Case) -> None:
    priced = case.priced()
    assert costs(priced) == expected(case)
    assert case.billed.items() <= _billed(case).items()
    assert {each.value for each in priced.codes} == case.findings


@pytest.mark.parametrize(("worked", "case"), _CASES.values(), ids=_CASES)
def test_the_sum_is_right(worked: str, case: Case) -> None:
    assert _sum(worked) == Fraction(case.total.partition("/")[0])


def test_half_a_cent_is_rounded_up() -> None:
    """0.50 + 13.3 x 0.35 is 5.155."""
    case = Case(
        [element("FLAT 0.50", "ENERGY 0.35 step 100")],
        [period("10:00", ENERGY="13.27")],
        "5.155",
        "11:00",
    )
    rounded: Any = case.priced().document()["rounded_half_up"]
    assert rounded["total_cost"]["excl_vat"] == "5.16"


def _billed(case: Case) -> dict[str, Any]:
    billed: Any = case.priced().document()["billed"]
    return dict(billed)


def _sum(worked: str) -> Fraction:
    """What "2.00 + 0.5 x 1.10" comes to."""
    terms = ([Fraction(each) for each in term.split(" x ")] for term in worked.split(" + "))
    return sum((prod(factors, start=Fraction(1)) for factors in terms), Fraction(0))
