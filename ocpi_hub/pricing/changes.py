"""Where a price changes inside a period, which the CPO should have split there (CDR-10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from ocpi_hub.pricing.lookup import Axis, Component, Fact, Facts, Lookup
from ocpi_hub.pricing.usage import Period
from ocpi_hub.pricing.zones import WallClock

_INSTANT = timedelta(microseconds=1)
_LONGEST = timedelta(days=31)
_MOST_COMBINATIONS = 5_000
_CLOCK = (Fact.MINUTE, Fact.DAY, Fact.WEEKDAY)


def changes_inside(
    period: Period,
    lookup: Lookup,
    facts: Facts,
    component: Component | None,
    clock: WallClock,
    *,
    last_minute: int | None,
) -> bool:
    """Whether another price than that of the period's start holds at some instant of it.

    `last_minute` is that of the function below, which every lookup of a period shares.
    """
    if not _crosses(period, lookup, facts, last_minute):
        return False
    return any(
        _prices(each) != _prices(component) for each in reachable(period, lookup, facts, clock)
    )


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
    period: Period, lookup: Lookup, facts: Facts, clock: WallClock
) -> set[Component | None]:
    """Every component that is active at some instant of the period, None for a free one.

    When the energy flowed is not known, so each amount of it may go with each instant. A period
    too long to look at every instant of is taken to reach all components.
    """
    if not lookup.axes:
        return {lookup.component(facts)}
    everything = {entry.component for entry in lookup.entries} | {None}
    if period.end - period.start > _LONGEST:
        return everything
    moments = [facts, *_later(period, lookup.axes, facts, clock)]
    energies = [facts.energy, *_energies(period, lookup.axes, facts)]
    powers = [(facts.power_high, facts.power_low), *_extremes(facts.power_high, facts.power_low)]
    currents = [
        (facts.current_high, facts.current_low),
        *_extremes(facts.current_high, facts.current_low),
    ]
    if len(moments) * len(energies) * len(powers) * len(currents) > _MOST_COMBINATIONS:
        return everything
    return {
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
    }


def turns(period: Period, axes: Iterable[Axis], facts: Facts, clock: WallClock) -> list[datetime]:
    """The instants inside the period at which time alone may change a price, in order."""
    found: set[datetime] = set()
    minutes: set[int] = set()
    for axis in axes:
        if axis.fact is Fact.ELAPSED and facts.elapsed is not None:
            found |= {period.start + (cut - facts.elapsed) for cut in axis.cuts}
        elif axis.fact is Fact.MINUTE:
            minutes |= set(axis.cuts)
        elif axis.fact in _CLOCK:
            minutes.add(0)
    if minutes and facts.minute is not None:
        found |= set(clock.turns(period.start, period.end, minutes))
    return sorted(each for each in found if period.start < each < period.end)


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


def _later(period: Period, axes: Sequence[Axis], facts: Facts, clock: WallClock) -> Iterator[Facts]:
    for moment in turns(period, axes, facts, clock):
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
            yield from (cut for cut in axis.cuts if facts.energy < cut < end)
            if end < facts.energy:
                yield from (end, *(cut for cut in axis.cuts if end < cut < facts.energy))


def _extremes(
    high: Decimal | None, low: Decimal | None
) -> list[tuple[Decimal | None, Decimal | None]]:
    return [] if high == low else [(high, high), (low, low)]


def _prices(component: Component | None) -> object:
    return component and (component.rate, component.gross_rate, component.step)
