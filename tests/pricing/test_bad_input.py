"""Input that is wrong or hostile: a clear error or a finding, soon, and never a wrong amount."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.pricing import Circumstances, compare, compile_tariff, explain, price
from ocpi_hub.protocol.errors import InvalidParameters
from tests.pricing.cases import cdr, costs, element, limits, period, tariff

_TARIFF = tariff([element("ENERGY 0.30")])
_PERIOD = period("10:00", ENERGY=1)


def _volume(value: Any) -> list[dict[str, Any]]:
    return [_PERIOD | {"dimensions": [{"type": "ENERGY", "volume": value}]}]


def _dimension(kind: Any, value: Any = 1) -> list[dict[str, Any]]:
    return [_PERIOD | {"dimensions": [{"type": kind, "volume": value}]}]


_CDRS: dict[str, tuple[dict[str, Any], str]] = {
    "NaN": (
        {"charging_periods": _volume(Decimal("NaN"))},
        "charging_periods.0.dimensions.0.volume: expected a number, got NaN",
    ),
    "a huge exponent": (
        {"charging_periods": _volume(Decimal("1e999999"))},
        "charging_periods.0.dimensions.0.volume: expected a number of at most 30 digits",
    ),
    "a float": (
        {"charging_periods": _volume(1.5)},
        "charging_periods.0.dimensions.0.volume: expected a number, got a float",
    ),
    "a boolean": (
        {"charging_periods": _volume(True)},
        "charging_periods.0.dimensions.0.volume: expected a number, got a boolean",
    ),
    "no volume": (
        {"charging_periods": _volume(None)},
        "charging_periods.0.dimensions.0.volume missing",
    ),
    "negative time": (
        {"charging_periods": _dimension("TIME", -1)},
        "charging_periods.0.dimensions.0.volume: expected 0 or more hours, got -1",
    ),
    "no periods": ({"charging_periods": []}, "charging_periods: expected at least one entry"),
    "no currency": ({"currency": None}, "currency missing"),
    "no start": ({"start_date_time": None}, "start_date_time missing"),
    "an end before the start": (
        {"end_date_time": "2026-02-10T09:00:00Z"},
        "end_date_time: lies before start_date_time",
    ),
    "a date nobody charges on": (
        {"end_date_time": "9999-12-31T23:59:59Z"},
        "end_date_time: 9999-12-31T23:59:59Z is no time of a session",
    ),
    "too many periods": (
        {"charging_periods": [_PERIOD] * 20_001},
        "charging_periods: has 20001 entries, at most 20000 are priced",
    ),
}


@pytest.mark.parametrize(("overrides", "message"), _CDRS.values(), ids=_CDRS)
def test_a_cdr_that_cannot_be_read_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        price(cdr([_PERIOD], "11:00", [_TARIFF]) | overrides)
    assert refused.value.message == message


_COMPONENT = {"type": "ENERGY", "price": Decimal(1), "step_size": 1}
_TARIFFS: dict[str, tuple[list[Any], str]] = {
    "no price": (
        [{"price_components": [_COMPONENT | {"price": None}]}],
        "/elements/0/price_components/0/price missing",
    ),
    "an unknown dimension": (
        [{"price_components": [_COMPONENT | {"type": "POWER"}]}],
        "/elements/0/price_components/0/type: expected ENERGY, FLAT, PARKING_TIME or TIME, got"
        " 'POWER'",
    ),
    "an element that is none": ([1], "/elements/0: expected an object, got a number"),
    "a time that is none": (
        [element("ENERGY 1", start_time="25:00")],
        "/elements/0/restrictions/start_time: expected a time such as '18:15'",
    ),
    "a date that is none": (
        [element("ENERGY 1", end_date="2026-02-31")],
        "/elements/0/restrictions/end_date: expected a date such as '2026-01-31'",
    ),
    "a day that is none": (
        [element("ENERGY 1", day_of_week=["FUNDAY"])],
        "/elements/0/restrictions/day_of_week: expected days such as MONDAY",
    ),
    "half a second": (
        [element("ENERGY 1", min_duration=Decimal("0.5"))],
        "/elements/0/restrictions/min_duration: expected whole seconds, got 0.5",
    ),
}


@pytest.mark.parametrize(("elements", "message"), _TARIFFS.values(), ids=_TARIFFS)
def test_a_tariff_that_cannot_be_read_is_refused(elements: list[Any], message: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        compile_tariff(tariff(elements))
    assert refused.value.message == message


def test_a_dimension_that_is_not_for_cdrs_is_remarked_on() -> None:
    priced = price(cdr(_dimension("STATE_OF_CHARGE"), "11:00", [_TARIFF]))
    assert "dimension_not_for_cdrs" in priced.codes


def test_a_dimension_that_is_there_twice_is_summed() -> None:
    twice = [_PERIOD | {"dimensions": _PERIOD["dimensions"] * 2}]
    priced = price(cdr(twice, "11:00", [_TARIFF]))
    assert costs(priced)["total"] == "0.6"
    assert "dimension_twice" in priced.codes


def test_a_period_outside_the_session_is_priced_and_remarked_on() -> None:
    document = cdr([_PERIOD], "11:00", [_TARIFF], start_date_time="2026-02-10T10:20:00Z")
    priced = price(document)
    assert costs(priced)["total"] == "0.3"
    assert "period_outside_session" in priced.codes


_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_START = datetime(2000, 2, 10, tzinfo=UTC)


def _tiers(each: int) -> dict[str, Any]:
    return element(f"ENERGY {each + 1}", min_kwh=each * 10, max_kwh=each * 10 + 10)


def _minutes(each: int) -> dict[str, Any]:
    return element(
        f"ENERGY 0.{each + 10} vat 21", start_time=_clock(each), end_time=_clock(each + 1)
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("kind", "kwh", "length", "periods"),
    [
        (_tiers, "1", _SECOND, 10_000),
        (_tiers, "13.7", _SECOND, 10_000),
        (_minutes, "0.7", 5 * _SECOND, 10_000),
        (_minutes, "0.7", _DAY, 10_000),
        (_minutes, "0.7333", 59 * _SECOND, 1_000),
    ],
    ids=["tiers", "tiers crossed", "windows", "days of windows", "every recipe tried"],
)
def test_a_thousand_elements_take_bounded_time(
    kind: Callable[[int], dict[str, Any]], kwh: str, length: timedelta, periods: int
) -> None:
    """Seconds on an idle machine, where an hour would be easy."""
    starts = (f"{_START + each * length:%Y-%m-%dT%H:%M:%SZ}" for each in range(periods))
    document = cdr(
        [period(each, ENERGY=kwh) for each in starts],
        f"{_START + periods * length:%Y-%m-%dT%H:%M:%SZ}",
        [tariff([kind(each) for each in range(1_000)])],
        total_cost=limits("12.34"),
    )
    priced = price(document, circumstances=Circumstances(time_zone="Europe/Amsterdam"))
    clearing = compare(document, priced)
    assert clearing.verdict == "mismatch"
    assert len(explain(document, priced, clearing)["lines"]) >= periods


def test_a_thousand_tiers_and_ten_thousand_periods_sum_exactly() -> None:
    """10 kWh at each of 1 to 1,000."""
    starts = (f"{_START + each * _SECOND:%Y-%m-%dT%H:%M:%SZ}" for each in range(10_000))
    periods = [period(each, ENERGY=1) for each in starts]
    tiers = [_tiers(each) for each in range(1_000)]
    priced = price(cdr(periods, "2000-02-10T03:00:00Z", [tariff(tiers)]))
    assert costs(priced)["total"] == "5005000"


def test_the_largest_numbers_are_still_exact() -> None:
    huge = Decimal("123456789012345678901234567890")
    document = cdr(_volume(huge), "11:00", [tariff([element(f"ENERGY {huge} vat 12.3456789")])])
    total = price(document).total_cost
    assert total is not None
    assert total.excl == int(huge) * int(huge)
