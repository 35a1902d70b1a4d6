"""Which registers count: a table of what a meter may show next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cpo_adapter.metering import Anomaly, Meter, judge, judge_stop
from cpo_adapter.station_clock import Doubt, placed

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
# 11 kW, last read at noon.
KNOWN = Meter(
    start=Decimal(1_000_000),
    last=Decimal(1_002_000),
    last_at=NOON,
    rated_watts=Decimal(11_000),
    slack=timedelta(minutes=1),
)


@pytest.mark.parametrize(
    ("register", "minutes", "counted", "anomaly"),
    [
        ("1003000", 10, "1003000", None),
        ("1002000", 0, "1002000", None),
        ("1001999.9", 10, "1001999.9", Anomaly.FALLING),
        ("1014099", 60, "1014099", None),
        ("1014101", 60, "1014101", Anomaly.JUMP),
        ("0", 10, "0", Anomaly.ZERO),
        ("-5", 10, "-5", Anomaly.NEGATIVE),
        ("1003", 10, "1003000", None),
        ("1003000000", 10, "1003000", None),
        ("1001000", -5, "1001000", None),
        ("1002500", -5, "1002500", Anomaly.FALLING),
    ],
    ids=[
        "a little more",
        "the same",
        "falling by a tenth",
        "an hour at a tenth more than rated",
        "an hour at more than that",
        "zero in the middle",
        "negative",
        "kWh called Wh",
        "Wh called kWh",
        "late, and in between",
        "late, and more than later",
    ],
)
def test_a_register(register: str, minutes: int, counted: str, anomaly: Anomaly | None) -> None:
    found = judge(KNOWN, Decimal(register), NOON + timedelta(minutes=minutes))

    assert found == (Decimal(counted), anomaly)


@pytest.mark.parametrize("register", ["1003", "999999"], ids=["kWh called Wh", "falling"])
def test_what_is_billed_is_never_put_right(register: str) -> None:
    found = judge_stop(KNOWN, Decimal(register), NOON + timedelta(minutes=10))

    assert found is Anomaly.FALLING


SKEW = timedelta(hours=1)


@pytest.mark.parametrize(
    ("stamp", "skew", "expected", "doubt"),
    [
        (NOON - timedelta(seconds=40), timedelta(seconds=40), NOON - timedelta(seconds=40), None),
        (NOON - timedelta(days=3), timedelta(), NOON - timedelta(days=3), None),
        (NOON - SKEW, SKEW, NOON, None),
        (NOON + SKEW, -SKEW, NOON, None),
        (NOON + timedelta(minutes=4), timedelta(), NOON + timedelta(minutes=4), None),
        (NOON + SKEW, timedelta(), NOON, Doubt.FUTURE),
        (datetime(2099, 1, 1, tzinfo=UTC), timedelta(), NOON, Doubt.FUTURE),
        (datetime(1970, 1, 1, 5, tzinfo=UTC), timedelta(), NOON, Doubt.UNSET),
        (None, timedelta(), NOON, Doubt.UNREADABLE),
    ],
    ids=[
        "a clock that is off by little is trusted",
        "a replay is as old as it says",
        "slow by an hour",
        "fast by an hour",
        "ahead by little",
        "ahead without a known skew",
        "2099",
        "1970",
        "yesterday",
    ],
)
def test_when_something_happened(
    stamp: datetime | None, skew: timedelta, expected: datetime, doubt: Doubt | None
) -> None:
    assert placed(stamp, received_at=NOON, skew=skew) == (expected, doubt)
