"""Firmware campaigns: in waves, and no further once too many fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from cpo_adapter.campaigns import Campaigns, Plan, plan
from cpo_adapter.ocpp.calls import Command, CommandAnswer, Outcome
from cpo_adapter.store import campaigns as store
from cpo_adapter.store import happenings
from cpo_adapter.store.campaigns import Campaign, Member
from ocpi_hub.node.engine import Database
from tests.cpo_adapter.offering import NOW, SECOND, Clock
from tests.cpo_adapter.operating import Operated
from tests.partners import eventually

# --- what is next --------------------------------------------------------------------------------

_STATES = {
    "w": "waiting",
    "s": "sent",
    "d": "Downloading",
    "i": "Installed",
    "f": "failed",
}


def campaign(**overrides: Any) -> Campaign:
    """A campaign of waves of one that stops after one failure."""
    values: dict[str, Any] = {
        "id": "C1",
        "firmware_url": "https://firmware.example/1.2.bin",
        "version": "1.2",
        "options": {"patience_hours": 24},
        "state": "running",
        "wave_size": 1,
        "stop_after_failures": 1,
        "created_at": NOW,
    }
    return Campaign(**values | overrides)


def members(written: str) -> list[Member]:
    """Stations by their states, a wave for each word: `i ww` are CS1, then CS2 and CS3."""
    states = [(state, wave) for wave, word in enumerate(written.split(), start=1) for state in word]
    return [
        Member(f"CS{number}", wave, _STATES[state], None)
        for number, (state, wave) in enumerate(states, start=1)
    ]


NEXT = [
    pytest.param("w w w", 1, ("running", 1, ["CS1"]), id="the first wave begins"),
    pytest.param("ww w", 1, ("running", 1, ["CS1", "CS2"]), id="a wave at once"),
    pytest.param("s w w", 1, ("running", 1, []), id="a wave is waited for"),
    pytest.param("d w w", 1, ("running", 1, []), id="a download is waited for"),
    pytest.param("i w w", 1, ("running", 2, ["CS2"]), id="the next wave"),
    pytest.param("f w w", 1, ("stopped", None, []), id="a failure too many"),
    pytest.param("f w w", 2, ("running", 2, ["CS2"]), id="a failure that may be"),
    pytest.param("f f w", 2, ("stopped", None, []), id="the second failure"),
    pytest.param("i i i", 1, ("done", None, []), id="all are done"),
    pytest.param("i i f", 2, ("done", None, []), id="all are done with"),
    pytest.param("i i i f", 1, ("stopped", None, []), id="the last one fails"),
]


@pytest.mark.parametrize(("written", "failures", "expected"), NEXT)
def test_what_is_next_for_a_campaign(
    written: str, failures: int, expected: tuple[str, int | None, list[str]]
) -> None:
    there = ["CS1", "CS2", "CS3", "CS4"]

    found = plan(campaign(stop_after_failures=failures), members(written), there=there)

    assert (found.state, found.wave, [each.station_id for each in found.asked]) == expected


def test_a_station_that_is_not_there_is_waited_for() -> None:
    assert plan(campaign(), members("w w"), there=["CS2"]) == Plan("running", 1)


# --- carried out ---------------------------------------------------------------------------------


@dataclass
class Fleet:
    """Stations that answer as they are told to, accepting unless they are."""

    answers: dict[str, Outcome] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def perform(self, station_id: str, command: Command, *, timeout: float) -> CommandAnswer:
        """What became of it."""
        self.asked.append(station_id)
        outcome = self.answers.get(station_id, Outcome.ACCEPTED)
        return CommandAnswer(outcome, outcome.value)

    def connected(self) -> list[str]:
        """Three."""
        return ["CS1", "CS2", "CS3"]


@dataclass
class Begun:
    """A campaign of three stations in waves of one, and its steps."""

    db: Database
    fleet: Fleet
    clock: Clock

    async def step(self) -> None:
        """One look, a second later."""
        self.clock.forward(SECOND)
        fleet = self.fleet
        await Campaigns(self.db, fleet, fleet.connected, 1.0, self.clock, lambda: 7).step()

    async def says(self, station_id: str, status: str) -> None:
        """The station reports how its update goes."""
        self.clock.forward(SECOND)
        async with self.db.hot() as conn:
            await happenings.record(
                conn, station_id, kind="firmware", detail={"status": status}, at=self.clock()
            )

    async def states(self) -> list[str]:
        """How far each station has come, and then the campaign."""
        async with self.db.hot() as conn:
            found = await store.find(conn, "C1")
            stations = [each.state for each in await store.members(conn, "C1")]
        assert found is not None
        return [*stations, found.state]


@pytest.fixture
async def begun(cpo_db: Database) -> Begun:
    """It has been asked for and not begun."""
    async with cpo_db.hot_transaction() as conn:
        await store.add(conn, campaign(), waves=[["CS1"], ["CS2"], ["CS3"]])
    return Begun(cpo_db, Fleet(), Clock())


async def test_the_next_wave_begins_when_the_last_has_installed(begun: Begun) -> None:
    await begun.step()
    await begun.says("CS1", "Downloading")
    await begun.step()
    downloading = await begun.states()
    await begun.says("CS1", "Installed")
    await begun.says("CS1", "Idle")
    await begun.step()

    assert downloading == ["Downloading", "waiting", "waiting", "running"]
    assert await begun.states() == ["Installed", "sent", "waiting", "running"]
    assert begun.fleet.asked == ["CS1", "CS2"]


async def test_what_a_station_said_before_it_was_asked_does_not_count(begun: Begun) -> None:
    await begun.says("CS1", "InstallationFailed")
    await begun.step()
    await begun.step()

    assert await begun.states() == ["sent", "waiting", "waiting", "running"]


async def test_a_station_that_refuses_has_failed(begun: Begun) -> None:
    begun.fleet.answers["CS1"] = Outcome.REJECTED
    await begun.step()
    await begun.step()

    assert await begun.states() == ["failed", "waiting", "waiting", "stopped"]


async def test_a_station_that_went_away_is_asked_again(begun: Begun) -> None:
    begun.fleet.answers["CS1"] = Outcome.NOT_CONNECTED
    await begun.step()
    begun.fleet.answers.clear()
    await begun.step()

    assert begun.fleet.asked == ["CS1", "CS1"]
    assert (await begun.states())[0] == "sent"


async def test_a_station_that_did_not_answer_is_not_asked_twice(begun: Begun) -> None:
    begun.fleet.answers["CS1"] = Outcome.TIMEOUT
    await begun.step()
    await begun.step()

    assert begun.fleet.asked == ["CS1"]


async def test_a_station_that_takes_too_long_has_failed(begun: Begun) -> None:
    await begun.step()
    begun.clock.forward(timedelta(hours=24))
    await begun.step()

    assert await begun.states() == ["failed", "waiting", "waiting", "stopped"]


# --- over the wire -------------------------------------------------------------------------------


async def test_a_campaign_of_three_stops_after_one_failure(operator: Operated) -> None:
    await operator("POST", "/stations", {"id": "CS3", "security_profile": 0})
    given = {
        "firmware_url": "https://firmware.example/1.2.bin",
        "stations": ["CS1", "CS2", "CS3"],
    }
    async with operator.station("CS1") as one, operator.station("CS2", version="2.0.1") as two:
        await one.boot()
        await two.boot()
        begun = await operator("POST", "/campaigns", given)
        busy = await operator("POST", "/campaigns", given)
        asked = await one.expect("UpdateFirmware")
        await one.call("FirmwareStatusNotification", status="Installed")
        await two.expect("UpdateFirmware")
        await two.call("FirmwareStatusNotification", status="InstallationFailed", request_id=1)
        path = f"/campaigns/{begun.json['id']}"

        async def stopped() -> bool:
            return bool((await operator.get(path))["state"] == "stopped")

        await eventually(stopped)

    assert (begun.status, busy.status) == (201, 409)
    assert asked["location"] == "https://firmware.example/1.2.bin"
    found = await operator.get(path)
    assert [each["state"] for each in found["stations"]] == ["Installed", "failed", "waiting"]
    (listed,) = await operator.get("/campaigns")
    assert listed["stations"] == {"Installed": 1, "failed": 1, "waiting": 1}


async def test_a_campaign_is_stopped_by_hand(operator: Operated) -> None:
    given = {"firmware_url": "https://firmware.example/1.2.bin", "stations": ["CS1"]}
    begun = await operator("POST", "/campaigns", given)
    path = f"/campaigns/{begun.json['id']}/stop"

    stopped = await operator("POST", path)
    again = await operator("POST", path)

    assert (stopped.json["state"], again.status) == ("stopped", 409)
    assert (await operator("POST", "/campaigns/none/stop")).status == 404
