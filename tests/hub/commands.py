"""Running commands of a service the way a shell does, in this process or in one of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Self

from typer import Typer
from typer.testing import CliRunner

from ocpi_hub.cli import app

KEY = "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
_STOP_SECONDS = 10


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Its one document, with exact decimals."""
        return json.loads(self.stdout, parse_float=Decimal)


@dataclass(frozen=True)
class Commands:
    """Commands of `ocpi-hub` with these settings, without the prefix."""

    package: ClassVar[str] = "ocpi_hub"
    prefix: ClassVar[str] = "OCPI_HUB_"
    program: ClassVar[Typer] = app

    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The variables of the settings, and none of ours."""
        return {f"{self.prefix}{name}": value for name, value in self.settings.items()}

    def __call__(self, *words: str | Path, stdin: str = "") -> Ran:
        """Run one to its end."""
        environ: dict[str, str | None] = dict.fromkeys(
            name for name in os.environ if name.startswith(self.prefix)
        )
        ran = CliRunner().invoke(
            self.program, [str(word) for word in words], input=stdin, env=environ | self.environ
        )
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return Ran(ran.exit_code, ran.stdout, ran.stderr)

    async def aside(self, *words: str | Path) -> Ran:
        """Run one from a test that has an event loop of its own."""
        return await asyncio.to_thread(self, *words)

    def given(self, **settings: str) -> Self:
        """The same with other settings."""
        return replace(self, settings=self.settings | settings)

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A service in a process of its own, from its JSON document to the end of the block."""
        process = self.started(*words)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert json.loads(line)["status"] in ("listening", "running"), line
            yield process
        finally:
            self.stop(process)

    def started(self, *words: str) -> subprocess.Popen[str]:
        """A service in a process of its own."""
        ours = {k: v for k, v in os.environ.items() if not k.startswith(self.prefix)}
        main = f"from {self.package}.cli import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", main, *words, "--json"],
            env=ours | self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def stop(self, process: subprocess.Popen[str]) -> tuple[int, float]:
        """Its exit code after SIGTERM, and the seconds it took."""
        begun = time.monotonic()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS + 5)
        finally:
            process.kill()
            if process.stdout is not None:
                process.stdout.close()
        return process.returncode, time.monotonic() - begun
