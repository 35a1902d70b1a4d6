"""Which partial cost is to blame for a wrong total."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from ocpi_hub.pricing.claims import TOTAL_COST
from ocpi_hub.pricing.money import WIDE, ZERO, exact_units, minor_unit, plain, quantity, rounded
from ocpi_hub.pricing.result import Priced, hours
from ocpi_hub.pricing.segments import Bucket, Segment
from ocpi_hub.pricing.verdicts import Blame, Fault, Judged, Verdict
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType


def find_blame(judged: Sequence[Judged], priced: Priced) -> Blame | None:
    """The smallest set of partial costs whose error, absence or double count makes the total."""
    total = next((each for each in judged if each.claim.cost == TOTAL_COST), None)
    if total is None or total.verdict is Verdict.MATCH:
        wrong = tuple(dict.fromkeys(each.claim.cost for each in _wrong_parts(judged)))
        return Blame(Fault.WRONG, tuple(cost for cost in wrong if cost)) if wrong else None
    difference, coin = total.difference, Decimal(1).scaleb(-minor_unit(priced.usage.currency))
    side = total.claim.with_vat
    errors: dict[str, Decimal] = {
        each.claim.cost or "": each.difference
        for each in _wrong_parts(judged)
        if each.claim.with_vat == side
    }
    costs: dict[str, Decimal] = {
        bucket: exact_units(cost.incl if side else cost.excl)
        for bucket, cost in priced.buckets.items()
    }
    for fault, parts, sign in (
        (Fault.WRONG, errors, 1),
        (Fault.LEFT_OUT, costs, -1),
        (Fault.TWICE, costs, 1),
    ):
        found = _smallest(parts, difference * sign, coin)
        if found is not None:
            return Blame(fault, found)
    return Blame(Fault.WRONG, tuple(costs)) if len(costs) == 1 else None


def lines_of(cost: str, priced: Priced) -> str:
    """What a partial cost is made of, in a few words: "20 kWh at 0.25"."""
    said = [_line(each) for each in priced.segments if each.bucket == cost and each.component]
    said += [
        f"{_amount(step.last, step.surplus)} of step_size"
        for step in priced.steps
        if step.last.bucket == cost
    ]
    if len(said) > _MOST_LINES:
        return f"{', '.join(said[:_MOST_LINES])} and {len(said) - _MOST_LINES} more"
    return ", ".join(said) or "nothing"


_MOST_LINES = 3


def _line(segment: Segment) -> str:
    price = ZERO if segment.component is None else segment.component.price
    if segment.dimension is None:
        return f"a FLAT of {plain(price)}"
    return f"{_amount(segment, segment.quantity)} at {plain(price)}"


def _amount(segment: Segment, value: Decimal) -> str:
    if segment.dimension is CdrDimensionType.ENERGY:
        return f"{quantity(value)} kWh"
    return f"{hours(value)} h"


def _wrong_parts(judged: Sequence[Judged]) -> Iterator[Judged]:
    for each in judged:
        if each.verdict is not Verdict.MATCH and each.claim.cost not in (None, TOTAL_COST):
            yield each


def _smallest(
    parts: Mapping[str, Decimal], wanted: Decimal, coin: Decimal
) -> tuple[str, ...] | None:
    for size in range(1, min(len(parts), len(Bucket)) + 1):
        for chosen in combinations(parts, size):
            total = ZERO
            for name in chosen:
                total = WIDE.add(total, parts[name])
            if total and abs(rounded(total - wanted, 6)) <= coin:
                return chosen
    return None
