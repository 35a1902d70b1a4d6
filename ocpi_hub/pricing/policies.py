"""What OCPI leaves open, as named choices: each default is how we read it.

The other values are readings and mistakes met in the field. A contract may ask for one of them, and
`recipes` tries them to find out how a wrong claim came about. Choices that have one value only
stand where they are carried out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TimeVolume(StrEnum):
    """What the duration of a time dimension is taken from."""

    REPORTED = "reported"
    TIMESTAMPS = "timestamps"  # the period's length, where it agrees with the volume
    WALL_CLOCK = "wall_clock"  # the period's length whenever it has charging time


class StepSize(StrEnum):
    """Which volumes step_size rounds up."""

    CURRENT = "current"
    EDITION_2_2_1_D1 = "2.2.1-d1"  # TIME and PARKING_TIME together, until February 2023
    TIME_TOO = "time_too"  # TIME although PARKING_TIME is priced too
    PER_PERIOD = "per_period"
    UNPRICED_PARKING = "unpriced_parking"
    NONE = "none"


class StepBoundary(StrEnum):
    """What happens when a step is reached only by the rounding of 4-decimal hours."""

    EXACT = "exact"
    LENIENT = "lenient"


class StepTariffs(StrEnum):
    """Which total is rounded up in a session with several tariffs."""

    TOGETHER = "together"
    LAST_ONLY = "last_only"


class Flat(StrEnum):
    """How often a FLAT is due."""

    ONCE = "once"
    PER_PERIOD = "per_period"


class Limits(StrEnum):
    """How min_price and max_price act."""

    BOTH = "both"
    NONE = "none"
    EXCL_ONLY = "excl_only"


class Vat(StrEnum):
    """How VAT is added."""

    COMPONENT = "component"
    MISSING = "missing"
    TWICE = "twice"


class Clock(StrEnum):
    """Which wall clock restrictions are compared with."""

    LOCAL = "local"
    UTC = "utc"
    HOUR_EARLIER = "hour_earlier"  # standard time although DST is in force
    HOUR_LATER = "hour_later"  # DST although standard time is in force


class WeekdayOf(StrEnum):
    """Whose weekday counts in a window over midnight."""

    INSTANT = "instant"
    WINDOW_START = "window_start"


class EndDate(StrEnum):
    """Whether end_date itself still belongs to the window."""

    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"


class ElementLookup(StrEnum):
    """Whether each dimension looks for an element of its own."""

    PER_DIMENSION = "per_dimension"
    FIRST_ELEMENT = "first_element"


class UnknownFact(StrEnum):
    """Whether a restriction on something nobody measured holds."""

    NO_MATCH = "no_match"
    MATCH = "match"


class UnknownRestriction(StrEnum):
    """What a restriction that OCPI does not know does to its element."""

    IGNORED = "ignored"
    ELEMENT_OFF = "element_off"


class UnnamedPeriod(StrEnum):
    """What a period without tariff_id costs where others name one."""

    FREE = "free"
    SESSION_TARIFF = "session_tariff"


class DurationFrom(StrEnum):
    """From when min_duration and max_duration count."""

    SESSION = "session"
    RESERVATION = "reservation"


class Rounding(StrEnum):
    """In which direction an amount is rounded."""

    HALF_UP = "ROUND_HALF_UP"
    HALF_EVEN = "ROUND_HALF_EVEN"
    UP = "ROUND_UP"
    DOWN = "ROUND_DOWN"


class Level(StrEnum):
    """What is rounded before it is summed."""

    TOTAL = "total"
    DIMENSION = "dimension"
    SEGMENT = "segment"


class VatBasis(StrEnum):
    """Whether VAT is taken of the exact or of the rounded net amount."""

    EXACT = "exact"
    ROUNDED_NET = "rounded_net"


@dataclass(frozen=True, slots=True)
class InvoiceRounding:
    """How an invoice rounds; None stands for the currency's minor unit."""

    mode: Rounding = Rounding.HALF_UP
    decimals: int | None = None
    level: Level = Level.TOTAL
    vat: VatBasis = VatBasis.EXACT


@dataclass(frozen=True, slots=True)
class Policy:
    """One choice for each open question."""

    time_volume: TimeVolume = TimeVolume.REPORTED
    step_size: StepSize = StepSize.CURRENT
    step_boundary: StepBoundary = StepBoundary.EXACT
    step_tariffs: StepTariffs = StepTariffs.TOGETHER
    flat: Flat = Flat.ONCE
    limits: Limits = Limits.BOTH
    vat: Vat = Vat.COMPONENT
    clock: Clock = Clock.LOCAL
    weekday_of: WeekdayOf = WeekdayOf.INSTANT
    end_date: EndDate = EndDate.EXCLUSIVE
    element_lookup: ElementLookup = ElementLookup.PER_DIMENSION
    unknown_fact: UnknownFact = UnknownFact.NO_MATCH
    unknown_restriction: UnknownRestriction = UnknownRestriction.IGNORED
    unnamed_period: UnnamedPeriod = UnnamedPeriod.FREE
    duration_from: DurationFrom = DurationFrom.SESSION


DEFAULT = Policy()
