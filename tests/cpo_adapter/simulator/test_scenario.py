"""Scenario files: what can be in them, and what is said of what cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cpo_adapter.simulator.scenario import ScenarioError, read_scenario

STATION: dict[str, Any] = {"name": "SIM001", "key": "secret"}


def file_with(folder: Path, document: object) -> Path:
    path = folder / "scenario.json"
    path.write_text(json.dumps(document))
    return path


def station(**changes: Any) -> dict[str, Any]:
    return {"stations": [STATION | changes]}


def test_a_station_without_steps_lives_a_day(tmp_path: Path) -> None:
    scenario = read_scenario(file_with(tmp_path, station()))

    assert scenario.stations[0].steps == ()


def test_the_example_of_the_documentation_is_one(tmp_path: Path) -> None:
    text = Path("docs/simulator.md").read_text()
    example = text.partition("```json\n")[2].partition("```")[0]

    scenario = read_scenario(file_with(tmp_path, json.loads(example)))

    assert {step.do for each in scenario.stations for step in each.steps} == {
        *("plug", "swipe", "remote_start", "charge", "stop", "unplug"),
        *("fault", "recover", "drop", "return"),
    }


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({}, "stations: Field required", id="no stations"),
        pytest.param({"stations": [STATION, STATION]}, "two are called SIM001", id="twice"),
        pytest.param(station(name="a/b"), "stations.0.name: ", id="a slash"),
        pytest.param(station(protocol="1.5"), "stations.0.protocol: ", id="protocol"),
        pytest.param(
            station(colour="red"),
            "stations.0.colour: no field here has this name",
            id="unknown field",
        ),
        pytest.param(station(connectors=[]), "stations.0.connectors: ", id="no connectors"),
        pytest.param(station(steps=[{"do": "fly"}]), "stations.0.steps.0: ", id="unknown step"),
        pytest.param(
            station(steps=[{"do": "unplug", "connector": 2}]),
            "stations.0: steps.0.connector: 2, expected at most 1",
            id="unknown connector",
        ),
        pytest.param(
            station(steps=[{"do": "swipe", "uid": "X" * 21}]),
            "stations.0: steps.0.uid: OCPP 1.6 has at most 20 characters for it",
            id="long uid",
        ),
        pytest.param(
            station(steps=[{"do": "drop", "at": 9}, {"do": "return", "at": 3}]),
            "stations.0: steps.1.at: 3 is before an earlier step",
            id="backwards",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_field(
    tmp_path: Path, document: object, expected: str
) -> None:
    with pytest.raises(ScenarioError) as refused:
        read_scenario(file_with(tmp_path, document))

    assert expected in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nowhere\.json: No such file"):
        read_scenario(tmp_path / "nowhere.json")
