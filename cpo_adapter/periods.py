"""Charging Periods: a session cut where its price changes, and nowhere else.

CDRs, ChargingPeriod: a new period starts whenever another price component becomes active (CDR-10).
Where that is follows from the tariff as the pricing engine reads it, so both always agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from cpo_adapter.course import Course, Point
from ocpi_hub.pricing import CompiledTariff
from ocpi_hub.pricing.compiled import Context
from ocpi_hub.pricing.lookup import Axis, Component, Fact, Facts, Lookup
from ocpi_hub.pricing.zones import WallClock, load_zone
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType
from ocpi_hub.protocol.v2_2_1.tariffs import TariffDimensionType

_HOUR = Decimal(3600)
_MICROSECOND = timedelta(microseconds=1)
_FINE = Decimal("0.0001")
_TENTH = Decimal("0.1")
_CLOCK = (Fact.MINUTE, Fact.DAY, Fact.WEEKDAY)
_POWER = (Fact.POWER_HIGH, Fact.POWER_LOW)
_CURRENT = (Fact.CURRENT_HIGH, Fact.CURRENT_LOW)

_SESSION, _RESERVED = Context.SESSION, Context.RESERVATION
# What a price may hang on in each kind of time; a change of anything else needs no period.
_PRICED = {
    CdrDimensionType.TIME: (
        (_SESSION, TariffDimensionType.FLAT),
        (_SESSION, TariffDimensionType.ENERGY),
        (_SESSION, TariffDimensionType.TIME),
    ),
    CdrDimensionType.PARKING_TIME: (
        (_SESSION, TariffDimensionType.FLAT),
        (_SESSION, TariffDimensionType.ENERGY),
        (_SESSION, TariffDimensionType.PARKING_TIME),
    ),
    CdrDimensionType.RESERVATION_TIME: (
        (_RESERVED, TariffDimensionType.FLAT),
        (_RESERVED, TariffDimensionType.TIME),
        (Context.EXPIRED, TariffDimensionType.FLAT),
        (Context.EXPIRED, TariffDimensionType.TIME),
    ),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a session is billed by: its tariff, the Location's time zone, the connector's volts."""

    tariff: CompiledTariff | None
    time_zone: str | None
    volts: Decimal | None = None


class _Piece(NamedTuple):
    """A part of a session in which nothing changes that any element of its tariff asks for."""

    start: datetime
    end: datetime
    kind: CdrDimensionType
    energy: Decimal
    power: Decimal | None
    current: Decimal | None
    # Pieces that follow each other and have the same are one period.
    priced_by: tuple[object, ...]


def charging_periods(course: Course, terms: Terms) -> list[dict[str, Any]]:
    """The ChargingPeriods of a session, whose volumes sum to its totals."""
    clock = _clock(terms)
    periods = []
    ran: dict[CdrDimensionType, Decimal] = {}
    for _, group in groupby(_pieces(course, terms, clock), key=_sameness):
        pieces = list(group)
        first, last = pieces[0], pieces[-1]
        before = ran.get(first.kind, Decimal(0))
        ran[first.kind] = before + _seconds(last.end - first.start)
        hours = _hours(ran[first.kind]) - _hours(before)
        periods.append(_document(pieces, hours, terms.tariff))
    return periods


def volume(periods: Iterable[dict[str, Any]], kind: CdrDimensionType) -> Decimal:
    """The sum of one dimension over all periods."""
    return sum(
        (
            dimension["volume"]
            for period in periods
            for dimension in period["dimensions"]
            if dimension["type"] == kind
        ),
        Decimal(0),
    )


def _clock(terms: Terms) -> WallClock:
    if terms.time_zone is None:
        return WallClock(None, None, None)
    return WallClock(terms.time_zone, None, load_zone(terms.time_zone))


def _sameness(piece: _Piece) -> tuple[object, ...]:
    return piece.kind, piece.priced_by


def _pieces(course: Course, terms: Terms, clock: WallClock) -> Iterator[_Piece]:
    """The session cut at every moment at which some restriction may begin or cease to hold."""
    kinds = {stretch.start: stretch.kind for stretch in course.stretches}
    kind = course.stretches[0].kind
    cuts = _cuts(course, terms.tariff, clock)
    for before, after in pairwise(cuts):
        kind = kinds.get(before.at, kind)
        yield _piece(before, after, kind, course, terms, clock)


def _piece(
    before: Point,
    after: Point,
    kind: CdrDimensionType,
    course: Course,
    terms: Terms,
    clock: WallClock,
) -> _Piece:
    power = current = None
    reserved = kind is CdrDimensionType.RESERVATION_TIME
    if not reserved and after.at > before.at:
        power = course.power(before.at)
        current = _current(power, terms.volts)
    begun = course.begin if reserved else course.session_start
    facts = _facts(before, begun, power, current, clock, terms.tariff)
    return _Piece(
        before.at,
        after.at,
        kind,
        after.energy - before.energy,
        power,
        current,
        tuple(_priced_by(terms.tariff, kind, facts)),
    )


def _cuts(course: Course, tariff: CompiledTariff | None, clock: WallClock) -> list[Point]:
    """Where the session is cut, with the energy that had flowed by then, in order."""
    axes = [axis for lookup in _lookups(tariff) for axis in lookup.axes]
    # More digits than any measurement has: an energy at a boundary is exact when it is on the grid.
    with localcontext(prec=60):
        moments = {stretch.start for stretch in course.stretches}
        moments |= set(_turns(course, axes, clock))
        if any(axis.fact in (*_POWER, *_CURRENT) for axis in axes):
            moments |= {point.at for point in course.points}
        inside = [Point(at, course.energy_at(at)) for at in moments if _inside(at, course)]
        inside += _thresholds(course, axes)
    found = [Point(course.begin, Decimal(0))]
    for point in sorted(inside):
        if point.at > found[-1].at or point.energy > found[-1].energy:
            found.append(Point(point.at, max(point.energy, found[-1].energy)))
    last = Point(course.end, course.total)
    return found if found[-1] == last and len(found) > 1 else [*found, last]


