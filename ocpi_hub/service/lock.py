"""Who works on DATA_DIR: a service while it runs, or a command that needs the database briefly."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from ocpi_hub.service.data_dir import LOCK
from ocpi_hub.service.refusals import DataDirError


class Purpose(StrEnum):
    """How long the lock will be held."""

    SERVICE = "service"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that has the lock, as it says itself."""

    pid: int
    purpose: Purpose


class Lock:
    """DATA_DIR is ours until the end of the block, or of the process."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Gives it to whoever comes next."""
        os.close(self._handle)


def take(data_dir: Path, purpose: Purpose) -> Lock | None:
    """The lock, or None while another process has it."""
    handle = _open(data_dir / LOCK)
    try:
        # The kernel releases it with the process, so a killed one leaves no lock behind.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    os.truncate(handle, 0)
    os.write(handle, f"{os.getpid()} {purpose}\n".encode())
    return Lock(handle)


def holder(data_dir: Path) -> Holder | None:
    """Who had the lock last; None while nobody has said so."""
    words = (data_dir / LOCK).read_text().split()
    if not words:
        return None
    return Holder(int(words[0]), Purpose(words[1]))


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise DataDirError(
            f"the lock {path} cannot be opened: {error.strerror}; expected a DATA_DIR of this user"
        ) from error
