"""A TariffRestrictions object as ranges on the axes of a lookup. Source: tariffs,
TariffRestrictions class; all that are set have to hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.lookup import Fact, Range
from ocpi_hub.pricing.policies import EndDate, Policy, UnknownRestriction, WeekdayOf
from ocpi_hub.pricing.reading import listed, number
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.v2_2_1.tariffs import (
    DayOfWeek,
    ReservationRestrictionType,
    TariffRestrictions,
)

_DAY = 24 * 60
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_WEEKDAYS = {day.value: at for at, day in enumerate(DayOfWeek)}

# Which fields of the object an axis stands for.
FIELDS = {
    Fact.MINUTE: ("start_time", "end_time"),
    Fact.DAY: ("start_date", "end_date"),
    Fact.WEEKDAY: ("day_of_week",),
    Fact.ENERGY: ("min_kwh", "max_kwh"),
    Fact.ELAPSED: ("min_duration", "max_duration"),
    Fact.POWER_HIGH: ("min_power",),
    Fact.POWER_LOW: ("max_power",),
    Fact.CURRENT_HIGH: ("min_current",),
    Fact.CURRENT_LOW: ("max_current",),
}


class Restrictions(NamedTuple):
    """The restrictions of one element; a window over midnight may take several rows of ranges."""

    reservation: ReservationRestrictionType | None
    rows: tuple[dict[Fact, tuple[Range, ...]], ...]
    never: bool
    findings: tuple[Finding, ...]


def read_restrictions(raw: Mapping[str, Any], where: str, policy: Policy) -> Restrictions:
    """The restrictions of the element at `where`; InvalidParameters names a field it cannot read.

    An empty day_of_week and a null are restrictions that are not set.
    """
    fields = {name: value for name, value in raw.items() if value is not None and value != []}
    findings = list(_findings(fields, where))
    never = policy.unknown_restriction is UnknownRestriction.ELEMENT_OFF and any(
        finding.code is Code.UNKNOWN_RESTRICTION for finding in findings
    )
    common = {
        Fact.DAY: _dates(fields, where, policy),
        Fact.ENERGY: _between(fields, "min_kwh", "max_kwh", where),
        Fact.ELAPSED: _between(fields, "min_duration", "max_duration", where, _seconds),
        Fact.POWER_HIGH: _between(fields, "min_power", None, where),
        Fact.POWER_LOW: _between(fields, None, "max_power", where),
        Fact.CURRENT_HIGH: _between(fields, "min_current", None, where),
        Fact.CURRENT_LOW: _between(fields, None, "max_current", where),
    }
    set_ones = {fact: ranges for fact, ranges in common.items() if ranges is not None}
    rows = tuple(row | set_ones for row in _clock_rows(fields, where, policy))
    return Restrictions(_reservation(fields, where), rows, never, tuple(findings))


def _findings(fields: Mapping[str, Any], where: str) -> Iterator[Finding]:
    for name in fields.keys() - TariffRestrictions.model_fields.keys():
        yield Finding(
            Code.UNKNOWN_RESTRICTION,
            f"{where}/{name}",
            f"{name[:40]!r} is not a restriction of OCPI; the element is priced as if it were not"
            " there",
        )
    for name in ("start_time", "end_time"):
        if fields.get(name) == "24:00":
            yield Finding(
                Code.TIME_24_00, f"{where}/{name}", "24:00 is no time; the end of a day is 00:00"
            )


def _reservation(fields: Mapping[str, Any], where: str) -> ReservationRestrictionType | None:
    given = fields.get("reservation")
    if given is None:
        return None
    try:
        return ReservationRestrictionType(given)
    except ValueError:
        raise InvalidParameters(
            f"{where}/reservation: expected RESERVATION or RESERVATION_EXPIRES"
        ) from None


def _between(
    fields: Mapping[str, Any],
    low: str | None,
    high: str | None,
    where: str,
    read: Callable[[Any, str], Any] = number,
) -> tuple[Range, ...] | None:
    """At least `low` and less than `high`; none at all where that is impossible."""
    least, most = (
        read(fields[name], f"{where}/{name}") if name is not None and name in fields else None
        for name in (low, high)
    )
    return _range(least, most)


def _range(low: Any, high: Any) -> tuple[Range, ...] | None:
    if low is None and high is None:
        return None
    if low is not None and high is not None and low >= high:
        return ()
    return (Range(low, high),)


def _seconds(value: Any, where: str) -> timedelta:
    seconds = number(value, where)
    if seconds != int(seconds) or abs(seconds) > 10**10:
        raise InvalidParameters(f"{where}: expected whole seconds, got {seconds}")
    return timedelta(seconds=int(seconds))


def _dates(fields: Mapping[str, Any], where: str, policy: Policy) -> tuple[Range, ...] | None:
    """start_date is inclusive, end_date exclusive."""
    first = _date(fields, "start_date", where)
    last = _date(fields, "end_date", where)
    if last is not None and policy.end_date is EndDate.INCLUSIVE:
        last += 1
    return _range(first, last)


def _date(fields: Mapping[str, Any], name: str, where: str) -> int | None:
    if name not in fields:
        return None
    try:
        return date.fromisoformat(fields[name]).toordinal()
    except (ValueError, TypeError):
        raise InvalidParameters(f"{where}/{name}: expected a date such as '2026-01-31'") from None


def _clock_rows(
    fields: Mapping[str, Any], where: str, policy: Policy
) -> Iterator[dict[Fact, tuple[Range, ...]]]:
    """Time of day and weekday: one row, or two where they hang together over midnight."""
    days = _weekdays(fields, where)
    windows = _windows(fields, where)
    if len(windows) == 2 and days is not None and policy.weekday_of is WeekdayOf.WINDOW_START:
        evening, morning = windows
        yield {Fact.MINUTE: (evening,), Fact.WEEKDAY: _days(days)}
        yield {Fact.MINUTE: (morning,), Fact.WEEKDAY: _days({(day + 1) % 7 for day in days})}
        return
    row: dict[Fact, tuple[Range, ...]] = {}
    if windows:
        row[Fact.MINUTE] = windows
    if days is not None:
        row[Fact.WEEKDAY] = _days(days)
    yield row


def _windows(fields: Mapping[str, Any], where: str) -> tuple[Range, ...]:
    """Minutes of the day from start_time up to end_time; () is the whole day.

    An end of 00:00 is the end of the day; equal times are the whole day.
    """
    start = _minute(fields, "start_time", where) or 0
    end = _minute(fields, "end_time", where) or _DAY
    if start % _DAY == end % _DAY:
        return ()
    if start < end:
        return (Range(start, end),)
    return Range(start, _DAY), Range(0, end)


def _minute(fields: Mapping[str, Any], name: str, where: str) -> int | None:
    if name not in fields:
        return None
    given = fields[name]
    if given == "24:00":
        return _DAY if name == "end_time" else 0
    found = _TIME.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise InvalidParameters(f"{where}/{name}: expected a time such as '18:15'")
    return int(found[1]) * 60 + int(found[2])


def _weekdays(fields: Mapping[str, Any], where: str) -> set[int] | None:
    names = listed(fields.get("day_of_week"), f"{where}/day_of_week")
    if not names:
        return None
    unknown = [name for name in names if not isinstance(name, str) or name not in _WEEKDAYS]
    if unknown:
        raise InvalidParameters(f"{where}/day_of_week: expected days such as MONDAY")
    return {_WEEKDAYS[name] for name in names}


def _days(days: set[int]) -> tuple[Range, ...]:
    return tuple(Range(day, day + 1) for day in sorted(days))
