"""Finding the element that prices a dimension, in time that hardly depends on their number.

Every restriction is a range on one axis (the time of day, the energy so far, …). An axis is cut at
the ends of all ranges, and each cut-out cell knows as a bit mask which elements allow it. An
instant falls into one cell of each axis; the lowest bit that all its masks share is the first
matching element, which is the one that prices (tariffs, Tariff object; PRC-01).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Any, NamedTuple

from ocpi_hub.pricing.remembered import remembered


class Fact(IntEnum):
    """The places of `Facts`, and so the axes there can be."""

    MINUTE = 0
    DAY = 1
    WEEKDAY = 2
    ENERGY = 3
    ELAPSED = 4
    POWER_HIGH = 5
    POWER_LOW = 6
    CURRENT_HIGH = 7
    CURRENT_LOW = 8


class Facts(NamedTuple):
    """What restrictions are tested against at one instant; None is what nobody knows."""

    minute: int | None
    day: int | None
    weekday: int | None
    energy: Decimal | None
    elapsed: timedelta | None
    power_high: Decimal | None
    power_low: Decimal | None
    current_high: Decimal | None
    current_low: Decimal | None


class Range(NamedTuple):
    """From `low` up to but not including `high`; None is no end."""

    low: Any
    high: Any


Ranges = Mapping[Fact, Sequence[Range]]


class Component(NamedTuple):
    """A Price Component: what one base unit (a kWh, a second, a FLAT) costs in 3600ths."""

    element: int
    place: int
    price: Decimal
    vat: Decimal | None
    step_size: Decimal
    step: Decimal
    rate: Decimal
    gross_rate: Decimal
    for_parking: bool


class Entry(NamedTuple):
    """An element as one dimension sees it; without a component it prices nothing."""

    element: int
    component: Component | None
    ranges: Ranges
    never: bool


class Axis(NamedTuple):
    """Which entries allow which cell of one fact."""

    fact: Fact
    cuts: list[Any]
    masks: list[int]
    unknown: int

    def mask(self, value: Any) -> int:
        """The entries that allow this value of the fact."""
        return self.unknown if value is None else self.masks[bisect_right(self.cuts, value)]

    def cell(self, value: Any, *, below: bool) -> int:
        """The number of the cell that holds the value, or what comes just below it."""
        return bisect_left(self.cuts, value) if below else bisect_right(self.cuts, value)


@dataclass(frozen=True)
class Lookup:
    """The entries of one dimension in the order of their precedence."""

    entries: tuple[Entry, ...]
    axes: tuple[Axis, ...]
    possible: int

    @remembered
    def components(self) -> frozenset[Component | None]:
        """All that may price, None for nothing."""
        return frozenset(entry.component for entry in self.entries) | {None}

    @classmethod
    def of(cls, entries: Sequence[Entry], *, unknown_matches: bool) -> Lookup:
        """The lookup over these entries, the first of which goes before the others."""
        possible = sum(1 << bit for bit, entry in enumerate(entries) if not entry.never)
        used = sorted({fact for entry in entries for fact in entry.ranges})
        axes = (_axis(fact, entries, unknown_matches=unknown_matches) for fact in used)
        return cls(tuple(entries), tuple(axes), possible)

    def find(self, facts: Facts) -> int | None:
        """The place of the first entry that matches."""
        mask = self.possible
        for fact, cuts, masks, unknown in self.axes:
            value = facts[fact]
            mask &= unknown if value is None else masks[bisect_right(cuts, value)]
        return (mask & -mask).bit_length() - 1 if mask else None

    def component(self, facts: Facts) -> Component | None:
        """The component that prices at this instant."""
        found = self.find(facts)
        return None if found is None else self.entries[found].component

    def undecided(self, facts: Facts) -> bool:
        """Whether the result hangs on a fact that nobody knows."""
        if all(facts[axis.fact] is not None for axis in self.axes):
            return False
        mask = self.possible
        for axis in self.axes:
            if (value := facts[axis.fact]) is not None:
                mask &= axis.mask(value)
        first = (mask & -mask).bit_length() - 1 if mask else None
        return first != self.find(facts)


def _axis(fact: Fact, entries: Sequence[Entry], *, unknown_matches: bool) -> Axis:
    everything = (1 << len(entries)) - 1
    first, turns = everything, dict[Any, int]()
    unrestricted = everything
    for place, entry in enumerate(entries):
        if fact not in entry.ranges:
            continue
        bit = 1 << place
        unrestricted ^= bit
        first ^= bit
        for low, high in entry.ranges[fact]:
            if low is None:
                first ^= bit
            else:
                turns[low] = turns.get(low, 0) ^ bit
            if high is not None:
                turns[high] = turns.get(high, 0) ^ bit
    masks = [first]
    cuts = sorted(turns)
    for cut in cuts:
        masks.append(masks[-1] ^ turns[cut])
    return Axis(fact, cuts, masks, everything if unknown_matches else unrestricted)
