"""docs/pricing.md shows what the commands really print, and every mistake that is recognised."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ocpi_hub.cli import price
from ocpi_hub.cli.tariff import tariffs
from ocpi_hub.pricing.recipes import RECIPES

_PAGE = (Path(__file__).parents[2] / "docs" / "pricing.md").read_text()
_FILE = re.compile(r"into `(\S+)`(?:(?!```).)*```json\n(.*?)```", re.DOTALL)
_COMMAND = re.compile(r"```console\n\$ ocpi-hub (.*?)\n(.*?)```", re.DOTALL)

app = typer.Typer()
price.add_to(app)
app.add_typer(tariffs, name="tariff")


@pytest.mark.parametrize(
    ("line", "printed"), _COMMAND.findall(_PAGE), ids=[line for line, _ in _COMMAND.findall(_PAGE)]
)
def test_an_example_prints_what_the_page_shows(
    line: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in _FILE.findall(_PAGE):
        (tmp_path / name).write_text(content)
    shown = CliRunner().invoke(app, line.split()).stdout.splitlines()
    assert [each.rstrip() for each in shown] == printed.splitlines()


def test_the_page_has_an_example_of_each_command() -> None:
    commands = [
        line.partition(" --")[0].split(" tariff.json")[0] for line, _ in _COMMAND.findall(_PAGE)
    ]
    assert commands == ["price", "tariff lint", "tariff estimate"]


def test_every_recipe_is_on_the_page() -> None:
    rows = [f"| `{recipe.name}` | {recipe.sentence} |" for recipe in RECIPES]
    assert [row for row in rows if row not in _PAGE] == []
