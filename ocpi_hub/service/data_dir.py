"""DATA_DIR, the folder in which a service keeps its own database and keys. One per service.

    dsn           how to reach the database, password included
    secret_key    the Fernet keys, unless they are given
    lock          who works on the folder
    postgres/     the database
    binaries/     a copy of Postgres, where the account that runs it cannot read the original
    run/          its socket

It is private to the account that Postgres runs as; `dsn` and `secret_key` to whoever starts the
service. A folder that was there before and holds other things is used as it is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_data_path

from ocpi_hub.service import account as accounts
from ocpi_hub.service.account import Account
from ocpi_hub.service.refusals import DataDirError

DSN = "dsn"
SECRET_KEY = "secret_key"
LOCK = "lock"
POSTGRES = "postgres"
BINARIES = "binaries"
RUN = "run"

_OURS = frozenset({DSN, SECRET_KEY, LOCK, POSTGRES, BINARIES, RUN})
_SYSTEM_DATA = Path("/var/lib")


def default(service: str) -> Path:
    """The user's data folder; for a root whose home is private to him, /var/lib.

    Postgres does not run as root, and whoever it runs as has to reach its data.
    """
    folder = user_data_path(service, appauthor=False)
    if accounts.is_root() and accounts.first_closed(folder, accounts.for_data(folder / POSTGRES)):
        return _SYSTEM_DATA / service
    return folder


def absolute(path: Path) -> Path:
    """The path from the root, with `~` as the home it means."""
    return path.expanduser().absolute()


def prepare(data_dir: Path) -> Account:
    """Makes the folder ready and gives the account that runs Postgres in it, or DataDirError."""
    account = accounts.for_data(data_dir / POSTGRES)
    try:
        _require_a_way_to(data_dir.parent, account, data_dir)
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours(data_dir):
            _take(data_dir, account)
        _require_a_way_to(data_dir, account, data_dir)
    except OSError as error:
        raise _refused(data_dir, error) from error
    return account


def make_private(folder: Path, account: Account) -> Path:
    """The folder, there, empty or not, and open to `account` only."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _take(folder, account)
    return folder


def read_private(data_dir: Path, name: str) -> str | None:
    """The text of one of our files, None when it is not there."""
    try:
        return (data_dir / name).read_text().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(data_dir, error) from error


def write_private(data_dir: Path, name: str, text: str) -> None:
    """Puts the text in place whole or not at all, readable by this account only."""
    # mkstemp opens 0600 and follows no link; the rename replaces a link rather than its target.
    handle, path = tempfile.mkstemp(dir=data_dir, prefix=f".{name}-")
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(path).replace(data_dir / name)


def secret(data_dir: Path, name: str, *, make: Callable[[], str]) -> str:
    """The secret that is kept in the folder, made on first use."""
    prepare(data_dir)
    kept = read_private(data_dir, name)
    if kept:
        return kept
    made = make()
    write_private(data_dir, name, made)
    return made


def _is_ours(data_dir: Path) -> bool:
    names = {entry.name for entry in data_dir.iterdir()}
    return not names or bool(names & _OURS)


def _take(folder: Path, account: Account) -> None:
    if accounts.is_root():
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    folder.chmod(0o700)


def _require_a_way_to(folder: Path, account: Account, data_dir: Path) -> None:
    if not accounts.is_root():
        return
    closed = accounts.first_closed(folder, account)
    if closed is not None:
        raise DataDirError(
            f"DATA_DIR {data_dir} is in {closed}, which user {account.name}, as whom Postgres runs "
            f"here, cannot enter: choose a folder elsewhere, such as {_SYSTEM_DATA / data_dir.name}"
        )


def _refused(data_dir: Path, error: OSError) -> DataDirError:
    return DataDirError(
        f"DATA_DIR {data_dir} cannot be used: {error.strerror} ({error.filename}); expected a "
        "folder that this user may write to"
    )
