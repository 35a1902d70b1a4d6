"""A simulation from its start to its end: days, time that is up, SIGTERM, scripts that fail."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from cpo_adapter.simulator.clock import Clock
from cpo_adapter.simulator.run import CARDS, Conditions, numbered, planned, run
from cpo_adapter.simulator.scenario import Scenario, ScenarioFailed
from tests.cpo_adapter.simulator.central import Central
from tests.cpo_adapter.simulator.conftest import Drop, Told

_PROGRAM = """
import sys
from pathlib import Path
from cpo_adapter.simulator.run import simulate
from ocpi_hub.service.lifecycle import run
run(simulate(scenario=Path(sys.argv[1]), url=sys.argv[2], speed=60, json=True))
"""


def conditions(central: Central, told: Told, *, speed: int) -> Conditions:
    return Conditions(central.url, Clock(speed), 3, CARDS, Drop(), told.take)


async def test_days_have_sessions_that_all_end(central: Central) -> None:
    """Half a day of two stations in three seconds."""
    told = Told()
    plans = numbered(2, central.version)

    await run(plans, conditions(central, told, speed=14_400), stop=asyncio.Event(), seconds=3)

    kinds = [part.kind for part in central.parts]
    assert kinds.count("Started") == kinds.count("Ended") > 3
    assert set(central.credentials) == {"SIM001:simulated-SIM001", "SIM002:simulated-SIM002"}


async def test_a_station_without_visitors_waits_for_who_starts_by_app(central: Central) -> None:
    station = {"name": "SIM001", "key": "k", "protocol": central.version, "visitors": False}
    plans = planned(Scenario.model_validate({"stations": [station]}))
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(plans, conditions(central, Told(), speed=14_400), stop=stop))
        await central.booted.wait()
        # Eight hours.
        await asyncio.sleep(2)
        before = list(central.parts)

        await central.remote_start("APP0001")
        await central.part("Ended")
        await central.remote_start("APP0002")
        await central.part("Ended", number=1)
        stop.set()

    assert before == []


async def test_a_script_that_waits_in_vain_fails(central: Central) -> None:
    step = {"do": "remote_start", "within": 10}
    station = {"name": "SIM001", "key": "k", "protocol": central.version, "steps": [step]}
    plans = planned(Scenario.model_validate({"stations": [station]}))

    with pytest.raises(ScenarioFailed, match="SIM001/1: no remote start within 10 s"):
        await run(plans, conditions(central, Told(), speed=60), stop=asyncio.Event())


async def test_nobody_listening_is_tried_again(central: Central) -> None:
    told = Told()
    nowhere = Conditions("ws://127.0.0.1:1/ocpp", Clock(60), 1, CARDS, Drop(), told.take)

    await run(numbered(1, central.version), nowhere, stop=asyncio.Event(), seconds=2)

    assert [each.what for each in told.happenings].count("is offline") >= 2


async def test_sigterm_closes_transactions(central: Central, tmp_path: Path) -> None:
    steps = [
        {"do": "plug"},
        {"do": "swipe", "uid": "CARD0001"},
        {"do": "charge", "seconds": 36_000},
    ]
    station = {"name": "SIM001", "key": "k", "protocol": central.version, "steps": steps}
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"stations": [station]}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PROGRAM, str(scenario), central.url),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(40):
        assert process.stdout is not None
        lines = [json.loads(await process.stdout.readline())]
        while lines[-1]["what"] != "transaction begins":
            lines.append(json.loads(await process.stdout.readline()))

        process.terminate()
        rest, _ = await process.communicate()

    assert process.returncode == 0
    assert central.parts[-1].kind == "Ended"
    assert json.loads(rest.splitlines()[-1])["what"] == "is switched off"
