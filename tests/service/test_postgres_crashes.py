"""The service's own Postgres when something was killed: nothing is lost, nothing is in the way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ocpi_hub.service import database
from ocpi_hub.service.data_dir import POSTGRES
from tests.service import clusters


@pytest.fixture
def another(data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the user that Postgres runs as, which is not Postgres."""
    user = data_dir.owner() if os.geteuid() == 0 else None
    with subprocess.Popen(["sleep", "60"], user=user) as process:
        yield process
        process.kill()


async def test_a_killed_service_takes_its_database_with_it_and_loses_nothing(
    data_dir: Path,
) -> None:
    with clusters.keeper(data_dir) as service:
        dsn = clusters.first_line(service)
        await clusters.add_row(dsn)
        postmaster = clusters.postmaster(data_dir)
        service.kill()
        await clusters.until_gone(postmaster)

    async with database.for_service(None, data_dir) as own:
        assert await clusters.kept(own.dsn) == [1, 2]


@contextmanager
def deaf(pid: int) -> Iterator[None]:
    """The process hears no signal until the end of the block, or 0.4 seconds into it."""
    os.kill(pid, signal.SIGSTOP)
    asyncio.get_running_loop().call_later(0.4, os.kill, pid, signal.SIGCONT)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def test_a_database_left_behind_is_stopped_before_a_new_one_starts(data_dir: Path) -> None:
    with clusters.keeper(data_dir) as service:
        clusters.first_line(service)
        left_behind = clusters.postmaster(data_dir)
        with deaf(left_behind):
            service.kill()
            service.wait()

            async with database.for_service(None, data_dir) as own:
                assert await clusters.kept(own.dsn) == [1]
                assert not clusters.alive(left_behind)


async def test_a_number_left_behind_that_is_now_another_process_is_no_obstacle(
    data_dir: Path, another: subprocess.Popen[bytes]
) -> None:
    pid_file = data_dir / POSTGRES / "postmaster.pid"
    pid_file.write_text(f"{another.pid}\n{data_dir / POSTGRES}\n1\n5432\n\n\n0 0\n")

    async with database.for_service(None, data_dir) as own:
        assert await clusters.kept(own.dsn) == [1]

    assert another.poll() is None


async def test_a_database_that_dies_says_so_and_recovers(data_dir: Path) -> None:
    async with database.for_service(None, data_dir) as own:
        await clusters.add_row(own.dsn)
        os.kill(clusters.postmaster(data_dir), signal.SIGKILL)
        async with asyncio.timeout(5):
            await own.failed.wait()

    async with database.for_service(None, data_dir) as own:
        assert await clusters.kept(own.dsn) == [1, 2]


def test_a_terminated_service_stops_its_database_in_time(data_dir: Path) -> None:
    with clusters.keeper(data_dir) as service:
        clusters.first_line(service)
        service.terminate()

        assert service.wait(5) == 0
    assert not clusters.runs(data_dir)
