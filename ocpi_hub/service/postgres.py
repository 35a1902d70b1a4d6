"""Our own Postgres, run beside the service: started, watched, and stopped with it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ocpi_hub.service.cluster import Cluster, environment, open_cluster
from ocpi_hub.service.data_dir import POSTGRES
from ocpi_hub.service.refusals import DatabaseError

_START_SECONDS = 120  # recovery after a crash included
_ORPHAN_SECONDS = 20
_FAST_SECONDS = 3
_IMMEDIATE_SECONDS = 2
_POLL_SECONDS = 0.01
_RETRY_SECONDS = 0.1
_REASON_LINES = 5
_READY_LINE = 7  # of postmaster.pid, counted from 0
# What a Postgres says that comes while the last backend of a killed one is still leaving.
_STILL_LEAVING = "still in use"

_CONFIGURATION = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    # What was answered with 1000 survives a power cut.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_compression": "on",
    # An open transaction holds back the delivery of changes.
    "idle_in_transaction_session_timeout": "15s",
    "lock_timeout": "60s",
    # Tables that are updated all day: vacuum by rows changed rather than by a fifth of the table.
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_analyze_scale_factor": "0.05",
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_cost_delay": "1ms",
    # Short statements on a disk without moving parts.
    "jit": "off",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors go to whoever sent the statement; their details may hold data, so no log has them.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running Postgres. `failed` is set when it ends without being asked to."""

    dsn: str = field(repr=False)
    failed: asyncio.Event


@asynccontextmanager
async def postgres(data_dir: Path) -> AsyncIterator[Postgres]:
    """Postgres on DATA_DIR, which is prepared and locked by the caller, for the time of a block."""
    await _settle(data_dir / POSTGRES)
    cluster = await open_cluster(data_dir)
    process, log = await _start(cluster)
    failed = asyncio.Event()
    # Not a TaskGroup: that would wrap whatever the caller's block raises.
    watching = asyncio.create_task(_watch(process, failed))
    try:
        yield Postgres(cluster.dsn, failed)
    finally:
        watching.cancel()
        await _stop(process)
        await log


async def _settle(data: Path) -> None:
    """Ends the Postgres that a killed service left on the data."""
    pid_file = data / "postmaster.pid"
    pid = _number_in(pid_file)
    if pid is None:
        return
    for stop in (signal.SIGINT, signal.SIGQUIT):
        if _works_on(pid, data):
            with suppress(ProcessLookupError):
                os.kill(pid, stop)
            await _until_gone(pid, data)
    if _works_on(pid, data):
        raise DatabaseError(f"process {pid} still runs on {data}: expected it to stop, end it")
    if _arguments(pid):
        # The number is by now another process's, which Postgres would take for the old one.
        pid_file.unlink(missing_ok=True)


def _number_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return None


async def _until_gone(pid: int, data: Path) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_ORPHAN_SECONDS):
            while _works_on(pid, data):  # noqa: ASYNC110 - no event tells of a process not ours
                await asyncio.sleep(_POLL_SECONDS)


def _works_on(pid: int, data: Path) -> bool:
    """Whether the process is a Postgres on this data."""
    arguments = _arguments(pid)
    return os.fsencode(data) in arguments and os.path.basename(arguments[0]) == b"postgres"


def _arguments(pid: int) -> list[bytes]:
    """The command line of a living process. Without /proc it is empty, and all is left to Postgres,
    which finds another one on its data by the shared memory."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return line.split(b"\0")[:-1]


async def _start(cluster: Cluster) -> tuple[asyncio.subprocess.Process, asyncio.Task[None]]:
    """A Postgres that takes connections, and the task that passes on what it says."""
    now = asyncio.get_running_loop().time
    patience = now() + _ORPHAN_SECONDS
    while True:
        said: deque[str] = deque(maxlen=_REASON_LINES)
        process = await _launch(cluster)
        log = asyncio.create_task(_pass_on(process, said))
        ready = False
        try:
            ready = await _until_ready(process, cluster.data)
        finally:
            if not ready:
                await _stop(process)
                await log
        if ready:
            return process, log
        if now() > patience or not any(_STILL_LEAVING in line for line in said):
            raise DatabaseError(f"Postgres does not start: {' '.join(said) or 'it gave no reason'}")
        await asyncio.sleep(_RETRY_SECONDS)


async def _launch(cluster: Cluster) -> asyncio.subprocess.Process:
    options = [f"--{name}={value}" for name, value in _CONFIGURATION.items()]
    return await asyncio.create_subprocess_exec(
        *cluster.command("postgres", "-D", str(cluster.data)),
        f"--unix_socket_directories={cluster.socket_dir}",
        *options,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd="/",
        env=environment(),
        # Of its own, so that Ctrl-C stops the service first and Postgres last.
        start_new_session=True,
    )


async def _until_ready(process: asyncio.subprocess.Process, data: Path) -> bool:
    """True once it takes connections, False if it ends before."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            while process.returncode is None:
                if _says_ready(data / "postmaster.pid", process.pid):
                    return True
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise DatabaseError(
            f"Postgres takes no connections {_START_SECONDS} seconds after its start"
        ) from None
    return False


def _says_ready(pid_file: Path, pid: int) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].startswith("r")


async def _pass_on(process: asyncio.subprocess.Process, said: deque[str]) -> None:
    assert process.stderr is not None  # noqa: S101 - it was asked for as a pipe
    async for line in process.stderr:
        text = line.decode(errors="replace").strip()
        said.append(text)
        _log.log(_level(text), "postgres says %s", text)


def _level(text: str) -> int:
    if text.startswith("PANIC"):
        return logging.ERROR
    if "due to administrator command" in text:
        return logging.DEBUG  # a connection that was still there when we stopped it
    return logging.WARNING if text.startswith("FATAL") else logging.DEBUG


async def _watch(process: asyncio.subprocess.Process, failed: asyncio.Event) -> None:
    code = await process.wait()
    _log.error("postgres ended by itself", extra={"exit_code": code})
    failed.set()


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Ends it, the gentle way first; what is committed is safe in each of them."""
    for stop, seconds in (
        (signal.SIGINT, _FAST_SECONDS),
        (signal.SIGQUIT, _IMMEDIATE_SECONDS),
        (signal.SIGKILL, None),
    ):
        if process.returncode is not None:
            return
        process.send_signal(stop)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await process.wait()
