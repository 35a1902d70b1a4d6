"""The price of a session that has not happened: so much energy at so much power, from then on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from ocpi_hub.pricing.circumstances import Settled, ZoneSource
from ocpi_hub.pricing.compiled import CompiledTariff
from ocpi_hub.pricing.money import EXACT, HOUR, WIDE, ZERO
from ocpi_hub.pricing.price import price_usage
from ocpi_hub.pricing.result import Priced
from ocpi_hub.pricing.split import split_evenly
from ocpi_hub.pricing.usage import Period, Usage, exact_seconds
from ocpi_hub.protocol.errors import InvalidParameters

_LONGEST = timedelta(days=31)
_MICROSECOND = timedelta(microseconds=1)
_MOST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Plan:
    """What a driver wants: energy (kWh) at a power (kW), and how long the car stays in all."""

    energy: Decimal
    power: Decimal
    start: datetime
    stay: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The price of a plan; `energy` is less than wanted where the stay is too short for it."""

    priced: Priced
    energy: Decimal
    charging: timedelta
    parking: timedelta


def estimate(tariff: CompiledTariff, plan: Plan, *, time_zone: str | None = None) -> Estimate:
    """The price of a plan at a constant power, each period cut where the price changes.

    Time after charging is parking. InvalidParameters says what in the plan makes no sense.
    """
    _check(plan)
    with localcontext(EXACT):
        needed = _time_for(plan.energy, plan.power)
        charging = needed if plan.stay is None else min(needed, plan.stay)
        energy = plan.energy if charging == needed else _energy_in(charging, plan.power)
        stay = charging if plan.stay is None else plan.stay
        usage = _usage(plan, tariff.currency, energy, (charging, stay))
        settled = Settled(time_zone, None if time_zone is None else ZoneSource.LOCATION)
        roughly = price_usage(usage, [tariff], settled, policy=tariff.policy)
        evenly = split_evenly(roughly)
        priced = price_usage(evenly, [tariff], settled, policy=tariff.policy)
        return Estimate(priced, energy, charging, stay - charging)


def _check(plan: Plan) -> None:
    for name, value in (("kwh", plan.energy), ("kw", plan.power)):
        if not value.is_finite() or len(value.as_tuple().digits) > _MOST_DIGITS:
            raise InvalidParameters(f"{name}: expected a number of at most {_MOST_DIGITS} digits")
    if plan.energy < 0:
        raise InvalidParameters(f"kwh: expected 0 or more, got {plan.energy}")
    if plan.power <= 0:
        raise InvalidParameters(f"kw: expected more than 0, got {plan.power}")
    if plan.stay is not None and not timedelta() <= plan.stay <= _LONGEST:
        raise InvalidParameters("minutes: expected 0 up to a month")
    if plan.stay is None and plan.energy > plan.power * (_LONGEST // timedelta(hours=1)):
        raise InvalidParameters("kwh: takes more than a month at this power")


def _time_for(energy: Decimal, power: Decimal) -> timedelta:
    """How long the energy takes, to the microsecond, and no longer than anybody stays."""
    micros = WIDE.divide(energy * HOUR, power).scaleb(6)
    longest = _LONGEST // _MICROSECOND + 1
    return min(int(micros.to_integral_value()), longest) * _MICROSECOND


def _energy_in(charging: timedelta, power: Decimal) -> Decimal:
    energy = WIDE.divide(power * exact_seconds(charging), HOUR)
    return energy.quantize(Decimal("1e-6"), context=WIDE)


def _usage(plan: Plan, currency: str, energy: Decimal, times: tuple[timedelta, timedelta]) -> Usage:
    charging, stay = times
    try:
        end, charged = plan.start + stay, plan.start + charging
    except OverflowError:
        raise InvalidParameters("start: the session would end after the year 9999") from None
    whole = Period(
        at=0,
        start=plan.start,
        end=charged,
        tariff_id=None,
        energy=energy,
        time=exact_seconds(charging),
        parking=ZERO,
        reservation=ZERO,
        power_high=plan.power,
        power_low=plan.power,
        current_high=None,
        current_low=None,
        energy_before=ZERO,
        reserved=False,
    )
    parked = whole._replace(
        at=1,
        start=charged,
        end=end,
        energy=ZERO,
        time=ZERO,
        parking=exact_seconds(stay - charging),
        power_high=ZERO,
        power_low=ZERO,
        energy_before=energy,
    )
    periods = (whole, parked) if stay > charging else (whole,)
    return Usage(plan.start, end, plan.start, currency, periods)
