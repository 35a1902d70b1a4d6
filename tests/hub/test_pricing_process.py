"""The process that prices CDRs dies: the next question is answered by another."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ocpi_hub import pricing_worker
from ocpi_hub.pricing_process import PricingFailed, PricingProcess
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.repricing import Question
from ocpi_hub.store.facts import Evidence
from tests.hub import billing
from tests.partners import eventually


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops, because each has its own word for a pipe that is closed."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    """Where a pricing process says who it is."""
    return tmp_path / "pid"


def _pid(pid_file: Path) -> int:
    return int(pid_file.read_text())


@pytest.fixture
async def process(pid_file: Path) -> AsyncIterator[PricingProcess]:
    """One that runs."""
    worker = f"echo $$ > {pid_file}; exec {sys.executable} -m {pricing_worker.__name__}"
    started = PricingProcess(command=("/bin/sh", "-c", worker))
    await started.warm()
    yield started
    await started.stop()


async def test_one_that_died_between_two_questions_is_of_no_consequence(
    process: PricingProcess, pid_file: Path
) -> None:
    pid = _pid(pid_file)
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: not _runs(pid))

    answer = await process.ask(_question())

    assert answer.verdict == "match"


async def test_one_that_dies_over_a_question_fails_that_one_alone(
    process: PricingProcess, pid_file: Path
) -> None:
    pid = _pid(pid_file)
    os.kill(pid, signal.SIGSTOP)
    asking = asyncio.create_task(process.ask(_question()))
    await asyncio.sleep(0.1)
    os.kill(pid, signal.SIGKILL)

    with pytest.raises(PricingFailed, match="died"):
        await asking
    answer = await process.ask(_question())

    assert answer.verdict == "match"


def _runs(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def _question() -> Question:
    nothing = Evidence(
        session_emsp=None,
        session_statuses=None,
        reference_fits=None,
        same_session=[],
        original=None,
        original_emsp=None,
        original_is_credit=None,
        other_credits=[],
        original_elsewhere=[],
        elsewhere=[],
        issuers=[],
        connector=None,
        reserved_until=None,
        cancelled_at=None,
    )
    return Question(
        cdr=dumps(billing.cdr()),
        emsp="de/ems",
        evidence=nothing,
        then=(),
        current=(),
        time_zone="Europe/Amsterdam",
        now=datetime(2026, 1, 16, tzinfo=UTC),
    )
