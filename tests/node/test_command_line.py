"""What is said of a wrong command line, by each of the three programs."""

from __future__ import annotations

import pytest

from tests.cpo_adapter.commands import CpoCommands
from tests.emsp_adapter.commands import EmspCommands
from tests.hub.commands import Commands

PROGRAMS = {"hub": Commands(), "cpo": CpoCommands(), "emsp": EmspCommands()}

WRONG = {
    "an unknown command": (("lis",), "No such command 'lis'."),
    "an unknown option before it": (("--lis", "migrate"), "No such option: --lis"),
    "an unknown option": (("migrate", "--lis"), "No such option: --lis"),
    "no number": (("up", "--port", "many"), "Invalid value for '--port'"),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize(("words", "expected"), WRONG.values(), ids=WRONG)
def test_a_wrong_command_line_is_an_error_in_json_too(
    program: Commands, words: tuple[str, ...], expected: str
) -> None:
    ran = program(*words, "--json")

    assert ran.code == 2
    assert ran.json["error"]["status_code"] is None
    assert expected in ran.json["error"]["message"]
    assert expected in ran.stderr
    assert "Usage: " in ran.stderr


def test_people_are_not_told_in_json() -> None:
    ran = Commands()("partner", "lis")

    assert (ran.code, ran.stdout) == (2, "")
