"""Running `emsp-adapter` commands, in this process or in one of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from typer import Typer

from emsp_adapter.cli import app
from tests.hub.commands import Commands


@dataclass(frozen=True)
class EmspCommands(Commands):
    """Commands of `emsp-adapter` with these settings, without the prefix."""

    package: ClassVar[str] = "emsp_adapter"
    prefix: ClassVar[str] = "EMSP_"
    program: ClassVar[Typer] = app
