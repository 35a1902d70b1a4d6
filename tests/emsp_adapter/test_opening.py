"""When a Location is open: by the clock on its wall."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from emsp_adapter.network.opening import is_open

AMSTERDAM = "Europe/Amsterdam"

ALWAYS: dict[str, Any] = {"twentyfourseven": True}
# 2026-01-12 is a Monday.
WEEKDAY: dict[str, Any] = {
    "twentyfourseven": False,
    "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "18:15"}],
}
OVERNIGHT: dict[str, Any] = {
    "twentyfourseven": False,
    "regular_hours": [{"weekday": 7, "period_begin": "22:00", "period_end": "02:00"}],
}
WHOLE_DAY: dict[str, Any] = {
    "twentyfourseven": False,
    "regular_hours": [{"weekday": 1, "period_begin": "00:00", "period_end": "23:59"}],
}
TO_MIDNIGHT: dict[str, Any] = {
    "twentyfourseven": False,
    "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "00:00"}],
}
CLOSED_THEN = {
    "exceptional_closings": [
        {"period_begin": "2026-01-12T10:00:00Z", "period_end": "2026-01-12T12:00:00Z"}
    ]
}
OPEN_THEN = {
    "exceptional_openings": [
        {"period_begin": "2026-01-12T20:00:00Z", "period_end": "2026-01-12T21:00:00Z"}
    ]
}
# Sundays; on 2026-03-29 the clock goes from 02:00 to 03:00, on 2026-10-25 from 03:00 to 02:00.
SUNDAY_NIGHT: dict[str, Any] = {
    "twentyfourseven": False,
    "regular_hours": [{"weekday": 7, "period_begin": "01:30", "period_end": "03:30"}],
}

CASES: dict[str, tuple[dict[str, Any] | None, str, bool | None]] = {
    "no hours are given": (None, "2026-01-12T12:00", None),
    "always": (ALWAYS, "2026-01-12T03:00", True),
    "always, but closed then": (ALWAYS | CLOSED_THEN, "2026-01-12T11:00", False),
    "always, and the closing is over": (ALWAYS | CLOSED_THEN, "2026-01-12T12:00", True),
    "at the opening minute": (WEEKDAY, "2026-01-12T07:00", True),
    "a minute before": (WEEKDAY, "2026-01-12T06:59", False),
    "the last minute": (WEEKDAY, "2026-01-12T17:14", True),
    "at the closing minute": (WEEKDAY, "2026-01-12T17:15", False),
    "another weekday": (WEEKDAY, "2026-01-13T12:00", False),
    "the weekday there, not in UTC": (WHOLE_DAY, "2026-01-11T23:30", True),
    "closed on a regular day": (WEEKDAY | CLOSED_THEN, "2026-01-12T10:00", False),
    "open beyond the regular hours": (WEEKDAY | OPEN_THEN, "2026-01-12T20:30", True),
    "a closing overrules an opening": (
        WEEKDAY | {"exceptional_openings": CLOSED_THEN["exceptional_closings"]} | CLOSED_THEN,
        "2026-01-12T11:00",
        False,
    ),
    "before midnight": (OVERNIGHT, "2026-01-11T22:30", True),
    "after midnight, begun the day before": (OVERNIGHT, "2026-01-12T00:30", True),
    "after the night": (OVERNIGHT, "2026-01-12T01:00", False),
    "the night begins on that day only": (OVERNIGHT, "2026-01-10T23:30", False),
    "23:59 is the end of the day": (WHOLE_DAY, "2026-01-12T22:59", True),
    "00:00 is the end of the day": (TO_MIDNIGHT, "2026-01-12T22:59", True),
    "after 00:00": (TO_MIDNIGHT, "2026-01-12T23:00", False),
    "in summer the same hour is another in UTC": (WEEKDAY, "2026-07-13T06:00", True),
    "the clock goes forward: before": (SUNDAY_NIGHT, "2026-03-29T00:45", True),
    "the clock goes forward: after": (SUNDAY_NIGHT, "2026-03-29T01:15", True),
    "the clock goes forward: closed": (SUNDAY_NIGHT, "2026-03-29T01:30", False),
    "the clock goes back: the first 02:30": (SUNDAY_NIGHT, "2026-10-25T00:30", True),
    "the clock goes back: the second 02:30": (SUNDAY_NIGHT, "2026-10-25T01:30", True),
    "the clock goes back: closed": (SUNDAY_NIGHT, "2026-10-25T02:30", False),
}


@pytest.mark.parametrize(("hours", "at", "expected"), CASES.values(), ids=CASES)
def test_it_is_open(hours: dict[str, Any] | None, at: str, expected: bool | None) -> None:
    assert is_open(hours, AMSTERDAM, datetime.fromisoformat(f"{at}Z")) is expected


@pytest.mark.parametrize("time_zone", ["Mars/Olympus", "../../etc/passwd", ""])
def test_in_a_zone_that_is_none_nobody_knows(time_zone: str) -> None:
    assert is_open(WEEKDAY, time_zone, datetime.fromisoformat("2026-01-12T12:00Z")) is None
