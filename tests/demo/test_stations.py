"""How the demo follows its simulated stations: by the lines that they print."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocpi_hub.demo.stations import Stations
from ocpi_hub.protocol.jsontext import dumps


def _line(what: str, *, station: str = "CS1", connector: int | None = None, note: str = "") -> str:
    happening = {"at": "", "station": station, "connector": connector, "what": what, "note": note}
    return f"{dumps(happening).decode()}\n"


def _print(stations: Stations, *lines: str) -> None:
    with stations.log.open("a") as file:
        file.writelines(lines)


@pytest.fixture
def stations(tmp_path: Path) -> Stations:
    """Stations that have said nothing yet."""
    log = tmp_path / "stations.log"
    log.touch()
    return Stations(log)


@pytest.mark.parametrize(
    ("said", "online"),
    [
        ([], 0),
        (["is online"], 1),
        (["is online", "connection drops"], 0),
        (["is online", "connection drops", "is offline", "is online"], 1),
        (["is online", "is switched off"], 0),
    ],
    ids=["silent", "online", "dropped", "back", "switched off"],
)
def test_a_station_is_online_until_its_connection_drops(
    stations: Stations, said: list[str], online: int
) -> None:
    _print(stations, *map(_line, said))

    stations.read()

    assert stations.online == online


def test_what_was_read_before_is_not_counted_again(stations: Stations) -> None:
    _print(stations, _line("plugged in"))
    stations.read()
    _print(stations, _line("plugged in"))
    stations.read()

    assert stations.counts["plugged in"] == 2


def test_a_line_that_is_not_whole_yet_is_read_once_it_is(stations: Stations) -> None:
    line = _line("plugged in")
    _print(stations, line[:20])
    stations.read()
    _print(stations, line[20:])
    stations.read()

    assert stations.counts["plugged in"] == 1


def test_lines_that_are_no_happenings_are_passed_over(stations: Stations) -> None:
    _print(stations, "a sentence\n", _line("plugged in"))

    stations.read()

    assert stations.counts.total() == 1


def test_an_event_says_where_it_was_and_what_about_it(stations: Stations) -> None:
    _print(stations, _line("transaction ends", connector=2, note="Remote, 513 Wh"))

    stations.read()

    assert list(stations.events) == ["CS1-2 transaction ends: Remote, 513 Wh"]
