"""The browser of the tests: the system's Chromium, which `python -m tests.chromium` installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from playwright.sync_api import sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ASK_SECONDS = 30
_INSTALL_SECONDS = 900
_PACKAGES = ("update", "--quiet"), ("install", "--yes", "--no-install-recommends", "chromium")
_NOT_TO_BE_HAD = (
    "No Chromium: neither {names} is on the PATH and runs, nor could apt-get or playwright install "
    "one. Install Chromium or Chrome and run the tests again."
)


@cache
def executable() -> Path | None:
    """A Chromium that runs: the system's, else the one playwright has brought; None without any."""
    return next(filter(_runs, _candidates()), None)


def ensure_installed() -> bool:
    """Whether there is a Chromium now, installed where there was none."""
    if executable() is not None:
        return True
    for way in (_by_apt, _by_playwright):
        way()
        executable.cache_clear()
        if executable() is not None:
            return True
    return False


def _candidates() -> Iterator[Path]:
    found = (shutil.which(name) for name in _NAMES)
    yield from (Path(path) for path in found if path is not None)
    with sync_playwright() as playwright:
        yield Path(playwright.chromium.executable_path)


def _runs(path: Path) -> bool:
    """Ubuntu's package is a stub where snaps do not run: what counts is that it answers."""
    return path.is_file() and _succeeds([path, "--version"], seconds=_ASK_SECONDS, quiet=True)


def _by_apt() -> None:
    if shutil.which("apt-get") is None:
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and shutil.which("sudo") is None:
        return
    sys.stderr.write("Installing Chromium with apt-get …\n")
    for words in _PACKAGES:
        _succeeds([*as_root, "apt-get", *words], seconds=_INSTALL_SECONDS)


def _by_playwright() -> None:
    sys.stderr.write("Installing Chromium with playwright …\n")
    system = ["--with-deps"] if os.geteuid() == 0 else []
    words = [sys.executable, "-m", "playwright", "install", *system, "chromium"]
    _succeeds(words, seconds=_INSTALL_SECONDS)


def _succeeds(words: Sequence[str | Path], *, seconds: float, quiet: bool = False) -> bool:
    try:
        ran = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if quiet else None,
            timeout=seconds,
            check=False,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.returncode == 0


if __name__ == "__main__":
    if not ensure_installed():
        sys.exit(_NOT_TO_BE_HAD.format(names=", ".join(_NAMES)))
