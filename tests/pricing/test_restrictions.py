"""When an element holds (PRC-01 to PRC-07)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.pricing.cases import Case, costs, element, expected, period

_NIGHT = element("ENERGY 0.10", start_time="22:00", end_time="06:00")
_REST = element("ENERGY 0.30")


def _energy(*elements: dict[str, object], starts: str, total: str, end: str = "23:30") -> Case:
    """One kWh from each of these moments."""
    periods = [period(start, ENERGY=1) for start in starts.split()]
    return Case(list(elements), periods, total, end, {"energy": total})


_CASES = {
    "the first element that matches": _energy(
        element("ENERGY 0.50"), element("ENERGY 0.10"), starts="10:00", total="0.5"
    ),
    "each dimension looks for itself": Case(
        [element("TIME 3.00", max_duration=60), element("ENERGY 0.40"), element("TIME 6.00")],
        [period("10:00", ENERGY=2, TIME="0.01"), period("10:01", ENERGY=3, TIME="0.5")],
        "5.03",
        "10:31",
        {"energy": "2", "time": "3.03"},
    ),
    "start_time is inclusive and end_time exclusive": _energy(
        element("ENERGY 0.10", start_time="11:00", end_time="12:00"),
        _REST,
        starts="09:59 10:00 10:30 11:00",
        total="0.8",
    ),
    "a window over midnight": _energy(_NIGHT, _REST, starts="20:59 21:00 22:59 23:00", total="0.6"),
    "an end of 00:00 without a start is the whole day": _energy(
        element("ENERGY 0.10", end_time="00:00"), _REST, starts="10:00 22:59", total="0.2"
    ),
    "a start alone lasts until midnight": _energy(
        element("ENERGY 0.10", start_time="23:00"), _REST, starts="21:59 22:00 23:00", total="0.7"
    ),
    "equal times are the whole day": _energy(
        element("ENERGY 0.10", start_time="08:00", end_time="08:00"),
        _REST,
        starts="04:00 12:00",
        total="0.2",
    ),
    "the weekday is that of the instant, in local time": _energy(
        element("ENERGY 0.10", day_of_week=["WEDNESDAY"]),
        _REST,
        starts="22:59 23:00",
        total="0.4",
    ),
    "an empty day_of_week is not set": _energy(
        element("ENERGY 0.10", day_of_week=[]), _REST, starts="10:00", total="0.1"
    ),
    "end_date is exclusive": _energy(
        element("ENERGY 0.10", start_date="2026-02-10", end_date="2026-02-11"),
        _REST,
        starts="10:00 22:59 23:00",
        total="0.5",
    ),
    "dates and times hold each day anew": _energy(
        element(
            "ENERGY 0.10",
            start_date="2026-02-09",
            end_date="2026-02-12",
            start_time="10:00",
            end_time="12:00",
        ),
        _REST,
        starts="08:59 09:00 11:00",
        total="0.7",
    ),
    "all restrictions have to hold": _energy(
        element("ENERGY 0.10", start_time="10:00", end_time="12:00", day_of_week=["SUNDAY"]),
        _REST,
        starts="10:00",
        total="0.3",
    ),
    "min_kwh is inclusive and max_kwh exclusive": Case(
        [element("ENERGY 0.50", max_kwh=10), element("ENERGY 0.20", min_kwh=20), _REST],
        [period("10:00", ENERGY=10), period("11:00", ENERGY=10), period("12:00", ENERGY=10)],
        "10",
        "13:00",
        {"energy": "10"},
    ),
    "durations count from the start of the session": Case(
        [
            element("PARKING_TIME 2.00", max_duration=3600),
            element("PARKING_TIME 8.00", min_duration=7200),
        ],
        [
            period("10:00", PARKING_TIME=1),
            period("11:00", PARKING_TIME=1),
            period("12:00", PARKING_TIME="0.5"),
        ],
        "6",
        "12:30",
        {"parking": "6"},
        findings={"no_price_component"},
    ),
    "power is tested against the period's extremes": Case(
        [
            element("ENERGY 0.20", max_power=11),
            element("ENERGY 0.40", min_power=11, max_power=50),
            element("ENERGY 0.60"),
        ],
        [
            period("10:00", ENERGY=1, MIN_POWER=5, MAX_POWER=7),
            period("10:10", ENERGY=1, MIN_POWER=11, MAX_POWER=30),
            period("10:20", ENERGY=1, MIN_POWER=50, MAX_POWER=80),
        ],
        "1.2",
        "10:30",
        {"energy": "1.2"},
    ),
    "current": Case(
        [element("TIME 3.00", max_current=16), element("TIME 6.00", min_current=16)],
        [
            period("10:00", TIME="0.5", MAX_CURRENT="15.9"),
            period("10:30", TIME="0.5", MAX_CURRENT=16),
        ],
        "4.5",
        "11:00",
        {"time": "4.5"},
    ),
    "no power reported: the average": Case(
        [element("ENERGY 0.20", max_power=11), element("ENERGY 0.60")],
        [period("10:00", ENERGY=10), period("11:00", ENERGY=12)],
        "9.2",
        "12:00",
        {"energy": "9.2"},
        findings={"power_derived"},
    ),
    "no current reported: no match": Case(
        [element("TIME 3.00", max_current=16), element("TIME 6.00")],
        [period("10:00", TIME=1)],
        "6",
        "11:00",
        {"time": "6"},
        findings={"restriction_not_evaluable"},
    ),
    "a restriction nobody knows": Case(
        [element("ENERGY 0.10", dayOfWeek=["SUNDAY"]), _REST],
        [period("10:00", ENERGY=10)],
        "1",
        "11:00",
        {"energy": "1"},
        findings={"unknown_restriction"},
    ),
    "24:00 is the end of the day": Case(
        [element("ENERGY 0.10", start_time="22:00", end_time="24:00"), _REST],
        [period("21:30", ENERGY=10)],
        "1",
        "22:00",
        {"energy": "1"},
        findings={"time_24_00"},
    ),
    "a period over a price change has the price of its start": Case(
        [element("ENERGY 0.50", max_kwh=10), element("ENERGY 0.20")],
        [period("10:00", ENERGY=8), period("11:00", ENERGY=8)],
        "8",
        "12:00",
        {"energy": "8"},
        findings={"period_spans_price_change"},
    ),
    "a period up to a price change is whole": Case(
        [_NIGHT, _REST],
        [period("20:00", ENERGY=8), period("21:00", ENERGY=8)],
        "3.2",
        "22:00",
        {"energy": "3.2"},
    ),
    "a window inside a period": Case(
        [element("ENERGY 0.10", start_time="12:00", end_time="13:00"), _REST],
        [period("10:00", ENERGY=8)],
        "2.4",
        "14:00",
        {"energy": "2.4"},
        findings={"period_spans_price_change"},
    ),
    "half past in Kolkata": replace(
        _energy(
            element("ENERGY 0.10", start_time="18:00"),
            _REST,
            starts="12:29 12:30",
            total="0.4",
            end="13:00",
        ),
        zone="Asia/Kolkata",
    ),
    "the repeated hour of autumn matches twice": Case(
        [element("ENERGY 0.10", start_time="02:00", end_time="03:00"), _REST],
        [
            period("2026-10-24T23:00:00Z", ENERGY=1),
            period("2026-10-25T00:00:00Z", ENERGY=1),
            period("2026-10-25T01:00:00Z", ENERGY=1),
            period("2026-10-25T02:00:00Z", ENERGY=1),
        ],
        "0.8",
        "2026-10-25T03:00:00Z",
        {"energy": "0.8"},
    ),
    "the skipped hour of spring never does": Case(
        [element("ENERGY 0.10", start_time="02:00", end_time="03:00"), _REST],
        [period("2026-03-29T00:00:00Z", ENERGY=1), period("2026-03-29T01:00:00Z", ENERGY=1)],
        "0.6",
        "2026-03-29T02:00:00Z",
        {"energy": "0.6"},
    ),
}


@pytest.mark.parametrize("case", _CASES.values(), ids=_CASES)
def test_the_element_that_holds_prices(case: Case) -> None:
    priced = case.priced()
    assert costs(priced) == expected(case)
    assert {each.value for each in priced.codes} == case.findings


def test_a_clock_that_is_set_inside_a_period_changes_the_price() -> None:
    cheap = element("ENERGY 0.10", start_time="02:30", end_time="03:00")
    periods = [period("2026-10-25T00:35:00Z", ENERGY=1)]
    priced = Case([cheap, _REST], periods, "", "2026-10-25T01:25:00Z").priced()
    assert "period_spans_price_change" in priced.codes


@pytest.mark.parametrize(
    ("start", "end"),
    [("00:10", "00:50"), ("01:10", "01:50")],
    ids=["the first time", "the second time"],
)
def test_a_window_in_the_repeated_hour_is_seen_inside_a_period(start: str, end: str) -> None:
    """02:10 to 02:50 on the wall, before and after the clock is set back."""
    first, last = (f"2026-10-25T{each}:00Z" for each in (start, end))
    cheap = element("ENERGY 0.10", start_time="02:30", end_time="02:40")
    priced = Case([cheap, _REST], [period(first, ENERGY=1)], "", last).priced()
    assert costs(priced)["total"] == "0.3"
    assert "period_spans_price_change" in priced.codes
