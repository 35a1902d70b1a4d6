"""The processes of a bench: each says where it listens on its first line, and ends when told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 30
_STOP_SECONDS = 15
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Child:
    """A running process and where it is reached."""

    pid: int
    url: str

    def cpu_seconds(self) -> float:
        """What it has used so far, in user and system mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@asynccontextmanager
async def running(
    module: str, *arguments: str, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """`python -m module` from its first line, {"port": …}, to the end of the block."""
    with tempfile.TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            env={**os.environ, **(environ or {})},
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(_START_SECONDS):
                line = await process.stdout.readline()
            if not line:
                said.seek(0)
                raise RuntimeError(f"{module} did not start: {said.read().decode()}")
            yield Child(process.pid, f"http://127.0.0.1:{json.loads(line)['port']}")
        finally:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
