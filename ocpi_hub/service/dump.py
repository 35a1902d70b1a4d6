"""Backups: a schema of the database as a file in pg_dump's custom format, and back again."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from ocpi_hub.service import binaries, database
from ocpi_hub.service.refusals import DatabaseError, Refusal

_GROWING = ".growing"
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "PGPASSFILE", "PGSSLROOTCERT")


class BadDump(Refusal):
    """The file is no backup, or cannot be read or written."""

    exit_code = 64


async def write(url: str, file: Path, *, schema: str) -> None:
    """Writes the schema as of one moment; a file of that name is replaced once all is there."""
    growing = file.with_name(file.name + _GROWING)
    try:
        # It holds what partners sent: nobody else reads it.
        os.close(os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as error:
        raise BadDump(f"{file} cannot be written: {error.strerror}") from error
    try:
        options = ["--format=custom", f"--schema={schema}", f"--file={growing}"]
        await _run("pg_dump", url, *options, "--no-owner", "--no-privileges")
        growing.replace(file)
    finally:
        growing.unlink(missing_ok=True)


async def check(url: str, file: Path, *, schema: str) -> None:
    """BadDump unless the file is there and a backup of the schema."""
    program = await binaries.find_program("pg_restore", major=await database.server_major(url))
    try:
        contents = await _output([program, "--list", str(file)], password="")
    except DatabaseError as error:
        raise BadDump(f"{file} is not a backup: {error}") from error
    if f" SCHEMA - {schema} " not in contents:
        raise BadDump(f"{file} is a backup of something else: it has no schema {schema}")


async def read(url: str, file: Path) -> None:
    """Puts a backup into the database, whole or not at all; its schema must not be there."""
    options = ["--single-transaction", "--no-owner", "--no-privileges"]
    await _run("pg_restore", url, *options, str(file))


async def _run(name: str, url: str, *options: str) -> None:
    program = await binaries.find_program(name, major=await database.server_major(url))
    target, password = database.without_password(url)
    await _output([program, f"--dbname={target}", "--no-password", *options], password=password)


async def _output(command: list[str], *, password: str) -> str:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment | {"PGPASSWORD": password},
    )
    try:
        said, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode != 0:
        lines = complaint.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise DatabaseError(lines[0])
    return said.decode(errors="replace")
