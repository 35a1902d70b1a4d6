"""Batteries and meters: exact in watt-hours, without a station."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cpo_adapter.simulator.station import sampled_every
from cpo_adapter.simulator.vehicle import Battery, Meter, Model

_WATT_HOUR = 3_600_000_000
MODEL = Model(battery_wh=60_000, ac_watts=11_000, dc_watts=100_000)


@pytest.mark.parametrize(("speed", "seconds"), [(1, 10), (6, 10), (24, 2), (60, 1), (14_400, 1)])
def test_whoever_looks_on_sees_the_meter_move_within_seconds(speed: int, seconds: int) -> None:
    assert sampled_every(speed) == seconds


@pytest.mark.parametrize("pieces", [1, 7, 3600], ids=["at once", "in seven", "by the second"])
def test_an_hour_of_eleven_kilowatts_is_eleven_kilowatt_hours(pieces: int) -> None:
    battery, meter = Battery(MODEL, charged_percent=20), Meter(500)

    hour = timedelta(hours=1) // timedelta(microseconds=1)
    spans = [hour // pieces] * (pieces - 1) + [hour - hour // pieces * (pieces - 1)]
    for span in spans:
        meter.count(battery.take(22_000, timedelta(microseconds=span), direct=False))

    assert meter.watt_hours == 11_500


def test_the_station_gives_no_more_than_it_can() -> None:
    battery = Battery(MODEL, charged_percent=20)

    assert battery.take(3_700, timedelta(hours=1), direct=True) == 3_700 * _WATT_HOUR


@pytest.mark.parametrize(
    ("charged", "expected"), [(20, 100_000), (80, 100_000), (90, 50_000), (99, 5_000), (100, 0)]
)
def test_the_power_falls_off_above_eighty_percent(charged: int, expected: int) -> None:
    assert Battery(MODEL, charged_percent=charged).wanted_watts(direct=True) == expected


def test_a_battery_fills_to_the_brim_and_takes_no_more() -> None:
    battery = Battery(MODEL, charged_percent=70)

    taken = battery.take(100_000, timedelta(hours=24), direct=True)

    assert taken == 18_000 * _WATT_HOUR
    assert battery.is_full
    assert battery.take(100_000, timedelta(hours=1), direct=True) == 0


def test_a_faster_day_has_smaller_batteries() -> None:
    battery = Battery(MODEL, charged_percent=0, shrunk=60)

    assert battery.take(100_000, timedelta(hours=1), direct=True) == 1_000 * _WATT_HOUR
