"""What a station's meter may show next, and what is wrong with a register that shows more or less.

An odd value is kept and not counted: it says something about the meter, not about the energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

ZERO = Decimal(0)
_HOUR = Decimal(3600)
# Rated power is a nominal figure; a meter may show a little more.
_TOLERANCE = Decimal("1.1")
# Wh called kWh, or kWh called Wh.
_THOUSAND = Decimal(1000)


class Anomaly(StrEnum):
    """What is odd about a register."""

    NEGATIVE = "negative"
    FALLING = "falling"
    JUMP = "jump"
    # Stations that lost their meter for a moment show 0 and go on as if nothing had been.
    ZERO = "zero"

    @property
    def suspicious(self) -> bool:
        """Whether a person has to look before anybody pays."""
        return self is not Anomaly.ZERO


@dataclass(frozen=True, slots=True)
class Meter:
    """What a transaction's meter has shown so far, in Wh, and the most it can draw, in watts.

    `slack`: how long, at least, two readings are taken to lie apart, since stations stamp loosely.
    """

    start: Decimal | None
    last: Decimal | None
    last_at: datetime | None
    rated_watts: Decimal | None
    slack: timedelta


class Judged(NamedTuple):
    """A register in Wh, and why it does not count."""

    register: Decimal
    anomaly: Anomaly | None = None


def judge(meter: Meter, register: Decimal, at: datetime) -> Judged:
    """The register as it counts: a slip of a thousand is put right, an impossible one is named."""
    found = _anomaly(meter, register, at)
    if found is None:
        return Judged(register)
    if register > 0:
        for scaled in (register * _THOUSAND, register / _THOUSAND):
            if scaled != meter.last and _anomaly(meter, scaled, at) is None:
                return Judged(scaled)
    return Judged(register, found)


def judge_stop(meter: Meter, register: Decimal, at: datetime) -> Anomaly | None:
    """What is odd about the register at the end, which is what is billed: nothing is put right."""
    return _anomaly(meter, register, at)


def _anomaly(meter: Meter, register: Decimal, at: datetime) -> Anomaly | None:
    if register < 0:
        return Anomaly.NEGATIVE
    floor = meter.start if meter.last is None else meter.last
    if floor is None:
        return None
    if meter.last is not None and meter.last_at is not None and at < meter.last_at:
        between = (meter.start or ZERO) <= register <= meter.last
        return None if between else Anomaly.FALLING
    if register < floor:
        return Anomaly.ZERO if register == 0 else Anomaly.FALLING
    most = _most(meter, at)
    return Anomaly.JUMP if most is not None and register - floor > most else None


def _most(meter: Meter, at: datetime) -> Decimal | None:
    """The most energy there can be since the last reading, in Wh."""
    if meter.rated_watts is None or meter.last_at is None:
        return None
    apart = max(at - meter.last_at, meter.slack)
    seconds = Decimal(apart // timedelta(microseconds=1)).scaleb(-6)
    return meter.rated_watts * seconds / _HOUR * _TOLERANCE
