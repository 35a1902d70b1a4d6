"""The hub at work, with real protocols on both sides: `python -m ocpi_hub.demo [--seconds N]`.

Without --seconds it goes on until Ctrl-C. With it, everything is brought to its end after that
time and compared; the exit code is 1 when anything differs or an error was logged, 69 when it
could not be played, 130 when Ctrl-C came first.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape

from ocpi_hub.demo.compare import Row
from ocpi_hub.demo.outing import Outing
from ocpi_hub.demo.processes import DemoError
from ocpi_hub.demo.reckoning import reckon
from ocpi_hub.demo.stage import Cast, Stage, standing
from ocpi_hub.demo.view import Moment, View, addresses, difference_lines, result_table
from ocpi_hub.service import lifecycle
from ocpi_hub.service.address import AddressGuard
from ocpi_hub.service.http import HttpxTransport, make_client
from ocpi_hub.service.tls import tls_context

_CLEAN: Final = 0
_DIFFERENT: Final = 1
_FAILED: Final = 69
_INTERRUPTED: Final = 130

# How fast the days of the stations pass: for a person, an hour's charging lasts two minutes and a
# half; for a comparison after a few seconds, it lasts fifteen.
_CALM: Final = 24
_BRISK: Final = 240
_SETTLE_SECONDS: Final = 45.0
_LOOK_SECONDS: Final = 0.5
_MOST_ERRORS: Final = 10


def main() -> None:
    """What `make demo` runs."""
    parser = argparse.ArgumentParser(
        prog="make demo",
        description="The hub, a CPO adapter with simulated stations, and an eMSP adapter.",
    )
    parser.add_argument("--seconds", type=_seconds, help="End by itself after so many, and compare")
    given = parser.parse_args()
    sys.exit(lifecycle.run(_play(Console(highlight=False), given.seconds)))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


async def _play(console: Console, seconds: float | None) -> int:
    """The demo, stopped by Ctrl-C wherever it is; its exit code."""
    with lifecycle.stop_signals() as stop:
        acting = asyncio.create_task(_act(console, seconds))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((acting, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not acting.done():
            console.print("Stopping …")
            acting.cancel()
        try:
            return await acting
        except asyncio.CancelledError:
            return _CLEAN if seconds is None else _INTERRUPTED


@contextmanager
def _data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ocpi-demo-") as made:
        folder = Path(made)
        # Where the demo runs as root, the databases run as another user and have to get in.
        folder.chmod(0o711)
        yield folder


async def _act(console: Console, seconds: float | None) -> int:
    logs = Path(tempfile.mkdtemp(prefix="ocpi-demo-logs-"))
    with _data_dir() as data_dir:
        client = make_client(AddressGuard(True), tls_context())
        stage = Stage(data_dir, logs, HttpxTransport(client))
        try:
            console.print("Starting the hub, the CPO adapter with its stations, and the eMSPs …")
            async with standing(stage, speed=_CALM if seconds is None else _BRISK) as cast:
                await _watch(console, cast, seconds)
                rows = await _settled(console, cast)
        except asyncio.CancelledError:
            shutil.rmtree(logs)
            raise
        except DemoError as error:
            console.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
            console.print(f"The logs are in {logs}", soft_wrap=True)
            return _FAILED
        finally:
            await client.aclose()
    return _report(console, rows, stage)


async def _watch(console: Console, cast: Cast, seconds: float | None) -> None:
    """Shows what happens, from when everything is there."""
    await cast.everybody_there()
    for line in addresses(await cast.addresses()):
        console.print(line, soft_wrap=True)
    if seconds is None:
        await _look_on(console, cast, None)
        return
    outing = Outing(cast.provider, random.Random())  # noqa: S311 - chance, not a secret
    driving = asyncio.create_task(outing.run())
    try:
        await _look_on(console, cast, seconds)
        outing.finishing.set()
        await driving
    finally:
        driving.cancel()
        await asyncio.gather(driving, return_exceptions=True)


async def _look_on(console: Console, cast: Cast, seconds: float | None) -> None:
    started = time.monotonic()
    with View(console).open() as view:
        while seconds is None or time.monotonic() - started < seconds:
            cast.look()
            told = await cast.emsp.told()
            view.show(Moment(time.monotonic() - started, seconds, cast.stations, told))
            await asyncio.sleep(_LOOK_SECONDS)


async def _settled(console: Console, cast: Cast) -> list[Row]:
    """The comparison once everything is at its end; what is still on its way is waited for."""
    console.print("Bringing everything to its end and comparing …")
    await cast.finish()
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        rows = await reckon(cast)
        if time.monotonic() > deadline or not any(row.differences for row in rows):
            return rows
        await asyncio.sleep(_LOOK_SECONDS)


def _report(console: Console, rows: Sequence[Row], stage: Stage) -> int:
    console.print(result_table(rows))
    differences = list(difference_lines(rows))
    errors = stage.error_lines()
    for line in differences:
        console.print(f"[red]difference:[/red] {escape(line)}", soft_wrap=True)
    for line in errors[:_MOST_ERRORS]:
        console.print(f"[red]error line:[/red] {escape(line)}", soft_wrap=True)
    if differences or errors:
        console.print(
            f"{sum(len(row.differences) for row in rows)} differences, {len(errors)} error lines; "
            f"the logs are in {stage.logs}",
            soft_wrap=True,
        )
        return _DIFFERENT
    shutil.rmtree(stage.logs)
    console.print("No difference and no error line.")
    return _CLEAN


if __name__ == "__main__":
    main()
