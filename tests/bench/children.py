"""The processes of a bench: each says where it listens on its first line, and ends when told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

_START_SECONDS = 30
_STOP_SECONDS = 15
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Child:
    """A running process, where it is reached, and what it has said on stderr so far."""

    pid: int
    url: str
    said: Callable[[], str]

    def cpu_seconds(self) -> float:
        """What it has used so far, in user and system mode."""
        return cpu_seconds(self.pid)

    def resident_kb(self) -> int:
        """Its memory now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1])

    def kill(self) -> None:
        """Ends it as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)


def cpu_seconds(pid: int, *, with_ended: bool = False) -> float:
    """What a process has used so far, in user and system mode; also its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(each) for each in fields[11 : 15 if with_ended else 13]) / _TICKS


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
                raise RuntimeError(f"{module} did not start: {_text(said)}")
            url = f"http://127.0.0.1:{json.loads(line)['port']}"
            yield Child(process.pid, url, partial(_text, said))
        finally:
            await _stop(process)


def _text(said: IO[bytes]) -> str:
    # Not by `seek`: the process writes at the same offset.
    return os.pread(said.fileno(), os.fstat(said.fileno()).st_size, 0).decode()


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
