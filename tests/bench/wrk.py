"""Load by wrk, a compiled generator that costs next to nothing beside what it measures."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
_MEDIAN = re.compile(r"^\s*50%\s+([\d.]+)(us|ms|s)$", re.MULTILINE)
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
_FAULTS = re.compile(r"^\s*(Non-2xx or 3xx responses: .*|Socket errors: .*)$", re.MULTILINE)
_INSTALL = (("apt-get", "update", "-qq"), ("apt-get", "install", "-y", "-qq", "wrk"))


class LoadFailed(Exception):
    """The load did not get the answers it should."""


def ensure_installed() -> None:
    """Installs wrk where that can be done, else says what to install and ends the run."""
    if shutil.which("wrk") is not None:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SystemExit("wrk is missing: install it, on Debian with `apt-get install wrk`")
    for command in _INSTALL:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


async def rate(
    url: str,
    script: str,
    *arguments: object,
    connections: int,
    seconds: int,
    headers: Mapping[str, str],
) -> float:
    """Requests per second; LoadFailed when an answer was not a 2xx."""
    output = await _output(
        url, script, *arguments, connections=connections, seconds=seconds, headers=headers
    )
    return float(_found(_RATE, output)[1])


async def median_ms(
    url: str,
    script: str,
    *arguments: object,
    connections: int,
    seconds: int,
    headers: Mapping[str, str],
) -> float:
    """Half of the answers took no more milliseconds; LoadFailed when one was not a 2xx."""
    output = await _output(
        url, script, *arguments, connections=connections, seconds=seconds, headers=headers
    )
    found = _found(_MEDIAN, output)
    return float(found[1]) * _MILLISECONDS[found[2]]


async def _output(
    url: str,
    script: str,
    *arguments: object,
    connections: int,
    seconds: int,
    headers: Mapping[str, str],
) -> str:
    """What wrk says of a load: each connection asks again as soon as it is answered."""
    process = await asyncio.create_subprocess_exec(
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        "-s",
        str(Path(__file__).with_name(script)),
        *(f"-H{name}: {value}" for name, value in headers.items()),
        url,
        "--",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    faults = _FAULTS.search(output)
    if faults is not None:
        raise LoadFailed(faults[1])
    return output


def _found(pattern: re.Pattern[str], output: str) -> re.Match[str]:
    found = pattern.search(output)
    if found is None:
        raise LoadFailed(output)
    return found
