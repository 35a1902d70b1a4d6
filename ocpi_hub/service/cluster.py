"""The files of our own Postgres: made once, with a role that owns its database and nothing else.

The superuser cannot log in: an injected statement reads no file and starts no program.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from ocpi_hub.service import account as accounts
from ocpi_hub.service import binaries as postgres_binaries
from ocpi_hub.service import data_dir as data_folder
from ocpi_hub.service import launcher
from ocpi_hub.service.account import Account
from ocpi_hub.service.binaries import Binaries
from ocpi_hub.service.data_dir import DSN, POSTGRES, RUN
from ocpi_hub.service.refusals import DatabaseError, DataDirError

ROLE = "ocpi"

_PASSWORD_BYTES = 32
_SETUP_SECONDS = 120
# A socket's path has at most 107 bytes on Linux and 103 elsewhere, and its lock file five more.
_LONGEST_SOCKET = 103 - len(".lock")
_SOCKET = ".s.PGSQL.5432"
_HBA = f"local all {ROLE} scram-sha-256\n"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Postgres that is ready to be started, with the path of its data and of its socket."""

    data: Path
    socket_dir: Path
    binaries: Binaries
    account: Account
    dsn: str

    def command(self, program: str, *arguments: str) -> list[str]:
        """What to execute to run `program` as the account, stopped when we are gone."""
        return _command(self.account, self.binaries, program, *arguments)


def environment() -> dict[str, str]:
    """What Postgres sees of our environment: no PG* variable of ours may steer it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


async def open_cluster(data_dir: Path) -> Cluster:
    """The Postgres of DATA_DIR, made if it is not there; none may run on it now."""
    data = data_dir / POSTGRES
    account = accounts.for_data(data)
    binaries = await postgres_binaries.find(major=_major(data))
    binaries = postgres_binaries.for_account(binaries, account, data_dir)
    kept = _kept_password(data_dir)
    password = kept or secrets.token_urlsafe(_PASSWORD_BYTES)
    socket_dir = _socket_dir(data_dir, account)
    cluster = Cluster(data, socket_dir, binaries, account, _dsn(password, socket_dir))
    if not data.exists():
        await _create(cluster, password)
    elif kept is None:
        await _single_user(cluster, data, f"ALTER ROLE {ROLE} PASSWORD '{password}'")
    data_folder.write_private(data_dir, DSN, cluster.dsn)
    return cluster


def _major(data: Path) -> int | None:
    if not data.exists():
        return None
    try:
        return int((data / "PG_VERSION").read_text())
    except (OSError, ValueError) as error:
        raise DataDirError(
            f"{data} holds no PostgreSQL that this user can read: expected the file PG_VERSION in "
            "it; restore the folder from a backup, or move it away to begin anew"
        ) from error


def _kept_password(data_dir: Path) -> str | None:
    dsn = data_folder.read_private(data_dir, DSN)
    return urlsplit(dsn).password if dsn else None


def _dsn(password: str, socket_dir: Path) -> str:
    return f"postgresql://{ROLE}:{password}@/{ROLE}?host={quote(str(socket_dir), safe='')}"


def _socket_dir(data_dir: Path, account: Account) -> Path:
    """A private folder for the socket: in DATA_DIR, or where that is too long a path, in /tmp.

    A socket, not a port: nobody else can take it, no other user or machine can knock, and it is
    quicker.
    """
    folder = data_dir / RUN
    if len(os.fsencode(folder / _SOCKET)) > _LONGEST_SOCKET:
        name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"ocpi-{name}"
    try:
        if folder.is_symlink():
            raise PermissionError("a link, which somebody else may have put there")
        return data_folder.make_private(folder, account)
    except OSError as error:
        raise DataDirError(
            f"{folder}, the folder for the database's socket, cannot be used: {error}"
        ) from error


async def _create(cluster: Cluster, password: str) -> None:
    """Makes the data whole or not at all: a start that is killed half-way begins again."""
    growing = cluster.data.with_name(f"{POSTGRES}.new")
    shutil.rmtree(growing, ignore_errors=True)
    await _run(
        cluster.command(
            "initdb",
            f"--pgdata={growing}",
            "--username=postgres",
            "--auth=reject",
            "--encoding=UTF8",
            "--locale=C",  # the same order and the same lower() on every machine and version
            "--data-checksums",
            "--no-instructions",
        ),
    )
    (growing / "pg_hba.conf").write_text(_HBA)
    await _single_user(
        cluster,
        growing,
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'",
        f"GRANT pg_monitor TO {ROLE}",
        f"CREATE DATABASE {ROLE} OWNER {ROLE}",
    )
    growing.rename(cluster.data)


async def _single_user(cluster: Cluster, data: Path, *statements: str) -> None:
    command = cluster.command(
        "postgres", "--single", "-D", str(data), "-c", "exit_on_error=on", "postgres"
    )
    await _run(command, "".join(f"{statement};\n" for statement in statements))


async def _run(command: list[str], text: str = "") -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        env=environment(),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_SETUP_SECONDS):
            said, _ = await process.communicate(text.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise DatabaseError(
            f"{Path(command[-1]).name}: no end within {_SETUP_SECONDS} seconds"
        ) from None
    if process.returncode != 0:
        raise DatabaseError(f"the database could not be made: {_last_line(said)}")


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "Postgres gave no reason"


def _command(account: Account, binaries: Binaries, program: str, *arguments: str) -> list[str]:
    python = [sys.executable, "-I", "-S", str(Path(launcher.__file__).resolve())]
    whose = [str(os.getpid()), str(account.uid), str(account.gid)]
    return [*python, *whose, binaries.program(program), *arguments]
