"""The operating system's account that Postgres runs as: it refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ocpi_hub.service.refusals import DatabaseError

_ROOT = 0
# Whom Postgres runs as when we are root, the better first.
_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user other than root, by numbers, with the name that messages use."""

    uid: int
    gid: int
    name: str

    @classmethod
    def of(cls, entry: pwd.struct_passwd) -> Self:
        """From a row of the passwd database."""
        return cls(entry.pw_uid, entry.pw_gid, entry.pw_name)


def is_root() -> bool:
    """Whether this process may become another account."""
    return os.geteuid() == _ROOT


def for_data(folder: Path) -> Account:
    """Who runs Postgres on the data in `folder`: its owner, or for new data an account of ours."""
    if not is_root():
        return _own()
    if folder.exists() and folder.stat().st_uid != _ROOT:
        return _by_uid(folder.stat().st_uid)
    return _unprivileged()


def first_closed(path: Path, account: Account) -> Path | None:
    """The outermost folder on the way to and including `path` that `account` cannot enter."""
    folders = [*reversed(path.parents), path]
    return next((f for f in folders if f.exists() and not _may_enter(f, account)), None)


def _may_enter(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _own() -> Account:
    return _by_uid(os.geteuid())


def _by_uid(uid: int) -> Account:
    try:
        return Account.of(pwd.getpwuid(uid))
    except KeyError:
        raise DatabaseError(
            f"user id {uid} has no entry in /etc/passwd, and Postgres does not run without one: "
            "add it, or give a DATABASE_URL"
        ) from None


def _unprivileged() -> Account:
    for name in _UNPRIVILEGED:
        try:
            return Account.of(pwd.getpwnam(name))
        except KeyError:
            continue
    raise DatabaseError(
        "Postgres does not run as root, and there is no user postgres or nobody to run it as: "
        "add one, or give a DATABASE_URL"
    )
