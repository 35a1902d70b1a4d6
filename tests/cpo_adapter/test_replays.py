"""Stations that were offline deliver what they kept: each transaction is one session (F19)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from cpo_adapter import tokens
from cpo_adapter.ocpp.events import IdToken
from cpo_adapter.ocpp.version import Version
from ocpi_hub.node.engine import Database
from ocpi_hub.protocol.party import Party
from tests import samples
from tests.cpo_adapter.site import CARD, NOON, Plugged, Site, open_site

_STATIONS = 5
_EACH = 6
_STRANGER = "STRANGER"


async def _deliver(site: Site, station_id: str, random: Random) -> int:
    """All that a station kept, in its order; how much energy in Wh."""
    total = 0
    station = Plugged(site, station_id, at=NOON - timedelta(days=2), delay=timedelta(days=2))
    for number in range(_EACH):
        uid = _STRANGER if number % 3 == 2 else CARD
        energy = random.randrange(1000, 9000)
        await _again_and_again(station.start, random, number * 10_000, uid=uid)
        lost = random.random() < 0.2
        station.wait(30)
        if lost:
            station.transaction_id = random.choice(["0", "-1"])
        await _again_and_again(station.measure, random, number * 10_000 + energy // 2)
        station.wait(30)
        await _again_and_again(
            station.stop, random, number * 10_000 + energy, id_token=IdToken(uid)
        )
        station.wait(60)
        total += energy
    return total


async def _again_and_again(send: Any, random: Random, *args: Any, **options: Any) -> None:
    """30 of 100 messages are repeated: their answers were lost."""
    await send(*args, **options)
    while random.random() < 0.3:
        await send(*args, **options)


async def test_each_transaction_is_exactly_one_session_and_one_cdr(cpo_db: Database) -> None:
    """F19, shortened: old stamps, no boot, repeats, unknown cards, lost transaction ids."""
    names = [f"OFF{number}" for number in range(_STATIONS)]
    site = await open_site(cpo_db, stations={name: (f"E-{name}",) for name in names})
    random = Random(19)

    delivered = [_deliver(site, name, Random(random.random())) for name in names]
    energies = await asyncio.gather(*delivered)
    known = len(await site.bill())
    async with cpo_db.hot_transaction() as conn:
        await tokens.put(
            conn,
            Party("DE", "EMS"),
            uid=_STRANGER,
            type_=None,
            token=samples.token(uid=_STRANGER, whitelist="ALWAYS"),
            rules=site.rules,
            now=site.clock,
        )
    cdrs = await site.bill()

    assert known == _STATIONS * _EACH * 2 // 3
    assert len(await site.transactions()) == _STATIONS * _EACH
    assert len(cdrs) == len({each["session_id"] for each in cdrs}) == _STATIONS * _EACH
    assert sum(each["total_energy"] for each in cdrs) * 1000 == sum(energies)
    assert len(await site.published("sessions")) == _STATIONS * _EACH


async def test_one_session_whatever_the_order_of_events(cpo_db: Database) -> None:
    """Events of 2.0.1 that were queued come in many orders, and some of them twice."""
    site = await open_site(cpo_db)
    random = Random(201)

    for number in range(24):
        station = _queued(site, f"T{number}", day=number)
        events = await _events(station)
        await _in_some_order(events, random)

    found = await site.transactions()
    assert len(found) == 24
    assert {(each.state, each.billing, each.energy) for each in found} == {
        ("completed", "ok", Decimal(4000))
    }
    cdrs = await site.bill()
    assert len(cdrs) == 24
    assert {each["total_energy"] for each in cdrs} == {4}
    assert {each["total_time"] for each in cdrs} == {Decimal("0.5")}


def _queued(site: Site, transaction_id: str, *, day: int) -> Plugged:
    """A station of 2.0.1 that was offline, on a day of its own."""
    ago = timedelta(days=100 - day)
    return Plugged(
        site, version=Version.V201, transaction_id=transaction_id, at=NOON - ago, delay=ago
    )


async def _events(station: Plugged) -> list[Callable[[], Awaitable[object]]]:
    """What a station tells of a transaction of half an hour, to be sent in any order."""
    made: list[Callable[[], Awaitable[object]]] = []
    charging = station.site.charging
    made.append(partial(charging.started, station.start_event(0)))
    for wh in (1000, 2000):
        station.wait(10)
        event = station.update_event(samples=station.register(wh))
        made.append(partial(charging.updated, event))
    station.wait(10)
    made.append(partial(charging.ended, station.stop_event(4000)))
    return made


async def _in_some_order(events: list[Callable[[], Awaitable[object]]], random: Random) -> None:
    shuffled = random.sample(events, len(events)) + random.sample(events, 2)
    for send in shuffled:
        await send()
