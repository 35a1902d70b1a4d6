"""The course of a session: how its energy grew, and when it charged, stood full or was reserved."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType

_ZERO = Decimal(0)
_KILO = Decimal(1000)
# Between two readings energy is known to 0.1 Wh, the four decimals of OCPI in kWh.
_FINE = Decimal("0.0001")
# A vehicle that draws less than this asks for nothing; its electronics are not charging.
_RESTING_WATTS = Decimal(100)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)


class Phase(StrEnum):
    """What a transaction does, in one word for both versions of OCPP."""

    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"
    IDLE = "idle"


class Measured(NamedTuple):
    """A reading of the meter: Wh since the start."""

    at: datetime
    energy: Decimal


class Point(NamedTuple):
    """How much energy had flowed by then, in kWh."""

    at: datetime
    energy: Decimal


class Stretch(NamedTuple):
    """A time in which one kind of time runs, until the next stretch."""

    start: datetime
    kind: CdrDimensionType


@dataclass(frozen=True, slots=True)
class Course:
    """From `begin` to `end`; `session_start` is later than `begin` where a reservation came first,
    and `points` begin with 0 and end with the total."""

    begin: datetime
    session_start: datetime
    end: datetime
    points: tuple[Point, ...]
    stretches: tuple[Stretch, ...]

    @property
    def total(self) -> Decimal:
        """All energy in kWh."""
        return self.points[-1].energy

    def energy_at(self, moment: datetime) -> Decimal:
        """How much had flowed by then, as if it flowed evenly between two readings."""
        place = bisect_right(self.points, moment, key=_moment_of)
        if place == 0:
            return _ZERO
        before = self.points[place - 1]
        if place == len(self.points) or before.at == moment:
            return before.energy
        after = self.points[place]
        share = _micros(moment - before.at) / _micros(after.at - before.at)
        flowed = (after.energy - before.energy) * share
        return min((before.energy + flowed).quantize(_FINE, ROUND_HALF_UP), after.energy)

    def reached(self, energy: Decimal) -> datetime | None:
        """When so much had flowed; None where it never did, or from the very start."""
        for before, after in pairwise(self.points):
            if before.energy < energy <= after.energy:
                share = (energy - before.energy) / (after.energy - before.energy)
                return _whole(before.at, (after.at - before.at), share)
        return None

    def power(self, moment: datetime) -> Decimal | None:
        """The average power in kW between the two readings around the moment."""
        place = bisect_right(self.points, moment, key=_moment_of)
        if not 0 < place < len(self.points):
            return None
        before, after = self.points[place - 1], self.points[place]
        hours = _micros(after.at - before.at) / 3_600_000_000
        return ((after.energy - before.energy) / hours).quantize(Decimal("0.001"), ROUND_HALF_UP)


def course_of(
    measured: Sequence[Measured],
    phases: Sequence[tuple[datetime, Phase]],
    *,
    span: tuple[datetime, datetime],
    total: Decimal,
    reserved_from: datetime | None = None,
) -> Course:
    """The course of a transaction from and to these moments, with `total` Wh in all."""
    start, end = _to_millisecond(span[0]), _to_millisecond(max(span))
    points = tuple(_points(measured, start, end, total / _KILO))
    stretches = list(_stretches(phases, points, start, end))
    begin = start if reserved_from is None else min(_to_millisecond(reserved_from), start)
    if begin < start:
        stretches.insert(0, Stretch(begin, CdrDimensionType.RESERVATION_TIME))
    return Course(begin, start, end, points, tuple(stretches))


def reservation_course(begin: datetime, end: datetime) -> Course:
    """The course of a reservation that nobody used."""
    begin, end = _to_millisecond(begin), _to_millisecond(max(begin, end))
    points = (Point(end, _ZERO),)
    return Course(begin, end, end, points, (Stretch(begin, CdrDimensionType.RESERVATION_TIME),))


def _points(
    measured: Iterable[Measured], start: datetime, end: datetime, total: Decimal
) -> Iterator[Point]:
    """What was measured inside the session, never falling and never beyond the total."""
    yield Point(start, _ZERO)
    highest = _ZERO
    for moment, energy in sorted(measured):
        at = _to_millisecond(moment)
        if start < at < end and highest <= energy / _KILO:
            highest = min(energy / _KILO, total)
            yield Point(at, highest)
    if end > start or total:
        yield Point(end, total)


def _stretches(
    phases: Sequence[tuple[datetime, Phase]],
    points: Sequence[Point],
    start: datetime,
    end: datetime,
) -> Iterator[Stretch]:
    """CDRs, CdrDimensionType: PARKING_TIME is time in which the vehicle asks for no power."""
    told = list(_told(phases)) if phases else list(_guessed(points))
    kind = CdrDimensionType.TIME
    for at, each in told:
        if at <= start:
            kind = each
    yield Stretch(start, kind)
    for at, each in told:
        if start < at < end and each is not kind:
            kind = each
            yield Stretch(at, kind)


def _told(phases: Sequence[tuple[datetime, Phase]]) -> Iterator[tuple[datetime, CdrDimensionType]]:
    """By what the station said. Before it first charges it gets ready, which is not parking."""
    charged = False
    for moment, phase in sorted(phases):
        at = _to_millisecond(moment)
        match phase:
            case Phase.CHARGING | Phase.SUSPENDED_EVSE:
                charged = True
                yield at, CdrDimensionType.TIME
            case Phase.SUSPENDED_EV:
                charged = True
                yield at, CdrDimensionType.PARKING_TIME
            case Phase.IDLE:
                yield at, CdrDimensionType.PARKING_TIME if charged else CdrDimensionType.TIME


def _guessed(points: Sequence[Point]) -> Iterator[tuple[datetime, CdrDimensionType]]:
    """By the meter, where the station never said: it stood full once no energy flowed any more."""
    for before, after in pairwise(reversed(points)):
        hours = _micros(before.at - after.at) / 3_600_000_000
        flowed = (before.energy - after.energy) * _KILO
        if flowed > _RESTING_WATTS * hours:
            yield before.at, CdrDimensionType.PARKING_TIME
            return


def _whole(at: datetime, length: timedelta, share: Decimal) -> datetime:
    """The moment that far into a length, to the millisecond that OCPI can say."""
    return at + int((share * _micros(length) / _KILO).to_integral_value()) * _MILLISECOND


def _to_millisecond(at: datetime) -> datetime:
    """What OCPI can say of a moment."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _micros(span: timedelta) -> Decimal:
    return Decimal(span // _MICROSECOND)


def _moment_of(point: Point) -> datetime:
    return point.at
