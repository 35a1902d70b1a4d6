"""A charge as server-sent events: what is sent, when, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emsp_adapter.charging import live
from emsp_adapter.charging.live import Watchers
from emsp_adapter.store import drivers
from ocpi_hub.node.secrets import hash_token
from tests.emsp_adapter.charging import heard, over, publish, start, started, tell
from tests.emsp_adapter.running import Adapter, Cpo, Driver, adapter
from tests.partners import eventually

_PATIENCE = 15


@pytest.fixture
async def driver(emsp: Adapter) -> Driver:
    return await emsp.driver()


@asynccontextmanager
async def watching(driver: Driver, charge_id: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The events of a charge, as an app reads them."""
    async with (
        asyncio.timeout(_PATIENCE),
        driver.api.stream("GET", f"/charges/{charge_id}/events", timeout=_PATIENCE) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        yield (json.loads(line[6:]) async for line in lines if line.startswith("data: "))


def told(emsp: Adapter, driver: Driver, charge_id: str, **changes: Any) -> AsyncGenerator[bytes]:
    """What the driver's app is sent, with a beat that a test can wait for."""
    office = replace(emsp.office, **changes)
    return live.events(
        Watchers(office.db),
        office,
        driver.id,
        charge_id,
        token_hash=hash_token(driver.api.headers["Authorization"].removeprefix("Bearer ")),
        language="en",
        beat=0.05,
    )


async def test_every_change_of_a_charge_is_an_event_up_to_its_end(
    partner: Cpo, driver: Driver
) -> None:
    await publish(partner)
    charge = (await start(driver)).json()
    async with watching(driver, charge["id"]) as events:
        first = await anext(events)
        await tell(partner, heard(partner, "START_SESSION"))
        second = await anext(events)
        await partner.patch("sessions", "SESSION1", over())
        rest = [event async for event in events]

    assert [first["state"], second["state"], rest[-1]["state"]] == [
        "starting",
        "charging",
        "finished",
    ]
    assert (second["energy_kwh"], rest[-1]["energy_kwh"]) == ("1.500", "2.000")


async def test_a_charge_that_is_over_is_one_event(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)
    await partner.patch("sessions", "SESSION1", over())

    async with watching(driver, charge["id"]) as events:
        seen = [event async for event in events]

    assert [event["state"] for event in seen] == ["finished"]


async def test_another_process_hears_of_it_too(
    partner: Cpo, driver: Driver, emsp_database_url: str
) -> None:
    charge = await started(partner, driver)
    async with adapter(emsp_database_url) as second:
        app = await second.api(driver.id, scope="charging")
        async with watching(Driver(driver.id, app), charge["id"]) as events:
            first = await anext(events)
            await partner.patch("sessions", "SESSION1", over())
            last = [event async for event in events][-1]

    assert (first["state"], last["state"]) == ("charging", "finished")


async def test_silence_is_a_comment(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)
    events = told(partner.adapter, driver, charge["id"])

    async with asyncio.timeout(_PATIENCE), aclosing(events):
        state, silence = await anext(events), await anext(events)

    assert state.startswith(b"event: charge\ndata: {")
    assert silence == b": still here\n\n"


async def test_who_goes_away_is_forgotten(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)
    watchers = partner.adapter.parts.watchers
    async with watching(driver, charge["id"]) as events:
        await anext(events)
        while_watching = watchers.count

    async def nobody() -> bool:
        return watchers.count == 0

    await eventually(nobody)
    assert while_watching == 1


async def test_a_stream_ends_before_its_token_is_old(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)
    passed = [timedelta(0)]
    begun = datetime.now(UTC)
    events = told(partner.adapter, driver, charge["id"], now=lambda: begun + passed[-1])

    async with asyncio.timeout(_PATIENCE):
        first = await anext(events)
        passed.append(timedelta(minutes=11))
        rest = [part async for part in events]

    assert first.startswith(b"event: charge")
    assert rest == [b": still here\n\n"]


async def test_a_stream_ends_when_its_driver_is_blocked(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)
    events = told(partner.adapter, driver, charge["id"])

    async with asyncio.timeout(_PATIENCE):
        first = await anext(events)
        async with partner.adapter.db.hot_transaction() as conn:
            await drivers.set_status(conn, driver.id, drivers.BLOCKED)
        await partner.patch("sessions", "SESSION1", over())
        rest = [part async for part in events]

    assert first.startswith(b"event: charge")
    assert set(rest) <= {b": still here\n\n"}


async def test_a_driver_watches_so_many_streams_at_once(partner: Cpo, driver: Driver) -> None:
    charge = await started(partner, driver)
    path = f"/charges/{charge['id']}/events"

    async with AsyncExitStack() as open_:
        streams = [
            await open_.enter_async_context(watching(driver, charge["id"])) for _ in range(10)
        ]
        firsts = [await anext(each) for each in streams]
        refused = await driver.api.get(path)
    watchers = partner.adapter.parts.watchers

    async def room() -> bool:
        return watchers.count == 0

    await eventually(room)
    async with watching(driver, charge["id"]) as events:
        again = await anext(events)

    assert [each["state"] for each in firsts] == ["charging"] * 10
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "15")
    assert again["state"] == "charging"
