"""What a Session says of energy, power and state of charge. Pure.

Source: 2.2.1 cdrs, CdrDimensionType: POWER and STATE_OF_CHARGE are for Sessions only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ocpi_hub.protocol.types import parse_datetime

_HOUR = Decimal(3600)
_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a charge stands at a moment; what nobody said is None."""

    kwh: Decimal
    at: datetime
    power_kw: Decimal | None
    state_of_charge: Decimal | None


def reading(session: Mapping[str, Any], *, before: tuple[Decimal, datetime] | None) -> Reading:
    """What the Session shows; `before` are energy and moment of the reading before, from which the
    power is reckoned where the station tells none."""
    kwh, at = Decimal(session["kwh"]), parse_datetime(session["last_updated"])
    power = _last(session, "POWER")
    if power is None and before is not None:
        power = _between(before, (kwh, at))
    return Reading(kwh, at, power, _last(session, "STATE_OF_CHARGE"))


def _last(session: Mapping[str, Any], dimension: str) -> Decimal | None:
    """The volume of a dimension in the newest period that has one."""
    periods = sorted(
        session.get("charging_periods") or (), key=lambda each: str(each["start_date_time"])
    )
    for period in periods[-1:]:
        for each in period["dimensions"]:
            if each["type"] == dimension:
                return Decimal(each["volume"])
    return None


def _between(before: tuple[Decimal, datetime], now: tuple[Decimal, datetime]) -> Decimal | None:
    seconds = Decimal(str((now[1] - before[1]).total_seconds()))
    if seconds < 1 or now[0] < before[0]:
        return None
    return ((now[0] - before[0]) * _HOUR / seconds).quantize(_TENTH)
