"""Where a command writes CSV to: a file or stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, TextIO

import typer

from ocpi_hub.node.output import CommandError, Exit

_STDOUT = "-"

Csv = Annotated[
    str | None, typer.Option(metavar="FILE", help="Write CSV to a file; - is standard output.")
]


@contextmanager
def sheet(name: str) -> Iterator[TextIO]:
    """The file of that name, emptied, or stdout; CommandError says why it cannot be written."""
    if name == _STDOUT:
        yield sys.stdout
        return
    try:
        file = open(name, "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed below
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandError(f"--csv {name}: {reason}", code=Exit.BAD_INPUT) from error
    with file:
        yield file
