"""Periods cut where their price changes, as if everything had flowed evenly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import NamedTuple

from ocpi_hub.pricing.changes import turns
from ocpi_hub.pricing.compiled import Context
from ocpi_hub.pricing.lookup import Axis, Fact, Facts
from ocpi_hub.pricing.money import EXACT, WIDE, ZERO
from ocpi_hub.pricing.result import Priced
from ocpi_hub.pricing.segments import Walk
from ocpi_hub.pricing.usage import Period, Usage, exact_seconds

_DECIMALS = Decimal("1e-6")
_MICROSECOND = timedelta(microseconds=1)


class _Cut(NamedTuple):
    """Where a period is cut: the instant, and the energy that had flowed by then."""

    moment: datetime
    energy: Decimal


def split_evenly(priced: Priced) -> Usage:
    """The usage of a price with each period cut wherever one of its components may change."""
    with localcontext(EXACT):
        periods: list[Period] = []
        for period, axes, facts in _axes(priced):
            periods += _pieces(period, _cuts(period, axes, facts, priced))
        return replace(priced.usage, periods=tuple(periods))


def _axes(priced: Priced) -> Iterator[tuple[Period, Sequence[Axis], Facts]]:
    """Each period with the axes of all that may price it."""
    walk = Walk(priced.usage, priced.clock, priced.reserved_as, priced.policy)
    for period, tariff in zip(priced.usage.periods, priced.tariffs, strict=True):
        lookups = () if tariff is None else tariff.lookups.values()
        axes = [axis for lookup in lookups for axis in lookup.axes]
        yield period, axes, walk.facts(period, tariff, Context.SESSION)


def _cuts(period: Period, axes: Iterable[Axis], facts: Facts, priced: Priced) -> list[_Cut]:
    if period.end <= period.start:
        return []
    length = period.end - period.start
    cuts = {
        moment: _share(period.energy, moment - period.start, length)
        for moment in turns(period, axes, facts, priced.clock)
    }
    end = period.energy_before + period.energy
    for axis in axes:
        if axis.fact is Fact.ENERGY:
            for threshold in axis.cuts:
                if period.energy_before < threshold < end:
                    flowed = threshold - period.energy_before
                    cuts[period.start + _reached(flowed, period.energy, length)] = flowed
    return sorted(
        _Cut(moment, energy)
        for moment, energy in cuts.items()
        if period.start < moment < period.end
    )


def _pieces(period: Period, cuts: Sequence[_Cut]) -> Iterator[Period]:
    """The period in pieces whose volumes sum to its own."""
    length = period.end - period.start
    before = _Cut(period.start, ZERO)
    done = ZERO, ZERO, ZERO
    for cut in (*cuts, _Cut(period.end, period.energy)):
        passed = cut.moment - period.start
        time, parking, reservation = (
            _share(whole, passed, length)
            for whole in (period.time, period.parking, period.reservation)
        )
        yield period._replace(
            start=before.moment,
            end=cut.moment,
            energy=cut.energy - before.energy,
            energy_before=period.energy_before + before.energy,
            time=time - done[0],
            parking=parking - done[1],
            reservation=reservation - done[2],
        )
        before, done = cut, (time, parking, reservation)


def _share(whole: Decimal, passed: timedelta, length: timedelta) -> Decimal:
    if not whole or not length or passed == length:
        return whole if passed == length else ZERO
    share = WIDE.divide(whole * exact_seconds(passed), exact_seconds(length))
    return share.quantize(_DECIMALS, context=WIDE)


def _reached(flowed: Decimal, energy: Decimal, length: timedelta) -> timedelta:
    """How long after the start so much energy had flowed, to the microsecond."""
    micros = WIDE.divide(flowed * exact_seconds(length), energy).scaleb(6)
    return int(micros.to_integral_value()) * _MICROSECOND
