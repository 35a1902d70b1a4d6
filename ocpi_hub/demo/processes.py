"""The processes of the demo: started, listened to, and stopped in the reverse order."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ocpi_hub.protocol.jsontext import loads
from ocpi_hub.service import launcher, lifecycle
from ocpi_hub.service.refusals import PortInUse

_STOP_SECONDS = 15.0
_COMMAND_SECONDS = 60.0
_BAD_LEVELS = ("warning", "error", "critical")
_TRACEBACK = "Traceback (most recent call last)"


T = TypeVar("T")


class DemoError(Exception):
    """The demo cannot go on; its text is one sentence."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process whose output goes to a file of its own."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    @classmethod
    async def start(
        cls,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        given: str = "",
    ) -> Child:
        """`python -m` with the arguments, in a session of its own; `given` is its first input.

        Ctrl-C is for the demo alone, and a demo that was killed leaves nobody behind.
        """
        bound_to_us = [launcher.__file__, str(os.getpid()), str(os.geteuid()), str(os.getegid())]
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", *bound_to_us, sys.executable, "-m", *arguments),
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        if process.stdin is not None:
            process.stdin.write(given.encode())
            process.stdin.close()
        return cls(name, process, log)

    def require_running(self) -> None:
        """DemoError with its last words when the process has ended by itself."""
        if self.process.returncode is not None:
            words = self.log.read_text(errors="replace").strip().splitlines()
            last = words[-1] if words else "it said nothing"
            raise DemoError(f"{self.name} ended with {self.process.returncode}: {last}")

    async def stop(self) -> str | None:
        """SIGTERM, and SIGKILL when that is not enough; what was wrong with its end."""
        if self.process.returncode is None:
            self.process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                code = await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            return f"{self.name} did not stop within {_STOP_SECONDS:g} s"
        return f"{self.name} ended with {code}" if code else None

    def error_lines(self) -> Iterator[str]:
        """Each warning, error and traceback in its log, as one line."""
        for line in self.log.read_text(errors="replace").splitlines():
            said = _complaint(line)
            if said is not None:
                yield f"{self.name}: {said}"


def _complaint(line: str) -> str | None:
    """A line as it stands when it tells of something wrong."""
    if not line.startswith("{"):
        return line if line.startswith((_TRACEBACK, "error:")) else None
    try:
        record: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return line
    return line if record.get("level") in _BAD_LEVELS else None


async def output_of(
    arguments: Sequence[str], *, environment: Mapping[str, str], given: str = ""
) -> Any:
    """The JSON document that `python -m` with the arguments prints, or DemoError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_COMMAND_SECONDS):
            output, complaint = await process.communicate(given.encode())
    except TimeoutError:
        raise DemoError(f"{' '.join(arguments[:3])} took too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise DemoError(f"{' '.join(arguments[:3])} failed: {complaint.decode().strip()}")
    return loads(output)


async def together(*steps: Coroutine[Any, Any, T]) -> list[T]:
    """What all of them give; when one fails the others end, and its error is raised."""
    tasks = [asyncio.create_task(step) for step in steps]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def free_port(wanted: int) -> int:
    """The port, or any other one when it is taken."""
    for port in (wanted, 0):
        try:
            with lifecycle.bound("127.0.0.1", port) as sock:
                return int(sock.getsockname()[1])
        except PortInUse:
            continue
    raise DemoError("no port of 127.0.0.1 is free")
