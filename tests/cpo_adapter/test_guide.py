"""What docs/cpo-adapter.md says of the first charger is done as it is written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.cpo_adapter.commands import CpoCommands
from tests.hub.commands import KEY, Ran

_ROOT = Path(__file__).parents[2]
_GUIDE = (_ROOT / "docs" / "cpo-adapter.md").read_text()
_COMMAND = re.compile(r"^\d\. `cpo-adapter ((?:tariff|location|station) [^`]+)`", re.MULTILINE)


def test_the_first_charger_is_set_up_as_the_guide_says(cpo_database_url: str) -> None:
    cli = CpoCommands({"DATABASE_URL": cpo_database_url, "SECRET_KEY": KEY})
    _, _, steps = _GUIDE.partition("## The first charger")

    tariffs, locations, station, shown = (
        _run(cli, command) for command in _COMMAND.findall(steps.partition("\n## ")[0])
    )

    assert tariffs.json["created"] == ["AC"]
    assert (locations.json["created"], locations.json["warnings"]) == (["LOC1"], [])
    assert station.json["id"] == "CP1"
    assert [each["evse_uid"] for each in shown.json["plugs"]] == ["EVSE-1", "EVSE-2"]


def _run(cli: CpoCommands, command: str) -> Ran:
    words = [
        str(_ROOT / word) if word.startswith("docs/") else word for word in shlex.split(command)
    ]
    ran: Ran = cli(*words, "--json")
    assert ran.code == 0, ran.stderr
    return ran
