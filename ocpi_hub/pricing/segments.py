"""Segments: each volume of each period with the component that prices it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from ocpi_hub.pricing.changes import changes_inside, last_minute, most_combinations
from ocpi_hub.pricing.compiled import CompiledTariff, Context
from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.lookup import Component, Facts, Lookup
from ocpi_hub.pricing.money import HOUR, WIDE, ZERO, plain, units
from ocpi_hub.pricing.policies import Flat, Policy
from ocpi_hub.pricing.usage import Period, Usage, exact_seconds
from ocpi_hub.pricing.zones import WallClock
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType
from ocpi_hub.protocol.v2_2_1.tariffs import TariffDimensionType

_NO_TIME = timedelta()
_ONE = Decimal(1)
_FREE = ZERO, ZERO


class Bucket(StrEnum):
    """The partial costs of a CDR."""

    FIXED = "total_fixed_cost"
    ENERGY = "total_energy_cost"
    TIME = "total_time_cost"
    PARKING = "total_parking_cost"
    RESERVATION = "total_reservation_cost"


class Segment(NamedTuple):
    """A volume in base units (kWh, seconds, one FLAT) and what prices it; `dimension` is None for a
    FLAT, `place` that of the entry in the lookup. `excl` and `incl` are its costs in 3600ths."""

    period: Period
    dimension: CdrDimensionType | None
    priced_as: TariffDimensionType
    context: Context
    bucket: Bucket
    tariff: CompiledTariff | None
    lookup: Lookup | None
    place: int | None
    component: Component | None
    quantity: Decimal
    facts: Facts
    excl: Decimal
    incl: Decimal

    @property
    def where(self) -> str:
        """The pointer to its period."""
        return f"/charging_periods/{self.period.at}"


class Walk:
    """Goes through the periods of a usage and prices each volume at the period's start.

    A period that crosses a change of price is priced by what holds at its start and never
    interpolated: the CPO should have split it (CDRs, ChargingPeriod).
    """

    def __init__(
        self, usage: Usage, clock: WallClock, reserved_as: Context, policy: Policy
    ) -> None:
        self._usage = usage
        self._clock = clock
        self._reserved_as = reserved_as
        self._policy = policy
        self._flats: dict[Context, Component] = {}
        self._checked: Period | None = None
        self._last_minute: int | None = None
        self._most = most_combinations(len(usage.periods))
        self.findings: list[Finding] = []

    def segments(
        self, tariffs: tuple[CompiledTariff | None, ...], *, with_session: bool
    ) -> Iterator[Segment]:
        """The segments in the order of time."""
        for period, tariff in zip(self._usage.periods, tariffs, strict=True):
            facts = self.facts(period, tariff, Context.SESSION)
            if with_session and period.in_session:
                yield from self._flat(period, tariff, facts, Context.SESSION)
            if period.energy:
                yield self._energy(period, tariff, facts)
            if period.time:
                yield self._timed(period, tariff, facts, CdrDimensionType.TIME, period.time)
            if period.parking:
                kind = CdrDimensionType.PARKING_TIME
                yield self._timed(period, tariff, facts, kind, period.parking)
            if period.reservation:
                facts = self.facts(period, tariff, self._reserved_as)
                yield from self._flat(period, tariff, facts, self._reserved_as)
                kind = CdrDimensionType.RESERVATION_TIME
                yield self._timed(period, tariff, facts, kind, period.reservation)
            elif (
                tariff is not None and period.in_session and not period.time and not period.parking
            ):
                self._missing(period, tariff, facts)

    def facts(self, period: Period, tariff: CompiledTariff | None, context: Context) -> Facts:
        """What holds at the period's start."""
        minute = day = weekday = elapsed = None
        if self._usage.times_known:
            session = context is Context.SESSION
            begun = self._usage.session_start if session else self._usage.start
            elapsed = max(period.start - begun, _NO_TIME)
            if tariff is not None and tariff.needs_clock:
                local = self._clock.local(period.start)
                if local is not None:
                    minute = local.hour * 60 + local.minute
                    day, weekday = local.toordinal(), local.weekday()
        high, low = period.power_high, period.power_low
        if high is None and tariff is not None and tariff.needs_power:
            high = low = self._derived_power(period)
        return Facts(
            minute,
            day,
            weekday,
            period.energy_before,
            elapsed,
            high,
            low,
            period.current_high,
            period.current_low,
        )

    def _derived_power(self, period: Period) -> Decimal | None:
        """The average: in a period that was split as it should be, it lies on the same side."""
        seconds = exact_seconds(period.end - period.start)
        if not seconds or not self._usage.times_known:
            return None
        power = WIDE.divide(period.energy * HOUR, seconds)
        self._find(
            Code.POWER_DERIVED, period, "no power was reported; taken as energy by the time it took"
        )
        return power.quantize(Decimal("1e-9"), context=WIDE)

    def _flat(
        self,
        period: Period,
        tariff: CompiledTariff | None,
        facts: Facts,
        context: Context,
    ) -> Iterator[Segment]:
        """The first FLAT that becomes active is due once (tariffs, min_price and examples)."""
        lookup = None if tariff is None else tariff.lookup(context, TariffDimensionType.FLAT)
        if lookup is None:
            return
        place = lookup.find(facts)
        component = None if place is None else lookup.entries[place].component
        charged = self._flats.get(context)
        if component is None:
            if charged is None and self._changes(period, lookup, facts, None):
                message = "a FLAT becomes active inside the period, which should have ended there"
                self._find(Code.PERIOD_SPANS_PRICE_CHANGE, period, message)
            return
        if charged is not None and self._policy.flat is Flat.ONCE:
            if charged is not component:
                amount = plain(units(component.rate))
                message = f"a further FLAT of {amount} is active; only the first is due"
                self._find(Code.FURTHER_FLAT_IGNORED, period, message)
            return
        self._flats[context] = component
        bucket = _flat_bucket(component, period, context)
        kind = None, TariffDimensionType.FLAT, context, bucket
        cost = component.rate, component.gross_rate
        yield Segment(period, *kind, tariff, lookup, place, component, _ONE, facts, *cost)

    def _energy(self, period: Period, tariff: CompiledTariff | None, facts: Facts) -> Segment:
        return self._segment(
            period,
            tariff,
            facts,
            (CdrDimensionType.ENERGY, TariffDimensionType.ENERGY, Context.SESSION, Bucket.ENERGY),
            period.energy,
        )

    def _timed(
        self,
        period: Period,
        tariff: CompiledTariff | None,
        facts: Facts,
        dimension: CdrDimensionType,
        seconds: Decimal,
    ) -> Segment:
        match dimension:
            case CdrDimensionType.PARKING_TIME:
                kind = TariffDimensionType.PARKING_TIME, Context.SESSION, Bucket.PARKING
            case CdrDimensionType.RESERVATION_TIME:
                kind = TariffDimensionType.TIME, self._reserved_as, Bucket.RESERVATION
            case _:
                kind = TariffDimensionType.TIME, Context.SESSION, Bucket.TIME
        return self._segment(period, tariff, facts, (dimension, *kind), seconds)

    def _segment(
        self,
        period: Period,
        tariff: CompiledTariff | None,
        facts: Facts,
        kind: tuple[CdrDimensionType, TariffDimensionType, Context, Bucket],
        quantity: Decimal,
    ) -> Segment:
        dimension, priced_as, context, _ = kind
        lookup = place = component = None
        timeless = not self._usage.times_known and dimension is not CdrDimensionType.ENERGY
        if tariff is not None and not timeless:
            lookup = tariff.lookup(context, priced_as)
            if lookup is not None:
                place = lookup.find(facts)
                component = None if place is None else lookup.entries[place].component
                if lookup.axes:
                    self._doubt(period, lookup, facts, component)
            if component is None and tariff.lookups:
                message = f"no element prices {dimension} here, so it costs nothing"
                self._find(Code.NO_PRICE_COMPONENT, period, message)
        cost = _FREE
        if component is not None:
            cost = quantity * component.rate, quantity * component.gross_rate
        return Segment(period, *kind, tariff, lookup, place, component, quantity, facts, *cost)

    def _doubt(
        self, period: Period, lookup: Lookup, facts: Facts, component: Component | None
    ) -> None:
        if lookup.undecided(facts):
            message = "a restriction hangs on something nobody measured, so its element is passed"
            self._find(Code.RESTRICTION_NOT_EVALUABLE, period, message)
        if self._changes(period, lookup, facts, component):
            message = "the price changes inside the period; what holds at its start is used"
            self._find(Code.PERIOD_SPANS_PRICE_CHANGE, period, message)

    def _changes(
        self, period: Period, lookup: Lookup, facts: Facts, component: Component | None
    ) -> bool:
        if facts.minute is not None and self._checked is not period:
            self._checked, self._last_minute = period, last_minute(period, self._clock)
        return changes_inside(
            period,
            lookup,
            facts,
            component,
            self._clock,
            last_minute=self._last_minute,
            most=self._most,
        )

    def _missing(self, period: Period, tariff: CompiledTariff, facts: Facts) -> None:
        """A tariff with a price for time, and a period that does not say how long it charged."""
        lookup = tariff.lookup(Context.SESSION, TariffDimensionType.TIME)
        component = None if lookup is None else lookup.component(facts)
        length = exact_seconds(period.end - period.start)
        if component is None or not length or not component.rate:
            return
        amount = plain(units(length * component.rate))
        message = f"the period reports no TIME; all of it would cost {amount}"
        self._find(Code.DIMENSION_MISSING, period, message)

    def _find(self, code: Code, period: Period, message: str) -> None:
        self.findings.append(Finding(code, f"/charging_periods/{period.at}", message))


def _flat_bucket(component: Component, period: Period, context: Context) -> Bucket:
    """A FLAT is part of parking only if its element prices parking alone, and while parking."""
    if context is not Context.SESSION:
        return Bucket.RESERVATION
    return Bucket.PARKING if component.for_parking and period.parking else Bucket.FIXED
