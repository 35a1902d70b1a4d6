"""Charging profiles of OCPI as a station takes them, and a station's schedules as OCPI has them.

Pure: what a station can take is a value, and so is the supply of its connector. Source: 2.2.1
charging profiles, ChargingProfile class; OCPP 1.6 section 3.13, 2.0.1 part K.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Any

from cpo_adapter.ocpp.calls import (
    ChargingProfile,
    ProfileKind,
    ProfilePurpose,
    RateUnit,
    Schedule,
    SchedulePeriod,
)
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.types import format_datetime, parse_datetime

_TENTH = Decimal("0.1")
# Above the profiles that limit a site (level 0): the lowest of both counts, as each purpose has
# its own stack.
_STACK_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Supply:
    """What a connector is fed with: volts of a phase, and how many phases (1 for DC)."""

    volts: Decimal
    phases: int

    def watts(self, amps: Decimal) -> Decimal:
        """The power of a current in each phase."""
        return amps * self.volts * self.phases

    def amps(self, watts: Decimal) -> Decimal:
        """The current in each phase that a power takes."""
        return watts / (self.volts * self.phases)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What profiles a station takes. `most_periods` None: it does not say."""

    units: frozenset[RateUnit] = frozenset(RateUnit)
    most_periods: int | None = None
    stack_level: int = _STACK_LEVEL


def to_station(
    document: Mapping[str, Any],
    *,
    profile_id: int,
    transaction_id: str,
    abilities: Abilities,
    supply: Supply,
) -> ChargingProfile:
    """The TxProfile for a ChargingProfile of OCPI, or InvalidParameters naming the field.

    A limit the station would take in the other unit is converted, and never rounded up.
    """
    given = RateUnit(document["charging_rate_unit"])
    unit = given if given in abilities.units else _other(given)
    start = document.get("start_date_time")
    least = document.get("min_charging_rate")
    return ChargingProfile(
        profile_id=profile_id,
        stack_level=abilities.stack_level,
        purpose=ProfilePurpose.TX,
        kind=ProfileKind.RELATIVE if start is None else ProfileKind.ABSOLUTE,
        unit=unit,
        periods=_periods(document, abilities, lambda limit: _converted(limit, given, unit, supply)),
        start=None if start is None else parse_datetime(start),
        duration=document.get("duration"),
        min_rate=None if least is None else _converted(Decimal(least), given, unit, supply),
        transaction_id=transaction_id,
    )


def to_partner(schedule: Schedule, *, now: datetime) -> dict[str, Any]:
    """The ActiveChargingProfile of OCPI for what a station says it will do."""
    return {
        "start_date_time": format_datetime(schedule.start or now),
        "charging_profile": {
            key: value
            for key, value in {
                "duration": schedule.duration,
                "charging_rate_unit": schedule.unit.value,
                "min_charging_rate": schedule.min_rate,
                "charging_profile_period": [
                    {"start_period": period.start, "limit": _floored(period.limit)}
                    for period in schedule.periods
                ],
            }.items()
            if value is not None
        },
    }


def unlimited(watts: Decimal, *, now: datetime) -> dict[str, Any]:
    """The ActiveChargingProfile where none holds: the most that the EVSE gives (CHP-06)."""
    return {
        "start_date_time": format_datetime(now),
        "charging_profile": {
            "charging_rate_unit": RateUnit.WATTS.value,
            "charging_profile_period": [{"start_period": 0, "limit": _floored(watts)}],
        },
    }


def _periods(
    document: Mapping[str, Any], abilities: Abilities, convert: Callable[[Decimal], Decimal]
) -> tuple[SchedulePeriod, ...]:
    listed: Sequence[Mapping[str, Any]] = document.get("charging_profile_period") or []
    _check_periods(listed, abilities.most_periods)
    return tuple(
        SchedulePeriod(period["start_period"], convert(Decimal(period["limit"])))
        for period in listed
    )


def _check_periods(listed: Sequence[Mapping[str, Any]], most: int | None) -> None:
    name = "charging_profile.charging_profile_period"
    if not listed:
        raise InvalidParameters(f"{name} missing: expected at least one period")
    if listed[0]["start_period"] != 0:
        raise InvalidParameters(f"{name}[0].start_period: expected 0, where the profile begins")
    if most is not None and len(listed) > most:
        raise InvalidParameters(f"{name}: this station takes at most {most} periods")
    for index, (one, next_) in enumerate(pairwise(listed), start=1):
        if next_["start_period"] <= one["start_period"]:
            raise InvalidParameters(f"{name}[{index}].start_period: expected more than before it")
    for index, period in enumerate(listed):
        if period["limit"] < 0:
            raise InvalidParameters(f"{name}[{index}].limit: expected 0 or more")


def _other(unit: RateUnit) -> RateUnit:
    return RateUnit.AMPERES if unit is RateUnit.WATTS else RateUnit.WATTS


def _converted(limit: Decimal, given: RateUnit, wanted: RateUnit, supply: Supply) -> Decimal:
    if given is wanted:
        return _floored(limit)
    return _floored(supply.watts(limit) if wanted is RateUnit.WATTS else supply.amps(limit))


def _floored(limit: Decimal) -> Decimal:
    return limit.quantize(_TENTH, rounding=ROUND_FLOOR)
