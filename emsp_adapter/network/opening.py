"""Whether a Location is open: a pure function of its hours, its time zone and a moment.

Source: 2.2.1 locations, Hours, RegularHours and ExceptionalPeriod classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ocpi_hub.pricing.zones import load_zone
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.types import parse_datetime

_MIDNIGHT = 24 * 60
# No time of day is later; who says it means the end of the day.
_LAST_MINUTE = "23:59"


def is_open(hours: Mapping[str, Any] | None, time_zone: str, at: datetime) -> bool | None:
    """None where the CPO gives no hours, or a time zone that does not exist."""
    if hours is None:
        return None
    # Closings overrule openings, and both the regular hours.
    if _within(hours.get("exceptional_closings"), at):
        return False
    if hours["twentyfourseven"] or _within(hours.get("exceptional_openings"), at):
        return True
    try:
        zone = load_zone(time_zone)
    except InvalidParameters:
        return None
    return _regular(hours.get("regular_hours"), at.astimezone(zone))


def _within(periods: Iterable[Mapping[str, str]] | None, at: datetime) -> bool:
    return any(
        parse_datetime(each["period_begin"]) <= at < parse_datetime(each["period_end"])
        for each in periods or ()
    )


def _regular(periods: Iterable[Mapping[str, Any]] | None, local: datetime) -> bool:
    """What the clock on the wall says counts, also on the day that it is changed."""
    minute = 60 * local.hour + local.minute
    today = local.isoweekday()
    yesterday = (local - timedelta(days=1)).isoweekday()
    for each in periods or ():
        begin, end = _minutes(each["period_begin"]), _end(each["period_end"])
        overnight = end <= begin
        if each["weekday"] == today and begin <= minute and (overnight or minute < end):
            return True
        if overnight and each["weekday"] == yesterday and minute < end:
            return True
    return False


def _minutes(time_of_day: str) -> int:
    hours, _, minutes = time_of_day.partition(":")
    return 60 * int(hours) + int(minutes)


def _end(time_of_day: str) -> int:
    return _MIDNIGHT if time_of_day == _LAST_MINUTE else _minutes(time_of_day)
