"""Running `cpo-adapter` commands, in this process or in one of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from typer import Typer

from cpo_adapter.cli import app
from tests.hub.commands import Commands


@dataclass(frozen=True)
class CpoCommands(Commands):
    """Commands of `cpo-adapter` with these settings, without the prefix."""

    package: ClassVar[str] = "cpo_adapter"
    prefix: ClassVar[str] = "CPO_"
    program: ClassVar[Typer] = app
