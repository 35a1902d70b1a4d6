"""The limit of a location, kept by the stations that are told their share of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any

import pytest

from cpo_adapter.site_limits import parse_kw
from ocpi_hub.protocol.errors import InvalidParameters
from tests import samples
from tests.chargers import Charger
from tests.cpo_adapter.running import Adapter, Emsp, adapter, emsp, plugged_in
from tests.partners import eventually

LIMIT = 15_000
TOKENS = {
    uid: samples.token(uid=f"04AA{number:010X}") for number, uid in enumerate(("EVSE1", "EVSE3"))
}


@asynccontextmanager
async def _site(database_url: str) -> AsyncIterator[tuple[Adapter, Emsp]]:
    """LOC1 may draw 15 kW; each of its connectors would give 22."""
    async with adapter(database_url) as cpo, emsp(cpo) as ems:
        await _limit(cpo, LIMIT)
        yield cpo, ems


async def _limit(cpo: Adapter, watts: int | None) -> None:
    async with cpo.db.hot() as conn:
        await conn.execute("UPDATE locations SET limit_watts = %s", (watts,))


def _maxima(station: Charger) -> list[tuple[float, Decimal]]:
    """What the station was told to draw at most, in watts, and when."""
    told = []
    for asked in station.received:
        if asked.action != "SetChargingProfile":
            continue
        profile = asked.fields.get("cs_charging_profiles") or asked.fields["charging_profile"]
        schedule = profile["charging_schedule"]
        schedule = schedule[0] if isinstance(schedule, list) else schedule
        (period,) = schedule["charging_schedule_period"]
        per_unit = 1 if schedule["charging_rate_unit"] == "W" else 690
        told.append((asked.at, Decimal(str(period["limit"])) * per_unit))
    return told


def _now(station: Charger) -> Decimal | None:
    maxima = _maxima(station)
    return maxima[-1][1] if maxima else None


async def _told(station: Charger, watts: int) -> None:
    await eventually(lambda: _now(station) == watts)


async def _starts(ems: Emsp, station: Charger, evse_uid: str) -> Any:
    started = await ems.start(token=TOKENS[evse_uid], evse_uid=evse_uid)
    assert await started.result() == "ACCEPTED"
    return await plugged_in(station)


async def test_the_stations_together_never_draw_more_than_the_limit(cpo_database_url: str) -> None:
    async with (
        _site(cpo_database_url) as (cpo, ems),
        cpo.station("CS1") as old,
        cpo.station("CS2", version="2.0.1") as new,
    ):
        await _told(old, 0)
        await _told(new, 0)
        first = await _starts(ems, old, "EVSE1")
        await _told(old, LIMIT)
        second = await _starts(ems, new, "EVSE3")
        await _told(old, LIMIT // 2)
        await _told(new, LIMIT // 2)
        await old.stop(first, 100)
        await _told(new, LIMIT)
        await _limit(cpo, 5_000)
        await _told(new, 5_000)
        await new.stop(second, 100)
        await _told(new, 0)

    assert max(_sums(old, new)) <= LIMIT


def _sums(*stations: Charger) -> list[Decimal]:
    """What all stations together may draw after each time that one of them was told."""
    changes = []
    for station in stations:
        maxima = [(0.0, Decimal(0)), *_maxima(station)]
        changes += [(at, watts - before) for (_, before), (at, watts) in pairwise(maxima)]
    return list(accumulate(change for _, change in sorted(changes)))


async def test_a_station_that_takes_amperes_is_told_amperes(cpo_database_url: str) -> None:
    keys = [
        {"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core,SmartCharging"},
        {"key": "ChargingScheduleAllowedChargingRateUnit", "readonly": True, "value": "Current"},
    ]
    answers = {"GetConfiguration": {"configuration_key": keys, "unknown_key": []}}
    async with (
        _site(cpo_database_url) as (cpo, ems),
        cpo.station("CS1", answers=answers) as station,
    ):
        await _starts(ems, station, "EVSE1")
        await eventually(lambda: (_now(station) or 0) > 0)
        last = station.asked("SetChargingProfile")[-1]["cs_charging_profiles"]

    assert last["charging_profile_purpose"] == "ChargePointMaxProfile"
    (period,) = last["charging_schedule"]["charging_schedule_period"]
    # 15 kW over three phases of 230 V are 21.73 A.
    assert last["charging_schedule"]["charging_rate_unit"] == "A"
    assert Decimal(str(period["limit"])) == Decimal("21.7")


async def test_what_a_station_drew_when_it_went_away_is_kept_for_it(cpo_database_url: str) -> None:
    async with _site(cpo_database_url) as (cpo, ems), cpo.station("CS2") as other:
        async with cpo.station("CS1") as gone:
            await _starts(ems, gone, "EVSE1")
            await _told(gone, LIMIT)
            await _starts(ems, other, "EVSE3")
            await _told(other, LIMIT // 2)
        await _limit(cpo, 12_000)
        await _told(other, 12_000 - LIMIT // 2)


async def test_a_station_that_comes_back_is_told_again(cpo_database_url: str) -> None:
    async with _site(cpo_database_url) as (cpo, ems):
        async with cpo.station("CS1") as station:
            await _starts(ems, station, "EVSE1")
            await _told(station, LIMIT)
        async with cpo.station("CS1") as back:
            await _told(back, LIMIT)


async def test_what_a_station_that_takes_no_limit_can_draw_is_kept_for_it(
    cpo_database_url: str,
) -> None:
    async with (
        _site(cpo_database_url) as (cpo, ems),
        cpo.station("CS1") as stubborn,
        cpo.station("CS2") as other,
    ):
        await _limit(cpo, 30_000)
        async with cpo.db.hot() as conn:
            await conn.execute("UPDATE stations SET told_watts = NULL")
        stubborn.answers["SetChargingProfile"] = {"status": "NotSupported"}
        cpo.parts.site_limits.forget("CS1")
        await _starts(ems, stubborn, "EVSE1")
        await _starts(ems, other, "EVSE3")
        await _told(other, 30_000 - 22_000)


async def test_without_a_limit_the_maximum_is_taken_back(cpo_database_url: str) -> None:
    async with _site(cpo_database_url) as (cpo, _), cpo.station("CS1") as station:
        await _told(station, 0)
        maximum = station.asked("SetChargingProfile")[0]["cs_charging_profiles"]
        await _limit(cpo, None)
        asked = await station.expect("ClearChargingProfile")

        assert asked["id"] == maximum["charging_profile_id"]


async def test_a_location_without_a_limit_is_left_alone(cpo_database_url: str) -> None:
    async with adapter(cpo_database_url) as cpo, emsp(cpo) as ems, cpo.station() as station:
        await _starts(ems, station, "EVSE1")
        await ems.session("ACTIVE")

    assert not station.asked("SetChargingProfile")


@pytest.mark.parametrize("text", ["", "ten", "-1", "NaN", "1e9"])
def test_a_limit_that_is_none_says_what_was_expected(text: str) -> None:
    with pytest.raises(InvalidParameters, match="is not a number from 0 to"):
        parse_kw(text)
