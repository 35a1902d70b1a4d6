"""What was used, period by period, without a thought of what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from ocpi_hub.pricing.findings import Finding
from ocpi_hub.pricing.money import HOUR, ZERO
from ocpi_hub.pricing.remembered import remembered

# Hours with four decimals are off by up to this many seconds.
TIME_NOISE = Decimal("0.36")
_MICROSECOND = timedelta(microseconds=1)


class Period(NamedTuple):
    """One Charging Period: energy in kWh, times in seconds, power in kW, current in A."""

    at: int
    start: datetime
    end: datetime
    tariff_id: str | None
    energy: Decimal
    time: Decimal
    parking: Decimal
    reservation: Decimal
    power_high: Decimal | None
    power_low: Decimal | None
    current_high: Decimal | None
    current_low: Decimal | None
    energy_before: Decimal
    reserved: bool

    @property
    def in_session(self) -> bool:
        """Whether the period is more than a reservation."""
        return not self.reserved or bool(self.energy or self.time or self.parking)


@dataclass(frozen=True)
class Usage:
    """A session, a reservation or both: from when to when, and its periods in order."""

    start: datetime
    end: datetime
    session_start: datetime
    currency: str
    periods: tuple[Period, ...]
    times_known: bool = True
    # Hours in a CDR are rounded; those of an estimate are not.
    times_rounded: bool = False
    findings: tuple[Finding, ...] = ()

    @remembered
    def energy(self) -> Decimal:
        """Measured kWh."""
        return sum((period.energy for period in self.periods), ZERO)

    @remembered
    def parking(self) -> Decimal:
        """Seconds of parking, priced or not."""
        return sum((period.parking for period in self.periods), ZERO)

    @remembered
    def seconds(self) -> Decimal:
        """How long it took from start to end."""
        return exact_seconds(self.end - self.start)

    @remembered
    def reserved(self) -> bool:
        """Whether any time was reserved."""
        return any(period.reservation for period in self.periods)

    @remembered
    def used(self) -> bool:
        """Whether anything but a reservation was used."""
        return any(period.energy or period.time or period.parking for period in self.periods)

    @property
    def time_noise(self) -> Decimal:
        """How many seconds the times may be off, by one in the last decimal of each."""
        if not self.times_rounded:
            return ZERO
        return sum(
            (
                min(TIME_NOISE, HOUR.scaleb(int(each.as_tuple().exponent)))
                for period in self.periods
                for each in (period.time, period.parking, period.reservation)
                if each
            ),
            ZERO,
        )


def exact_seconds(span: timedelta) -> Decimal:
    """A span in seconds, exact to the microsecond."""
    return Decimal(span // _MICROSECOND).scaleb(-6)
