"""Stations that were offline deliver what they kept: old stamps, no boot, strangers, repeats."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from ocpi_hub.protocol.types import parse_datetime
from tests import samples
from tests.chargers import Charger, Transaction
from tests.cpo_adapter.running import Emsp
from tests.e2e.cpo.process import CpoProcess
from tests.partners import eventually

CARD = samples.token(whitelist="ALWAYS")
STRANGER = samples.token(uid="04FFFFFFFFFFFF", whitelist="ALWAYS")
VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])
MINUTE = timedelta(minutes=1)


async def learn(ems: Emsp, token: dict[str, Any]) -> None:
    """The adapter hears of a card."""
    await ems.party.call("PUT", "receiver", "tokens", f"DE/EMS/{token['uid']}", token)


@VERSIONS
async def test_an_offline_session_of_a_stranger_is_one_session_and_billed_once_he_is_known(
    cpo: CpoProcess, ems: Emsp, version: str
) -> None:
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    async with cpo.station(version=version):
        pass
    async with cpo.connected(version=version) as station:
        transaction = await station.start(STRANGER["uid"], meter=1_000, at=began)
        await station.meter(transaction, 3_000, at=began + 10 * MINUTE)
        await station.stop(transaction, 5_000, at=began + 30 * MINUTE)
        await station.stop(transaction, 5_000, at=began + 30 * MINUTE)
        kept = await cpo.sessions()
    told = ems.sessions()
    await learn(ems, STRANGER)
    cdr = await ems.cdr()

    assert transaction.status != "Accepted"
    assert not told
    ((state, billing, kwh),) = [(k["state"], k["billing"], k["kwh"]) for k in kept]
    assert (state, billing, kwh) == ("completed", "unbillable", Decimal(4))
    assert (cdr["total_energy"], cdr["auth_method"]) == (Decimal(4), "WHITELIST")
    assert parse_datetime(cdr["start_date_time"]) == began
    assert parse_datetime(cdr["end_date_time"]) == began + 30 * MINUTE


async def test_thirty_queued_sessions_are_thirty_sessions_and_thirty_cdrs(
    cpo: CpoProcess, ems: Emsp
) -> None:
    """F19, shortened: a third by strangers, some without the answer to their start."""
    plugs = [("CS1", 1), ("CS1", 2), ("CS2", 3)]
    for _, plug in plugs:
        await learn(ems, card_of(plug))
    async with cpo.station("CS1") as first, cpo.station("CS2") as second:
        stations = {"CS1": first, "CS2": second}
        energies = await asyncio.gather(*(deliver(stations[name], plug) for name, plug in plugs))
    for _, plug in plugs:
        await learn(ems, stranger_of(plug))
    await eventually(lambda: len(cdrs(ems)) == 30, within=30)
    known = await cpo.sessions()

    assert {each["state"] for each in known} == {"completed"}
    assert len(known) == len({each["session_id"] for each in cdrs(ems)}) == 30
    assert sum(each["total_energy"] for each in cdrs(ems)) * 1000 == sum(energies)


def card_of(plug: int) -> dict[str, Any]:
    """The card that is held to a reader there."""
    return samples.token(uid=f"CARD{plug}", whitelist="ALWAYS")


def stranger_of(plug: int) -> dict[str, Any]:
    """The card that nobody knows yet."""
    return samples.token(uid=f"STRANGER{plug}", whitelist="ALWAYS")


def cdrs(ems: Emsp) -> list[dict[str, Any]]:
    """What was billed so far."""
    return [each.json for each in ems.party.of("POST", "/receiver/cdrs")]


async def deliver(station: Charger, plug: int) -> int:
    """Ten sessions of the last days, each message twice; how much energy in Wh."""
    begin, total, random = datetime.now(UTC) - timedelta(days=2), 0, Random(plug)
    options: dict[str, Any] = {"connector": plug if station.station_id == "CS1" else 1}
    for number in range(10):
        token = stranger_of(plug) if number % 3 == 2 else card_of(plug)
        energy, register = random.randrange(1_000, 9_000), number * 10_000
        at = begin + timedelta(hours=number)
        transaction = await station.start(token["uid"], meter=register, at=at, **options)
        await station.start(token["uid"], meter=register, at=at, **options)
        if random.random() < 0.3:
            transaction = Transaction(0, transaction.connector, token["uid"], transaction.status)
        await station.meter(transaction, register + energy // 2, at=at + 10 * MINUTE)
        await station.stop(transaction, register + energy, at=at + 30 * MINUTE)
        await station.stop(transaction, register + energy, at=at + 30 * MINUTE)
        total += energy
    return total


async def test_two_stations_with_a_transaction_called_0_have_two_sessions(
    cpo: CpoProcess, ems: Emsp
) -> None:
    """VCP and others number their transactions from 0 after each start."""
    await learn(ems, CARD)
    await learn(ems, STRANGER)
    async with (
        cpo.station("CS1", version="2.0.1") as first,
        cpo.station("CS2", version="2.0.1") as second,
    ):
        here = await first.start(CARD["uid"], meter=0)
        there = await second.start(STRANGER["uid"], meter=10_000)
        await first.stop(here, 3_000)
        await second.stop(there, 15_000)
        await eventually(lambda: len(cdrs(ems)) == 2)

    assert (here.id, there.id) == ("0", "0")
    assert {(c["cdr_token"]["uid"], c["total_energy"]) for c in cdrs(ems)} == {
        (CARD["uid"], Decimal(3)),
        (STRANGER["uid"], Decimal(5)),
    }
