"""A service as a process of its own, driven by its commands; it can be killed and restarted."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

from tests.hub.commands import KEY, Commands

# Nobody in a test waits as long as a person or a car does.
QUICK = {
    "SECRET_KEY": KEY,
    "ALLOW_PRIVATE_NETWORKS": "true",
    "FORWARD_TIMEOUT": "5",
    "LOG_LEVEL": "error",
}


@dataclass
class ServiceProcess:
    """A running service, by `serve` or `up`."""

    url: str
    commands: Commands
    command: str = "serve"
    _process: Popen[str] | None = field(default=None, init=False)

    async def start(self) -> None:
        """Until it listens."""
        self._process = process = self.commands.started(self.command)
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        assert line, f"it ended with {process.poll()}"
        assert json.loads(line).get("status") == "listening", line

    async def kill(self) -> None:
        """It ends at once, in the middle of whatever it does."""
        process, self._process = self._process, None
        assert process is not None
        process.kill()
        await asyncio.to_thread(process.communicate)

    async def stop(self) -> None:
        """It ends as it wants to."""
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(self.commands.stop, process)

    async def run(self, *words: str | Path, stdin: str = "") -> Any:
        """What a command, which has to succeed, says as JSON."""
        return await run(self.commands, *words, stdin=stdin)


async def run(commands: Commands, *words: str | Path, stdin: str = "") -> Any:
    """What a command, which has to succeed, says as JSON."""
    ran = await asyncio.to_thread(commands, *words, "--json", stdin=stdin)
    assert ran.code == 0, ran.stderr
    return ran.json
