"""The least and the most a session can have cost, however its periods should have been split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import NamedTuple

from ocpi_hub.pricing.changes import most_combinations, reachable
from ocpi_hub.pricing.compiled import CompiledTariff, Context
from ocpi_hub.pricing.limits import Total, clamp, sum_of
from ocpi_hub.pricing.lookup import Component
from ocpi_hub.pricing.money import EXACT, WIDE, ZERO
from ocpi_hub.pricing.result import Priced
from ocpi_hub.pricing.segments import Bucket, Segment, Walk
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType
from ocpi_hub.protocol.v2_2_1.tariffs import TariffDimensionType


class Bounds(NamedTuple):
    """The lowest and the highest cost; without and with VAT each on its own."""

    low: Total
    high: Total


_ONE = Decimal(1)
_NOTHING = Bounds(Total(ZERO, ZERO), Total(ZERO, ZERO))


def bounds(priced: Priced) -> dict[Bucket, Bounds]:
    """The bounds of each partial cost: each volume wholly at the cheapest and wholly at the dearest
    component that is active at some instant of its period."""
    with localcontext(EXACT):
        found: dict[Bucket, Bounds] = {}
        options: dict[CdrDimensionType, set[Component | None]] = {}
        buckets: dict[CdrDimensionType, Bucket] = {}
        for segment in priced.segments:
            if segment.dimension is None:
                continue
            active = _active(segment, priced)
            _add(found, segment.bucket, _spread(segment.quantity, active))
            options.setdefault(segment.dimension, set()).update(active)
            buckets[segment.dimension] = segment.bucket
        for dimension in options:
            _add(found, buckets[dimension], _surplus(priced, dimension, options))
        for context in (Context.SESSION, priced.reserved_as):
            _add(found, *_flats(priced, context))
        return found


def total_bounds(priced: Priced, partial: dict[Bucket, Bounds]) -> Bounds:
    """The bounds of the total, within the price limits."""
    with localcontext(EXACT):
        low = sum_of(each.low for each in partial.values())
        high = sum_of(each.high for each in partial.values())
        tariffs = {id(each): each for each in priced.tariffs if each is not None}
        if len(tariffs) == 1 and (priced.usage.used or not priced.usage.reserved):
            (tariff,) = tariffs.values()
            bounded = Bounds(*(clamp(each, tariff, priced.policy) for each in (low, high)))
            return _with_derived_vat(bounded, Bounds(low, high), tariff)
        return Bounds(low, high)


def _with_derived_vat(bounded: Bounds, free: Bounds, tariff: CompiledTariff) -> Bounds:
    """A limit without incl_vat follows the rates of the session, which a split may change."""
    limits = [each for each in (tariff.min_price, tariff.max_price) if each is not None]
    if all(each.incl is not None for each in limits):
        return bounded
    shares = {
        WIDE.divide(entry.component.gross_rate, entry.component.rate)
        for lookup in tariff.lookups.values()
        for entry in lookup.entries
        if entry.component is not None and entry.component.rate
    } | {_ONE}
    (low, high), (free_low, free_high) = bounded, free
    least = min(WIDE.multiply(low.excl, min(shares)), free_low.incl)
    most = max(WIDE.multiply(high.excl, max(shares)), free_high.incl)
    return Bounds(Total(low.excl, least), Total(high.excl, most))


def _active(segment: Segment, priced: Priced) -> frozenset[Component | None]:
    if segment.lookup is None:
        return frozenset({None})
    most = most_combinations(len(priced.usage.periods))
    return reachable(segment.period, segment.lookup, segment.facts, priced.clock, most=most)


def _surplus(
    priced: Priced,
    dimension: CdrDimensionType,
    options: Mapping[CdrDimensionType, set[Component | None]],
) -> Bounds:
    """What step_size adds: that of the price where there is no choice, else up to a whole step."""
    parking = options.get(CdrDimensionType.PARKING_TIME, set())
    absorbed = dimension is CdrDimensionType.TIME and None in parking and len(parking) > 1
    if len(options[dimension]) > 1 or absorbed:
        components = {each for each in options[dimension] if each is not None}
        return _hull(_spread(each.step, frozenset({each, None})) for each in components)
    costs = sum_of(step for step in priced.steps if step.last.dimension is dimension)
    return Bounds(costs, costs)


def _flats(priced: Priced, context: Context) -> tuple[Bucket, Bounds]:
    """The FLAT of a context: that which was charged, or another one active in some period."""
    charged = [
        segment
        for segment in priced.segments
        if segment.dimension is None and segment.context is context
    ]
    active: set[Component | None] = set()
    walk = Walk(priced.usage, priced.clock, priced.reserved_as, priced.policy)
    for period, tariff in zip(priced.usage.periods, priced.tariffs, strict=True):
        lookup = None if tariff is None else tariff.lookup(context, TariffDimensionType.FLAT)
        begun = period.in_session if context is Context.SESSION else period.reservation
        if lookup is not None and begun:
            facts = walk.facts(period, tariff, context)
            most = most_combinations(len(priced.usage.periods))
            active |= reachable(period, lookup, facts, priced.clock, most=most)
    if charged:
        return charged[0].bucket, _spread(_ONE, frozenset(active - {None}))
    bucket = Bucket.FIXED if context is Context.SESSION else Bucket.RESERVATION
    return bucket, _spread(_ONE, frozenset(active | {None}))


def _spread(quantity: Decimal, active: frozenset[Component | None]) -> Bounds:
    cheapest, dearest = _rates(active)
    low, high = (Total(quantity * each.excl, quantity * each.incl) for each in (cheapest, dearest))
    return Bounds(low, high) if quantity >= 0 else Bounds(high, low)


@lru_cache(maxsize=16)
def _rates(active: frozenset[Component | None]) -> Bounds:
    """What one unit costs at the least and at the most; most periods reach the same components."""
    return _hull(
        Bounds(rate, rate)
        for rate in (
            Total(ZERO, ZERO) if each is None else Total(each.rate, each.gross_rate)
            for each in active
        )
    )


def _hull(spreads: Iterable[Bounds]) -> Bounds:
    known = list(spreads)
    if not known:
        return _NOTHING
    return Bounds(
        Total(min(each.low.excl for each in known), min(each.low.incl for each in known)),
        Total(max(each.high.excl for each in known), max(each.high.incl for each in known)),
    )


def _add(found: dict[Bucket, Bounds], bucket: Bucket, more: Bounds) -> None:
    known = found.get(bucket, _NOTHING)
    found[bucket] = Bounds(sum_of((known.low, more.low)), sum_of((known.high, more.high)))
