"""What charging profiles leave to a connector."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cpo_adapter.simulator.profiles import (
    Period,
    Profile,
    Profiles,
    Purpose,
    Supply,
    in_unit,
    in_watts,
)

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)
SUPPLY = Supply(1, 22_000, 3, NOON)


def profile(purpose: Purpose, watts: int, **changes: Any) -> Profile:
    fields: dict[str, Any] = {
        "id": purpose.value,
        "connector": 0 if purpose is Purpose.STATION else 1,
        "purpose": purpose,
        "stack_level": 0,
        "kind": "Absolute",
        "unit": "W",
        "periods": (Period(0, Decimal(watts), None),),
        "received_at": NOON,
    }
    return Profile(**(fields | changes))


STATION, DEFAULT, TRANSACTION = Purpose.STATION, Purpose.DEFAULT, Purpose.TRANSACTION


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param([], 22_000, id="nothing limits"),
        pytest.param([profile(DEFAULT, 5_000)], 5_000, id="the default"),
        pytest.param(
            [profile(DEFAULT, 5_000), profile(TRANSACTION, 9_000)], 9_000, id="its own goes first"
        ),
        pytest.param(
            [profile(TRANSACTION, 9_000), profile(STATION, 4_000)], 4_000, id="the station's too"
        ),
        pytest.param(
            [profile(DEFAULT, 5_000), profile(DEFAULT, 7_000, id=9, stack_level=2)],
            7_000,
            id="the higher level",
        ),
        pytest.param(
            [profile(DEFAULT, 5_000, connector=0, stack_level=5), profile(DEFAULT, 6_000, id=9)],
            6_000,
            id="the connector's before the station's default",
        ),
        pytest.param([profile(TRANSACTION, 5_000, connector=2)], 22_000, id="another connector's"),
        pytest.param(
            [profile(DEFAULT, 5_000, valid_from=NOON + timedelta(hours=1))],
            22_000,
            id="not valid yet",
        ),
        pytest.param([profile(DEFAULT, 5_000, valid_to=NOON)], 22_000, id="not valid any more"),
        pytest.param(
            [profile(DEFAULT, 5_000, start=NOON - timedelta(hours=2), duration=3600)],
            22_000,
            id="its schedule is over",
        ),
        pytest.param(
            [profile(DEFAULT, 5_000, kind="Recurring", start=NOON - timedelta(days=9, hours=1))],
            5_000,
            id="daily",
        ),
        pytest.param([profile(TRANSACTION, 5_000, kind="Relative")], 5_000, id="since the start"),
    ],
)
def test_what_profiles_leave(given: list[Profile], expected: int) -> None:
    profiles = Profiles()
    for each in given:
        profiles.put(each)

    assert profiles.watts_at(NOON, SUPPLY) == expected


def test_connectors_share_what_the_station_may_take() -> None:
    profiles = Profiles()
    profiles.put(profile(STATION, 10_000))

    assert profiles.watts_at(NOON, Supply(1, 22_000, 3, NOON, sharing=2)) == 5_000


def test_a_schedule_has_each_change_once() -> None:
    periods = tuple(Period(at, Decimal(watts), None) for at, watts in ((0, 5), (60, 5), (90, 7)))
    profiles = Profiles()
    profiles.put(profile(DEFAULT, 0, periods=periods, duration=120))

    assert profiles.schedule(NOON, 300, SUPPLY) == [(0, 5), (90, 7), (120, 22_000)]


@pytest.mark.parametrize(
    ("limit", "unit", "phases", "expected"),
    [("16", "A", 3, 11_040), ("16", "A", 1, 3_680), ("5.9", "A", 3, 0), ("4200.5", "W", 3, 4_200)],
)
def test_limits_in_watts(limit: str, unit: str, phases: int, expected: int) -> None:
    assert in_watts(Decimal(limit), unit, phases) == expected


def test_amperes_are_rounded_down_to_one_decimal() -> None:
    assert in_unit(11_000, "A", 3) == Decimal("15.9")
