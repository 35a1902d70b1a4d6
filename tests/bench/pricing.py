"""The tariff engine beside a plain, uncompiled version of the same rules (tests/pricing/plain.py).

What is measured on each side stands in the name of a figure. "cleared" is the whole work on a CDR:
the price, every line explained with its reasons, each claim judged. The plain version can only
price, or price and list the claims that differ; it explains nothing. Every run writes the whole
explanation as JSON values, its clearing with the verdict's sentence among them: nothing is put off
until it is asked for, and nothing of a CDR is remembered for the next run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ocpi_hub.pricing import Circumstances, CompiledTariff, compare, explain, price, tariffs_of
from tests.bench import figures
from tests.bench.figures import Figure, Measure
from tests.pricing.cases import cdr, claiming, element, limits, period, tariff
from tests.pricing.plain import plain_differences, plain_price

_ZONE = "Europe/Amsterdam"
_KNOWN = Circumstances(time_zone=_ZONE)
_RUNS, _SECONDS = 5, 0.005

_PRICE_ONLY = 2.5
_CLEARED = 1.0
_LARGE = 5.0
# Twice the input may take twice the time, and some noise.
_LINEAR = 2.3

Work = Callable[[dict[str, Any], Sequence[CompiledTariff]], object]


async def bench(_: str) -> list[Figure]:
    """Ratios of CDRs per second, and how the time grows; it needs no database."""
    sessions, large = _sessions(), [_grid(48, 96)]
    return [
        await _faster("price / plain price", sessions, _price, _plain_price, _PRICE_ONLY),
        await _faster("cleared / plain price + claims", sessions, _clear, _plain_claims, _CLEARED),
        await _faster("cleared / plain price alone", sessions, _clear, _plain_price, None),
        await _faster("48 elements x 96 periods: price", large, _price, _plain_price, _LARGE),
        await _faster("48 elements x 96 periods: cleared", large, _clear, _plain_claims, None),
        await _growth("twice the periods: price", _price, _grid(24, 96), _grid(24, 192)),
        await _growth("twice the periods: cleared", _clear, _grid(24, 96), _grid(24, 192)),
        await _growth("twice the elements: price", _price, _grid(24, 96), _grid(48, 96)),
        await _growth("twice the elements: cleared", _clear, _grid(24, 96), _grid(48, 96)),
    ]


def _price(document: dict[str, Any], tariffs: Sequence[CompiledTariff]) -> object:
    return price(document, tariffs, circumstances=_KNOWN)


def _clear(document: dict[str, Any], tariffs: Sequence[CompiledTariff]) -> object:
    priced = price(document, tariffs, circumstances=_KNOWN)
    return explain(document, priced, compare(document, priced))


def _plain_price(document: dict[str, Any], _: Sequence[CompiledTariff]) -> object:
    return plain_price(document, _ZONE)


def _plain_claims(document: dict[str, Any], _: Sequence[CompiledTariff]) -> object:
    return plain_differences(document, plain_price(document, _ZONE))


async def _faster(
    what: str, documents: Sequence[dict[str, Any]], ours: Work, plain: Work, goal: float | None
) -> Figure:
    return await figures.compare(
        f"pricing: {what}",
        _rate(documents, ours),
        _rate(documents, plain),
        unit="CDRs/s",
        goal=goal,
    )


async def _growth(what: str, work: Work, small: dict[str, Any], large: dict[str, Any]) -> Figure:
    return await figures.compare(
        f"pricing: {what}",
        _milliseconds(large, work),
        _milliseconds(small, work),
        unit="ms",
        goal=_LINEAR,
        floor=False,
    )


def _rate(documents: Sequence[dict[str, Any]], work: Work) -> Measure:
    """How many CDRs a second of processor time, as many of each kind.

    Tariffs are compiled once, as the hub does; of some runs of each kind the best counts.
    """
    ready = [(each, tariffs_of(each)) for each in documents]

    async def measure() -> float:
        took = sum(min(_once(each, work) for _ in range(_RUNS)) for each in ready)
        return len(ready) / took

    return measure


def _once(ready: tuple[dict[str, Any], Sequence[CompiledTariff]], work: Work) -> float:
    """Seconds for one CDR: the mean over a run."""
    done, start = 0, time.process_time()
    while (took := time.process_time() - start) < _SECONDS:
        work(*ready)
        done += 1
    return took / done


def _milliseconds(document: dict[str, Any], work: Work) -> Measure:
    rate = _rate([document], work)

    async def measure() -> float:
        return 1e3 / await rate()

    return measure


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
