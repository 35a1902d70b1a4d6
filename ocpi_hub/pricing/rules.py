"""Rules that no tariff explains: what cannot be of a CDR, by itself or beside its original.

Pure functions over validated CDRs. What somebody knows beside them is for that somebody to check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.locations import PowerType

# A clock may be off, and a charger gives a little more than its plate says.
_FUTURE = timedelta(minutes=5)
_MORE_POWER = Decimal("1.05")
_UNKNOWN_MOMENT = "#NA"


class Rule(StrEnum):
    """What a flag is about."""

    UNMATCHED = "unmatched"
    TOKEN_OWNER = "token_owner"
    AUTHORIZATION_REUSED = "authorization_reused"
    DUPLICATE_SESSION = "duplicate_session"
    TOO_MUCH_ENERGY = "too_much_energy"
    END_BEFORE_START = "end_before_start"
    IN_THE_FUTURE = "in_the_future"
    PERIOD_OUTSIDE = "period_outside"
    NEGATIVE_WITHOUT_CREDIT = "negative_without_credit"
    CREDIT_OF_UNKNOWN = "credit_of_unknown"
    CREDIT_OF_ANOTHER = "credit_of_another"
    CREDIT_OF_CREDIT = "credit_of_credit"
    CREDIT_TWICE = "credit_twice"
    CREDIT_DIFFERS = "credit_differs"
    TARIFF_SWITCHED = "tariff_switched"
    TARIFF_NOT_PUBLISHED = "tariff_not_published"
    TOKEN_AT_TWO_PLACES = "token_at_two_places"


class Flag(NamedTuple):
    """A broken rule, one of these or of who knows more, the field it shows in, and a sentence."""

    rule: StrEnum
    field: str
    message: str

    def document(self) -> dict[str, str]:
        """The flag as JSON."""
        return {"code": self.rule, "field": self.field, "message": self.message}


def impossible_times(cdr: Mapping[str, Any], now: datetime) -> Iterator[Flag]:
    """A session that ends before it begins, has not come yet, or has a period beside it."""
    start, end = moment_of(cdr, "start_date_time"), moment_of(cdr, "end_date_time")
    if start is not None and end is not None and end < start:
        message = f"end_date_time {cdr['end_date_time']} is before {cdr['start_date_time']}"
        yield Flag(Rule.END_BEFORE_START, "end_date_time", message)
        # Everything would lie outside such a session.
        start = end = None
    for name, moment in (("start_date_time", start), ("end_date_time", end)):
        if moment is not None and moment > now + _FUTURE:
            yield Flag(Rule.IN_THE_FUTURE, name, f"{name} {cdr[name]} has not come yet")
    yield from _periods(cdr, start, end)


def _periods(
    cdr: Mapping[str, Any], start: datetime | None, end: datetime | None
) -> Iterator[Flag]:
    for at, period in enumerate(cdr["charging_periods"]):
        begun = moment_of(period, "start_date_time")
        early = begun is not None and start is not None and begun < start
        late = begun is not None and end is not None and begun > end
        if early or late:
            message = (
                f"the period begins at {period['start_date_time']},"
                f" {'before' if early else 'after'} the session"
            )
            yield Flag(Rule.PERIOD_OUTSIDE, f"charging_periods.{at}.start_date_time", message)
            return


def too_much_energy(
    cdr: Mapping[str, Any],
    connector: Mapping[str, Any] | None,
    *,
    at_least: timedelta = timedelta(),
) -> Iterator[Flag]:
    """T19: no connector gives more than its power times the time, or that of `at_least`."""
    power = _watts(connector or {})
    start, end = moment_of(cdr, "start_date_time"), moment_of(cdr, "end_date_time")
    if power is None or start is None or end is None or end < start:
        return
    hours = Decimal(str(max(end - start, at_least).total_seconds())) / 3600
    most = power / 1000 * hours
    if Decimal(cdr["total_energy"]) > most * _MORE_POWER:
        message = (
            f"total_energy {cdr['total_energy']} kWh is more than the connector gives in that"
            f" time: {power:f} W for {hours:.4f} h are {most:.3f} kWh"
        )
        yield Flag(Rule.TOO_MUCH_ENERGY, "total_energy", message)


def _watts(connector: Mapping[str, Any]) -> Decimal | None:
    """max_electric_power, which is left out where it follows from voltage and current."""
    if connector.get("max_electric_power") is not None:
        return Decimal(connector["max_electric_power"])
    voltage, amperage = connector.get("max_voltage"), connector.get("max_amperage")
    if voltage is None or amperage is None:
        return None
    phases = _PHASES.get(connector.get("power_type", ""), 1)
    return Decimal(voltage) * Decimal(amperage) * phases


# The voltage of AC_3_PHASE is between a line and neutral (Locations, Connector object).
_PHASES: dict[str, int] = {
    PowerType.AC_2_PHASE: 2,
    PowerType.AC_2_PHASE_SPLIT: 2,
    PowerType.AC_3_PHASE: 3,
}


def negative(cdr: Mapping[str, Any]) -> Iterator[Flag]:
    """Only a Credit CDR takes money back."""
    for side in ("excl_vat", "incl_vat"):
        amount = cdr["total_cost"].get(side)
        if amount is not None and amount < 0:
            message = f"total_cost.{side} {amount} is negative, which only a Credit CDR's may be"
            yield Flag(Rule.NEGATIVE_WITHOUT_CREDIT, f"total_cost.{side}", message)


def no_mirror(cdr: Mapping[str, Any], original: Mapping[str, Any]) -> Iterator[Flag]:
    """CDRs, Credit CDRs: all the data of the original, only total_cost with negative amounts."""
    for name in ("currency", "total_energy", "total_time"):
        if cdr[name] != original[name]:
            message = f"{name} is {cdr[name]}, that of the original {original[name]}"
            yield Flag(Rule.CREDIT_DIFFERS, name, message)
    for side in ("excl_vat", "incl_vat"):
        given, wanted = cdr["total_cost"].get(side), original["total_cost"].get(side)
        if given is None and wanted is None:
            continue
        if given is None or wanted is None or Decimal(given) != -Decimal(wanted):
            expected = "nothing" if wanted is None else f"{-Decimal(wanted):f}"
            message = f"total_cost.{side} is {given}, the negative of the original is {expected}"
            yield Flag(Rule.CREDIT_DIFFERS, f"total_cost.{side}", message)


def moment_of(document: Mapping[str, Any], name: str) -> datetime | None:
    """A moment of a CDR; None where it says #NA or nothing."""
    text = document.get(name)
    return None if text is None or text == _UNKNOWN_MOMENT else parse_datetime(text)
