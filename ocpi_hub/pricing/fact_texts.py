"""What restrictions ask for and what was found, in words."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ocpi_hub.pricing.lookup import Entry, Fact, Facts
from ocpi_hub.pricing.money import plain
from ocpi_hub.protocol.v2_2_1.tariffs import DayOfWeek

_SECOND = timedelta(seconds=1)
_DAYS = [day.value for day in DayOfWeek]


def fact_text(fact: Fact, facts: Facts) -> str:
    """What was found, in words: "20 kWh so far"."""
    value: Any = facts[fact]
    if value is None:
        return "unknown"
    match fact:
        case Fact.MINUTE | Fact.DAY | Fact.WEEKDAY:
            return value_text(fact, value)
        case Fact.ENERGY:
            return f"{plain(value)} kWh so far"
        case Fact.ELAPSED:
            return f"{value_text(fact, value)} so far"
        case Fact.POWER_HIGH | Fact.POWER_LOW:
            return f"{plain(value)} kW"
        case Fact.CURRENT_HIGH | Fact.CURRENT_LOW:
            return f"{plain(value)} A"


def wanted_text(fact: Fact, entry: Entry) -> str:
    """What a restriction asks for: "08:00 to 18:00", or "never" where nothing can hold."""
    ranges = entry.ranges[fact]
    if fact is Fact.WEEKDAY:
        return ", ".join(value_text(fact, each.low) for each in ranges)
    if fact is Fact.MINUTE and len(ranges) == 2:
        return f"{value_text(fact, ranges[0].low)} to {value_text(fact, ranges[1].high)}"
    return " or ".join(_range(fact, low, high) for low, high in ranges) or "never"


def value_text(fact: Fact, value: Any) -> str:
    """A value on the axis of a fact, as a tariff writes it."""
    match fact:
        case Fact.MINUTE:
            return f"{value // 60:02}:{value % 60:02}"
        case Fact.DAY:
            return date.fromordinal(int(value)).isoformat()
        case Fact.WEEKDAY:
            return _DAYS[int(value)]
        case Fact.ELAPSED:
            return f"{value // _SECOND} s"
        case _:
            return plain(Decimal(value))


def _range(fact: Fact, low: Any, high: Any) -> str:
    if low is None:
        return f"below {value_text(fact, high)}"
    if high is None:
        return f"from {value_text(fact, low)}"
    return f"{value_text(fact, low)} to {value_text(fact, high)}"
