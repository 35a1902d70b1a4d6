"""Charging profiles on the wire: what both versions write and read alike."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from cpo_adapter.ocpp.calls import ChargingProfile, RateUnit, SchedulePeriod
from cpo_adapter.ocpp.fields import (
    Payload,
    children,
    integer,
    number,
    text,
    without_none,
    written_moment,
)

_STEP = Decimal("0.1")


def floored(limit: Decimal) -> Decimal:
    """A limit with the one decimal that OCPP allows, never above what was meant."""
    return limit.quantize(_STEP, rounding=ROUND_FLOOR)


def written_schedule(profile: ChargingProfile) -> dict[str, Any]:
    """A ChargingSchedule, but for the id that 2.0.1 wants."""
    return without_none(
        {
            "duration": profile.duration,
            "startSchedule": None if profile.start is None else written_moment(profile.start),
            "chargingRateUnit": profile.unit.value,
            "chargingSchedulePeriod": [_written_period(period) for period in profile.periods],
            "minChargingRate": None if profile.min_rate is None else floored(profile.min_rate),
        }
    )


def written_validity(profile: ChargingProfile) -> dict[str, Any]:
    """The members of a profile that both versions have under the same names."""
    return without_none(
        {
            "stackLevel": profile.stack_level,
            "chargingProfileKind": profile.kind.value,
            "recurrencyKind": profile.recurrency,
            "validFrom": None if profile.valid_from is None else written_moment(profile.valid_from),
            "validTo": None if profile.valid_to is None else written_moment(profile.valid_to),
        }
    )


def read_periods(schedule: Payload) -> tuple[SchedulePeriod, ...]:
    """The periods of a schedule that can be read."""
    return tuple(_read_periods(children(schedule, "chargingSchedulePeriod")))


def read_unit(schedule: Payload) -> RateUnit:
    """What a schedule's limits are in; stations that do not say mean amperes."""
    return RateUnit.WATTS if text(schedule, "chargingRateUnit") == "W" else RateUnit.AMPERES


def _read_periods(periods: Iterable[Payload]) -> Iterable[SchedulePeriod]:
    for period in periods:
        start, limit = integer(period, "startPeriod"), number(period, "limit")
        if start is not None and limit is not None:
            yield SchedulePeriod(start, limit, integer(period, "numberPhases"))


def _written_period(period: SchedulePeriod) -> dict[str, Any]:
    return without_none(
        {
            "startPeriod": period.start,
            "limit": floored(period.limit),
            "numberPhases": period.phases,
        }
    )