def _inside(at: datetime, course: Course) -> bool:
    return course.begin < at < course.end


def _turns(course: Course, axes: Sequence[Axis], clock: WallClock) -> Iterator[datetime]:
    """When time alone may change a price: the clock on the wall, or the time since the start."""
    minutes: set[int] = set()
    for axis in axes:
        if axis.fact is Fact.ELAPSED:
            for cut in axis.cuts:
                yield from (course.begin + cut, course.session_start + cut)
        elif axis.fact is Fact.MINUTE:
            minutes |= set(axis.cuts)
        elif axis.fact in _CLOCK:
            minutes.add(0)
    if minutes:
        yield from clock.turns(course.begin, course.end, sorted(minutes))


def _thresholds(course: Course, axes: Sequence[Axis]) -> Iterator[Point]:
    """When as much energy had flowed as a restriction names."""
    for axis in axes:
        if axis.fact is Fact.ENERGY:
            for threshold in axis.cuts:
                reached = course.reached(threshold) if threshold < course.total else None
                if reached is not None:
                    yield Point(reached, threshold)


def _lookups(tariff: CompiledTariff | None) -> Iterable[Lookup]:
    return () if tariff is None else tariff.lookups.values()


def _facts(
    at: Point,
    begun: datetime,
    power: Decimal | None,
    current: Decimal | None,
    clock: WallClock,
    tariff: CompiledTariff | None,
) -> Facts:
    local = clock.local(at.at) if tariff is not None and tariff.needs_clock else None
    return Facts(
        minute=None if local is None else local.hour * 60 + local.minute,
        day=None if local is None else local.toordinal(),
        weekday=None if local is None else local.weekday(),
        energy=at.energy,
        elapsed=at.at - begun,
        power_high=power,
        power_low=power,
        current_high=current,
        current_low=current,
    )


def _priced_by(
    tariff: CompiledTariff | None, kind: CdrDimensionType, facts: Facts
) -> Iterator[Component | int | None]:
    """The components that price each dimension, and the bands of power and current, which a period
    must not leave since it tells only its highest and lowest."""
    if tariff is None:
        return
    for context, dimension in _PRICED[kind]:
        lookup = tariff.lookup(context, dimension)
        if lookup is None:
            continue
        yield lookup.component(facts)
        for axis in lookup.axes:
            value = facts[axis.fact]
            if axis.fact in (*_POWER, *_CURRENT) and value is not None:
                yield axis.cell(value, below=False)


def _document(
    pieces: Sequence[_Piece], hours: Decimal, tariff: CompiledTariff | None
) -> dict[str, Any]:
    kind = pieces[0].kind
    dimensions: list[dict[str, Any]] = []
    energy = sum((piece.energy for piece in pieces), Decimal(0))
    if energy or kind is CdrDimensionType.TIME:
        dimensions.append({"type": CdrDimensionType.ENERGY, "volume": _plain(energy)})
    dimensions.append({"type": kind, "volume": _plain(hours)})
    if tariff is not None and kind is not CdrDimensionType.RESERVATION_TIME:
        dimensions += _extremes(pieces, tariff)
    made: dict[str, Any] = {
        "start_date_time": format_datetime(pieces[0].start),
        "dimensions": dimensions,
    }
    return made if tariff is None else made | {"tariff_id": tariff.id}


def _extremes(pieces: Sequence[_Piece], tariff: CompiledTariff) -> Iterator[dict[str, Any]]:
    """The highest and lowest power and current, where a price hangs on them."""
    powers = [piece.power for piece in pieces if piece.power is not None]
    currents = [piece.current for piece in pieces if piece.current is not None]
    if powers and not tariff.facts.isdisjoint(_POWER):
        yield {"type": CdrDimensionType.MAX_POWER, "volume": _plain(max(powers))}
        yield {"type": CdrDimensionType.MIN_POWER, "volume": _plain(min(powers))}
    if currents and not tariff.facts.isdisjoint(_CURRENT):
        yield {"type": CdrDimensionType.MAX_CURRENT, "volume": _plain(max(currents))}
        yield {"type": CdrDimensionType.MIN_CURRENT, "volume": _plain(min(currents))}


def _current(power: Decimal | None, volts: Decimal | None) -> Decimal | None:
    """The sum over all phases, which restrictions ask for: the power tells it, whatever the number
    of phases."""
    if power is None or not volts:
        return None
    return (power * 1000 / volts).quantize(_TENTH, ROUND_HALF_UP)


def _hours(seconds: Decimal) -> Decimal:
    """Hours with OCPI's four decimals. Never more than there were: 10 minutes written as 0.1667
    would be billed as 11 where steps are of a minute."""
    return (seconds / _HOUR).quantize(_FINE, ROUND_DOWN)


def _seconds(span: timedelta) -> Decimal:
    return Decimal(span // _MICROSECOND).scaleb(-6)


def _plain(value: Decimal) -> Decimal:
    """Without trailing zeros, and without an exponent."""
    reduced = value.normalize()
    return reduced if int(reduced.as_tuple().exponent) <= 0 else reduced.quantize(Decimal(1))
