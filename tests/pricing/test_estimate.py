"""The price of a session that has not happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi_hub.pricing import Plan, compile_tariff, estimate
from ocpi_hub.protocol.errors import InvalidParameters
from tests.pricing.cases import costs, element, limits, tariff

_START = datetime(2026, 2, 10, 20, tzinfo=UTC)
_ZONE = "Europe/Amsterdam"


def _plan(kwh: str, kw: str, minutes: int | None = None) -> Plan:
    stay = None if minutes is None else timedelta(minutes=minutes)
    return Plan(Decimal(kwh), Decimal(kw), _START, stay)


def _cost(elements: list[dict[str, Any]], plan: Plan, **overrides: Any) -> str:
    found = estimate(compile_tariff(tariff(elements, **overrides)), plan, time_zone=_ZONE)
    return costs(found.priced)["total"]


@pytest.mark.parametrize(
    ("elements", "plan", "total"),
    [
        ([element("FLAT 1.00 vat 20", "ENERGY 0.40 vat 20")], _plan("20", "11"), "9/10.8"),
        ([element("TIME 6.00")], _plan("20", "10"), "12"),
        ([element("ENERGY 0.40", "PARKING_TIME 3.00")], _plan("20", "10", 180), "11"),
        (
            [element("ENERGY 0.10", start_time="22:00"), element("ENERGY 0.40")],
            _plan("20", "10"),
            "5",
        ),
        (
            [element("ENERGY 0.24", start_time="22:00"), element("ENERGY 0.29")],
            _plan("12", "11"),
            "3.43",
        ),
        ([element("ENERGY 0.50", max_kwh=5), element("ENERGY 0.30")], _plan("20", "7"), "7"),
        (
            [element("PARKING_TIME 2.00", max_duration=7200), element("PARKING_TIME 8.00")],
            _plan("10", "10", 180),
            "10",
        ),
        ([element("ENERGY 0.60", min_power=50), element("ENERGY 0.40")], _plan("10", "50"), "6"),
        ([element("ENERGY 0.50", max_power=50)], _plan("0", "50", 0), "0"),
    ],
    ids=[
        "energy and fee",
        "time",
        "parking afterwards",
        "a switch at night",
        "a switch after just 11 kWh, in a time that has no end in decimals",
        "a tier of energy",
        "a tier of duration while parked",
        "power",
        "nothing",
    ],
)
def test_a_plan_is_priced_with_every_switch_on_its_way(
    elements: list[dict[str, Any]], plan: Plan, total: str
) -> None:
    assert _cost(elements, plan) == total


def test_price_limits_hold_for_a_plan() -> None:
    assert _cost([element("ENERGY 0.40")], _plan("60", "11"), max_price=limits("9", "9")) == "9"


def test_a_short_stay_charges_less_than_wanted() -> None:
    found = estimate(compile_tariff(tariff([element("ENERGY 0.40")])), _plan("20", "10", 30))
    assert found.energy == 5
    assert (found.charging, found.parking) == (timedelta(minutes=30), timedelta())


def test_energy_and_time_of_the_pieces_sum_to_the_plan() -> None:
    elements = [
        element("ENERGY 0.5", max_kwh=Decimal("3.3")),
        element("TIME 1", start_time="22:30"),
    ]
    found = estimate(compile_tariff(tariff(elements)), _plan("20", "7"), time_zone=_ZONE)
    periods = found.priced.usage.periods
    assert len(periods) > 2
    assert sum(each.energy for each in periods) == 20
    assert found.priced.usage.end - _START == found.charging


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (_plan("-1", "11"), "kwh: expected 0 or more, got -1"),
        (_plan("1", "0"), "kw: expected more than 0, got 0"),
        (_plan("NaN", "11"), "kwh: expected a number of at most 30 digits"),
        (_plan("1", "11", 99_999), "minutes: expected 0 up to a month"),
        (_plan("99999", "1"), "kwh: takes more than a month at this power"),
    ],
    ids=["negative", "no power", "not a number", "too long", "too slow"],
)
def test_a_plan_that_makes_no_sense_is_refused(plan: Plan, message: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        estimate(compile_tariff(tariff([element("ENERGY 0.40")])), plan)
    assert refused.value.message == message


def test_a_session_that_would_never_end_is_refused() -> None:
    plan = Plan(Decimal(100), Decimal(1), datetime(9999, 12, 31, 23, tzinfo=UTC), None)

    with pytest.raises(InvalidParameters, match="start: the session would end after"):
        estimate(compile_tariff(tariff([element("ENERGY 0.40")])), plan)
