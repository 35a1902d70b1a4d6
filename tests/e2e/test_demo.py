"""`make demo`: hub, adapters, stations and eMSP as processes, which end without a difference."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.databases import data_folder

# One after the other: two demos that start at once find the same ports free.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("demo"),
]


@asynccontextmanager
async def demo(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The demo without a terminal."""
    with data_folder() as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ocpi_hub.demo", *arguments),
            env={**os.environ, "TMPDIR": str(folder)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def lines_until(process: asyncio.subprocess.Process, wanted: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    async for line in process.stdout:
        lines.append(line.decode())
        if wanted in lines[-1]:
            break
    return lines


def _row(output: str, what: str) -> list[str]:
    """The words of a row of the result."""
    return next(line.split() for line in output.splitlines() if line.strip().startswith(what))


async def test_a_short_demo_ends_by_itself_with_no_difference_and_no_error_line() -> None:
    async with demo("--seconds", "20") as process:
        output = "".join(await lines_until(process, "No difference and no error line."))
        code = await process.wait()

    assert code == 0, output
    assert "No difference and no error line." in output
    assert "✗" not in output
    assert int(_row(output, "app sessions")[-2]) > 0, output


async def test_ctrl_c_ends_a_demo_without_a_comparison() -> None:
    async with demo("--seconds", "60") as process:
        await lines_until(process, "stations online")
        process.send_signal(signal.SIGINT)
        output = "".join(await lines_until(process, "the end of the output"))
        code = await process.wait()

    assert code == 130, output
    assert "Traceback" not in output


async def test_a_number_of_seconds_that_is_none_is_refused() -> None:
    async with demo("--seconds", "soon") as process:
        output = "".join(await lines_until(process, "the end of the output"))
        code = await process.wait()

    assert code == 2
    assert "'soon' is not a number of seconds above 0" in output
