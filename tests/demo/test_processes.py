"""The processes of the demo: what counts as an error line, and how a process ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ocpi_hub.demo.processes import Child, DemoError, free_port
from ocpi_hub.service import lifecycle

_JSON = '{{"ts": "2026-01-15T10:00:00.000Z", "level": "{level}", "message": "it happened"}}\n'


async def _child(log: Path, *arguments: str, given: str = "") -> Child:
    return await Child.start("it", arguments, environment=os.environ, log=log, given=given)


@pytest.mark.parametrize(
    ("said", "errors"),
    [
        (_JSON.format(level="info"), 0),
        (_JSON.format(level="warning"), 1),
        (_JSON.format(level="error"), 1),
        ("The hub listens on http://127.0.0.1:8000\n", 0),
        ("Traceback (most recent call last):\n  File …\nKeyError: 1\n", 1),
        ("error: the database ended by itself\n", 1),
        ("{ this is no JSON\n", 1),
    ],
    ids=["info", "warning", "error", "plain", "traceback", "complaint", "broken"],
)
async def test_warnings_errors_and_tracebacks_are_error_lines(
    tmp_path: Path, said: str, errors: int
) -> None:
    child = await _child(tmp_path / "log", "timeit", "-n", "1", "pass")
    await child.process.wait()

    child.log.write_text(said)

    assert len(list(child.error_lines())) == errors


async def test_a_process_that_ended_by_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = await _child(tmp_path / "log", "ocpi_hub", "partner", "nonsense")
    await child.process.wait()

    with pytest.raises(DemoError, match=r"it ended with 2: .*nonsense"):
        child.require_running()


async def test_how_a_process_ended_is_told_when_it_is_stopped(tmp_path: Path) -> None:
    child = await _child(tmp_path / "log", "ocpi_hub", "partner", "nonsense")
    await child.process.wait()

    assert await child.stop() == "it ended with 2"


def test_a_port_that_is_taken_is_replaced_by_another() -> None:
    taken = free_port(0)
    with lifecycle.bound("127.0.0.1", taken) as sock:
        sock.listen()

        assert free_port(taken) != taken
