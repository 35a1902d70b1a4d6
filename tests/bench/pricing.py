"""The tariff engine against a plain version of the same rules, in the same run.

Run: `python -m tests.bench.pricing`. Prints times and ratios; takes about 20 seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from ocpi_hub.pricing import Circumstances, compare, explain, price, tariffs_of
from tests.pricing.cases import cdr, claiming, element, limits, period, tariff
from tests.pricing.plain import plain_differences, plain_price

_ZONE = "Europe/Amsterdam"
_KNOWN = Circumstances(time_zone=_ZONE)
_SECONDS = 0.25
_ROUNDS = 3

# What each ratio has to reach: the plain version's time for a price, divided by ours.
_PRICE_ONLY = 2.5
_EXPLAINED = 1.0
_LARGE = 5.0


@dataclass(frozen=True)
class Times:
    """Seconds for one CDR: its price, plainly and by the engine; and then what it claims too,
    compared plainly, and by the engine cleared and explained."""

    plain: float
    plain_cleared: float
    price: float
    explained: float


def main() -> int:
    """Measures everything; 1 when a ratio or the growth is not what it should be."""
    sessions = [_measure(each) for each in _sessions()]
    large = _measure(_grid(48, 96))
    ratios = {
        "price only": (median(each.plain / each.price for each in sessions), _PRICE_ONLY),
        "explained and cleared": (
            median(each.plain_cleared / each.explained for each in sessions),
            _EXPLAINED,
        ),
        "48 elements x 96 periods, price only": (large.plain / large.price, _LARGE),
        "48 elements x 96 periods, explained": (large.plain_cleared / large.explained, _LARGE),
    }
    _say("a session", _medians(sessions))
    _say("48 x 96", large)
    growth = [("periods", _growth(24, 96, 24, 192)), ("elements", _growth(24, 96, 48, 96))]
    for name, (ratio, least) in ratios.items():
        sys.stdout.write(f"{name}: {ratio:.2f} times as fast (at least {least})\n")
    for name, factor in growth:
        sys.stdout.write(f"twice the {name}: {factor:.2f} times the time\n")
    return int(any(ratio < least for ratio, least in ratios.values()))


def _measure(document: dict[str, Any]) -> Times:
    tariffs = tariffs_of(document)

    def explained() -> object:
        priced = price(document, tariffs, circumstances=_KNOWN)
        return explain(document, priced, compare(document, priced))

    return Times(
        _time(lambda: plain_price(document, _ZONE)),
        _time(lambda: plain_differences(document, plain_price(document, _ZONE))),
        _time(lambda: price(document, tariffs, circumstances=_KNOWN)),
        _time(explained),
    )


def _time(work: Callable[[], object]) -> float:
    """The best of some rounds, each the mean of as many runs as fit in it."""
    best = float("inf")
    for _ in range(_ROUNDS):
        runs, start = 0, time.perf_counter()
        while (took := time.perf_counter() - start) < _SECONDS / _ROUNDS:
            work()
            runs += 1
        best = min(best, took / runs)
    return best


def _growth(elements: int, periods: int, more_elements: int, more_periods: int) -> float:
    """How much longer the larger one takes."""
    before = _measure(_grid(elements, periods)).explained
    return _measure(_grid(more_elements, more_periods)).explained / before


def _sessions() -> Sequence[dict[str, Any]]:
    """Sessions of all kinds, each claiming what is right."""
    energy = element("FLAT 1.20 vat 20", "ENERGY 0.30 vat 10")
    dayparts = [
        element("TIME 1.80 step 1800", "PARKING_TIME 1.20 step 900", end_time="17:00"),
        element("TIME 3.00 step 900", "PARKING_TIME 1.20 step 900", end_time="20:00"),
        element("TIME 3.00 step 900", start_time="20:00"),
    ]
    weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
    office = [
        element("FLAT 2.00 vat 15"),
        element("TIME 1.10 vat 20 step 900", max_current=32),
        element("TIME 2.20 vat 20 step 600", min_current=32, day_of_week=weekdays),
        element("TIME 1.35 vat 20 step 600", min_current=32, day_of_week=["SATURDAY", "SUNDAY"]),
        element(
            "PARKING_TIME 4.00 vat 10 step 300",
            start_time="09:00",
            end_time="18:00",
            day_of_week=weekdays,
        ),
    ]
    charging = period("10:00", ENERGY="12.3", TIME="1.5")
    parked = period("11:30", PARKING_TIME="0.7")
    strong = period("10:00", TIME="1.5", MIN_CURRENT=40, MAX_CURRENT=40)
    limited = tariff([energy], max_price=limits("4.00", "4.50"))
    reserved = [element("TIME 6.00 vat 20 step 300", reservation="RESERVATION"), energy]
    tiers = [element("ENERGY 0.50", max_kwh=5), element("ENERGY 0.30", min_kwh=5)]
    documents = [
        cdr([charging], "11:30", [tariff([energy])]),
        cdr([charging, parked], "12:12", [tariff([energy, element("PARKING_TIME 3 step 900")])]),
        cdr([period("15:50", TIME="0.1667"), period("16:00", TIME="0.1")], "16:06",
            [tariff(dayparts)]),
        cdr([strong, parked], "12:12", [tariff(office)]),
        cdr([charging], "11:30", [limited]),
        cdr([period("09:40", RESERVATION_TIME="0.3333"), charging], "11:30", [tariff(reserved)]),
        cdr([period("10:00", ENERGY=5), period("10:30", ENERGY=9)], "11:30", [tariff(tiers)]),
    ]  # fmt: skip
    return [claiming(each, price(each, circumstances=_KNOWN)) for each in documents]


def _grid(elements: int, periods: int) -> dict[str, Any]:
    """Days cut into so many windows, and as many periods of a quarter of an hour."""
    length = 24 * 60 // elements
    windows = [
        element(
            f"ENERGY 0.{at + 10} vat 21",
            f"TIME {at % 7} vat 21",
            start_time=_clock(at * length),
            end_time=_clock((at + 1) * length),
        )
        for at in range(elements)
    ]
    start = datetime(2026, 2, 9, 23)  # noqa: DTZ001 - local midnight, written in UTC below
    quarter = timedelta(minutes=15)
    quarters = [
        period(
            f"{(start + at * quarter).isoformat()}Z", ENERGY=Decimal("0.731"), TIME=Decimal("0.25")
        )
        for at in range(periods)
    ]
    document = cdr(quarters, f"{(start + periods * quarter).isoformat()}Z", [tariff(windows)])
    return claiming(document, price(document, circumstances=_KNOWN))


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _medians(times: Sequence[Times]) -> Times:
    return Times(
        median(each.plain for each in times),
        median(each.plain_cleared for each in times),
        median(each.price for each in times),
        median(each.explained for each in times),
    )


def _say(name: str, times: Times) -> None:
    shown = (f"{each * 1e6:.0f} µs" for each in astuple(times))
    plain, cleared, price_only, explained = shown
    sys.stdout.write(
        f"{name}: plain {plain}, with claims {cleared};"
        f" engine {price_only}, explained and cleared {explained}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
