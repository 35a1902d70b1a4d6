"""Which partial cost is to blame for a wrong total."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from ocpi_hub.pricing.money import WIDE, ZERO, minor_unit, rounded
from ocpi_hub.pricing.result import TOTAL_COST, Priced
from ocpi_hub.pricing.segments import Bucket
from ocpi_hub.pricing.verdicts import Blame, Fault, Judged, Verdict


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
        name: cost.incl if side else cost.excl
        for name, cost in priced.exact.items()
        if name != TOTAL_COST
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
