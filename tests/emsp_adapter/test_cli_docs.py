"""Every command of `emsp-adapter` has an example, JSON, and its options in docs/emsp-cli.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer import Typer

from emsp_adapter.cli import app
from ocpi_hub import __version__
from tests.emsp_adapter.commands import EmspCommands

DOCS = (Path(__file__).parents[2] / "docs" / "emsp-cli.md").read_text()


def commands_of(program: Typer, *before: str) -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    for found in program.registered_commands:
        assert found.name is not None
        yield (*before, found.name)
    for group in program.registered_groups:
        assert group.typer_instance is not None
        assert group.name is not None
        yield from commands_of(group.typer_instance, *before, group.name)


COMMANDS = list(commands_of(app))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_json_an_example_and_its_options_in_the_docs(
    words: tuple[str, ...],
) -> None:
    name = " ".join(["emsp-adapter", *words])

    ran = EmspCommands()(*words, "--help")

    assert ran.code == 0
    assert f"Example:\n    {name}" in ran.stdout
    assert f"`{name}" in DOCS
    options = set(re.findall(r"--[a-z][a-z-]+", ran.stdout.partition("Example:")[0]))
    assert "--json" in options
    assert {option for option in options if option not in DOCS} <= {"--help"}


def test_the_docs_name_no_command_that_is_not_there() -> None:
    known = {" ".join(words) for words in COMMANDS}
    named = re.findall(r"`emsp-adapter ((?:[a-z]+ ?)+?)(?= [A-Z\[-]|`)", DOCS)

    assert {name for name in named if name not in known} == set()


def test_the_version_is_told() -> None:
    assert EmspCommands()("--version").stdout == f"emsp-adapter {__version__}\n"
