"""Where a price changes inside a period, which the CPO should have split there (CDR-10)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice, product
from typing import Any

from ocpi_hub.pricing.lookup import Axis, Component, Fact, Facts, Lookup
from ocpi_hub.pricing.usage import Period
from ocpi_hub.pricing.zones import WallClock

_INSTANT = timedelta(microseconds=1)
_LONGEST = timedelta(days=31)
# Facts that may go together, for one period and for all of a CDR.
_LEAST_COMBINATIONS, _MOST_COMBINATIONS, _ALL_COMBINATIONS = 10, 5_000, 100_000
_CLOCK = (Fact.MINUTE, Fact.DAY, Fact.WEEKDAY)
_MIDNIGHT = (0,)


def changes_inside(
    period: Period,
    lookup: Lookup,
    facts: Facts,
    component: Component | None,
    clock: WallClock,
    *,
    last_minute: int | None,
    most: int,
) -> bool:
    """Whether another price than that of the period's start holds at some instant of it.

    `last_minute` is that of the function below, which every lookup of a period shares.
    """
    if not _crosses(period, lookup, facts, last_minute):
        return False
    active = reachable(period, lookup, facts, clock, most=most)
    return any(_prices(each) != _prices(component) for each in active)


def last_minute(period: Period, clock: WallClock) -> int | None:
    """What the wall shows at the period's last instant, in minutes of the day.

    None where it is another day by then, or the clock was set meanwhile.
    """
    start = clock.local(period.start)
    end = clock.local(max(period.end - _INSTANT, period.start))
    if start is None or end is None:
        return None
    if start.date() != end.date() or start.utcoffset() != end.utcoffset():
        return None
    return end.hour * 60 + end.minute


def reachable(
    period: Period, lookup: Lookup, facts: Facts, clock: WallClock, *, most: int
) -> frozenset[Component | None]:
    """Every component that is active at some instant of the period, None for a free one.

    When the energy flowed is not known, so each amount of it may go with each instant. A period
    that reaches more than `most` combinations is taken to reach all components.
    """
    if not lookup.axes:
        return frozenset({lookup.component(facts)})
    if period.end - period.start > _LONGEST:
        return lookup.components
    moments = [facts, *_later(period, lookup.axes, facts, clock, most=most)]
    energies = [facts.energy, *_energies(period, lookup.axes, facts)]
    powers = [(facts.power_high, facts.power_low), *_extremes(facts.power_high, facts.power_low)]
    currents = [
        (facts.current_high, facts.current_low),
        *_extremes(facts.current_high, facts.current_low),
    ]
    if len(moments) * len(energies) * len(powers) * len(currents) > most:
        return lookup.components
    return frozenset(
        lookup.component(
            moment._replace(
                energy=energy,
                power_high=power[0],
                power_low=power[1],
                current_high=current[0],
                current_low=current[1],
            )
        )
        for moment, energy, power, current in product(moments, energies, powers, currents)
    )


def most_combinations(periods: int) -> int:
    """How many combinations to look at in each of so many periods, to be done in a second."""
    return max(_LEAST_COMBINATIONS, min(_MOST_COMBINATIONS, _ALL_COMBINATIONS // max(periods, 1)))


def turns(period: Period, axes: Iterable[Axis], facts: Facts, clock: WallClock) -> list[datetime]:
    """The instants inside the period at which time alone may change a price, in order."""
    return sorted(set(_instants(period, axes, facts, clock)))


def _instants(
    period: Period, axes: Iterable[Axis], facts: Facts, clock: WallClock
) -> Iterator[datetime]:
    """The same in no order, some of them twice."""
    for axis in axes:
        if axis.fact is Fact.ELAPSED and facts.elapsed is not None:
            last = facts.elapsed + (period.end - period.start)
            for cut in _between(axis, facts.elapsed, last):
                yield period.start + (cut - facts.elapsed)
        elif axis.fact in _CLOCK and facts.minute is not None:
            minutes = axis.cuts if axis.fact is Fact.MINUTE else _MIDNIGHT
            for moment in clock.turns(period.start, period.end, minutes):
                if period.start < moment < period.end:
                    yield moment


def _between(axis: Axis, low: Any, high: Any) -> Sequence[Any]:
    """The cuts above `low` and below `high`."""
    return axis.cuts[bisect_right(axis.cuts, low) : bisect_left(axis.cuts, high)]


def _crosses(period: Period, lookup: Lookup, facts: Facts, last: int | None) -> bool:
    """Whether some fact leaves its cell before the period ends; quick, and true too often."""
    for axis in lookup.axes:
        value: Any = facts[axis.fact]
        if value is None:
            continue
        match axis.fact:
            case Fact.MINUTE:
                moved = last is None or _moves(axis, value, last)
            case Fact.DAY | Fact.WEEKDAY:
                moved = last is None
            case Fact.ENERGY:
                end = value + period.energy
                moved = axis.cell(end, below=period.energy > 0) != axis.cell(value, below=False)
            case Fact.ELAPSED:
                end = value + (period.end - period.start)
                moved = end > value and axis.cell(end, below=True) != axis.cell(value, below=False)
            case Fact.POWER_HIGH | Fact.CURRENT_HIGH:
                moved = _moves(axis, value, facts[axis.fact + 1])
            case Fact.POWER_LOW | Fact.CURRENT_LOW:
                moved = _moves(axis, value, facts[axis.fact - 1])
        if moved:
            return True
    return False


def _moves(axis: Axis, one: Any, other: Any) -> bool:
    return axis.cell(one, below=False) != axis.cell(other, below=False)


def _later(
    period: Period, axes: Sequence[Axis], facts: Facts, clock: WallClock, *, most: int
) -> Iterator[Facts]:
    """The facts at the first instants of the period that may change a price, one more than
    `most`."""
    for moment in islice(_instants(period, axes, facts, clock), most + 1):
        later = facts
        if facts.elapsed is not None:
            later = later._replace(elapsed=facts.elapsed + (moment - period.start))
        local = None if facts.minute is None else clock.local(moment)
        if local is not None:
            later = later._replace(
                minute=local.hour * 60 + local.minute,
                day=local.toordinal(),
                weekday=local.weekday(),
            )
        yield later


def _energies(period: Period, axes: Sequence[Axis], facts: Facts) -> Iterator[Decimal]:
    if facts.energy is None or not period.energy:
        return
    end = facts.energy + period.energy
    for axis in axes:
        if axis.fact is Fact.ENERGY:
            yield from _between(axis, facts.energy, end)
            if end < facts.energy:
                yield from (end, *_between(axis, end, facts.energy))


def _extremes(
    high: Decimal | None, low: Decimal | None
) -> list[tuple[Decimal | None, Decimal | None]]:
    return [] if high == low else [(high, high), (low, low)]


def _prices(component: Component | None) -> object:
    return component and (component.rate, component.gross_rate, component.step)
