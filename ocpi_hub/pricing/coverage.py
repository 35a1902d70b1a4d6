"""Whether a tariff leaves something unpriced: hours, amounts of energy, durations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ocpi_hub.pricing.fact_texts import value_text
from ocpi_hub.pricing.lookup import Axis, Fact, Lookup
from ocpi_hub.pricing.restrictions import FIELDS

# Enough for a tariff by hours, weekdays and energy; beyond it nothing is said.
_MOST_CELLS = 20_000
_LAST = {Fact.MINUTE: 24 * 60, Fact.WEEKDAY: 7}
_HIGH_OF = {Fact.POWER_LOW: Fact.POWER_HIGH, Fact.CURRENT_LOW: Fact.CURRENT_HIGH}


def gap(lookup: Lookup) -> str | None:
    """Where no element of a dimension holds, in words; None where one always does."""
    cells = 1
    for axis in lookup.axes:
        cells *= len(axis.masks)
    if cells > _MOST_CELLS:
        return None
    found = _search(lookup.axes, lookup.possible, {})
    if found is None:
        return None
    return ", ".join(found) or "always"


def _search(axes: tuple[Axis, ...], mask: int, highest: Mapping[Fact, Any]) -> list[str] | None:
    """The first combination of cells that no element allows; `highest` ends those chosen."""
    if not mask:
        return []
    if not axes:
        return None
    axis, rest = axes[0], axes[1:]
    for cell, allowed in enumerate(axis.masks):
        if _impossible(axis, cell, highest):
            continue
        end = axis.cuts[cell] if cell < len(axis.cuts) else None
        found = _search(rest, mask & allowed, {**highest, axis.fact: end})
        if found is not None:
            return [_cell(axis, cell), *found]
    return None


def _impossible(axis: Axis, cell: int, highest: Mapping[Fact, Any]) -> bool:
    """Before the first minute, weekday, kWh or second, after the last minute or weekday, or a
    lowest power or current above the highest."""
    if not axis.cuts:
        return False
    if cell == 0:
        return axis.fact is not Fact.DAY and bool(axis.cuts[0] <= type(axis.cuts[0])(0))
    start = axis.cuts[cell - 1]
    if axis.fact in _LAST:
        return bool(start >= _LAST[axis.fact])
    high = highest.get(_HIGH_OF[axis.fact]) if axis.fact in _HIGH_OF else None
    return high is not None and bool(start >= high)


def _cell(axis: Axis, cell: int) -> str:
    name = " and ".join(FIELDS[axis.fact])
    low = axis.cuts[cell - 1] if cell else None
    high = axis.cuts[cell] if cell < len(axis.cuts) else None
    if not axis.cuts:
        return f"{name} is anything"
    if low is None:
        return f"{name} below {value_text(axis.fact, high)}"
    return f"{name} from {value_text(axis.fact, low)}"
