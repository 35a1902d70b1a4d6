"""The adapter is killed in the middle of things and started again: nothing is lost or left over."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests import samples
from tests.cpo_adapter.running import Emsp, charging
from tests.e2e.cpo.process import CpoProcess

CARD = samples.token(whitelist="ALWAYS")
UID = CARD["uid"]
VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


@pytest.fixture(autouse=True)
async def known_card(ems: Emsp) -> None:
    """The driver's card may always charge."""
    await ems.party.call("PUT", "receiver", "tokens", f"DE/EMS/{UID}", CARD)


@VERSIONS
async def test_a_session_ends_as_one_though_the_adapter_was_killed_in_its_middle(
    cpo: CpoProcess, ems: Emsp, version: str
) -> None:
    """The station comes back without a boot."""
    async with cpo.station(version=version) as station:
        transaction = await station.start(UID, meter=1_000)
        await station.meter(transaction, 3_000)
        active = await ems.session("ACTIVE")
        await cpo.kill()
    await cpo.start()
    async with cpo.connected(version=version) as station:
        await station.meter(transaction, 5_000)
        await station.stop(transaction, 9_000)
        cdr = await ems.cdr()
        known = await cpo.sessions()

    assert (cdr["session_id"], cdr["total_energy"]) == (active["id"], Decimal(8))
    assert [(each["id"], each["state"]) for each in known] == [(active["id"], "completed")]
    assert {each["id"] for each in ems.sessions()} == {active["id"]}


@VERSIONS
async def test_a_start_and_a_stop_that_the_kill_cut_off_are_replayed_into_one_session(
    cpo: CpoProcess, ems: Emsp, version: str
) -> None:
    began = datetime.now(UTC)
    async with cpo.station(version=version) as station:
        starting = asyncio.create_task(station.start(UID, meter=0, at=began))
        await cpo.kill()
        starting.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await starting
    await cpo.start()
    async with cpo.station(version=version) as station:
        transaction = await station.start(UID, meter=0, at=began)
        ended = datetime.now(UTC)
        stopping = asyncio.create_task(station.stop(transaction, 4_000, at=ended))
        await cpo.kill()
        stopping.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await stopping
    await cpo.start()
    async with cpo.station(version=version) as station:
        await station.stop(transaction, 4_000, at=ended)
        cdr = await ems.cdr()
        known = await cpo.sessions()

    assert cdr["total_energy"] == Decimal(4)
    assert [(each["id"], each["state"]) for each in known] == [(cdr["session_id"], "completed")]


async def test_a_start_that_was_asked_for_before_the_kill_is_still_that_apps_session(
    cpo: CpoProcess, ems: Emsp
) -> None:
    async with cpo.station() as station:
        started = await ems.start(authorization_reference="REF1")
        assert await started.result() == "ACCEPTED"
        asked = await station.expect("RemoteStartTransaction")
        pending = await ems.session("PENDING")
        await cpo.kill()
    await cpo.start()
    async with cpo.connected() as station:
        transaction = await station.start(asked["id_tag"], meter=0)
        await station.stop(transaction, 2_000)
        cdr = await ems.cdr()

    assert (cdr["session_id"], cdr["authorization_reference"]) == (pending["id"], "REF1")


async def test_a_running_session_is_stopped_by_its_app_after_a_restart(
    cpo: CpoProcess, ems: Emsp
) -> None:
    async with cpo.station() as station:
        session, transaction = await charging(ems, station)
        await cpo.stop()
    await cpo.start()
    async with cpo.connected() as station:
        stopped = await ems.command("STOP_SESSION", session_id=session["id"])
        result = await stopped.result()
        asked = await station.expect("RemoteStopTransaction")

    assert (stopped.response, result) == ("ACCEPTED", "ACCEPTED")
    assert asked == {"transaction_id": transaction.id}
