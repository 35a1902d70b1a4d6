"""How every command speaks: one JSON document on stdout with --json, all else for people.

Exit codes are the same for all commands and listed in docs/cli.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any

from rich.console import Console
from rich.table import Table

from ocpi_hub.protocol.jsontext import dumps

# What a terminal would obey instead of showing it; names and messages come from partners.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Exit(IntEnum):
    """Exit codes; 2 is typer's for a wrong command line."""

    DONE = 0
    REFUSED = 1  # refused or failed: unknown name, 3001 to 3003, a broken partner
    BAD_INPUT = 64  # an argument or a file that cannot be used
    UNAVAILABLE = 69  # something that has to run does not
    RUNNING = 75  # it runs already
    SETTING = 78  # a setting that cannot be used


class CommandError(Exception):
    """A command cannot do what it was asked to; its text is one sentence."""

    def __init__(
        self, sentence: str, *, code: Exit = Exit.REFUSED, status_code: int | None = None
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.status_code = status_code


def say(sentence: str) -> None:
    """One line for people, on stderr."""
    _people().print(_plain(sentence), soft_wrap=True)


def print_line(text: str) -> None:
    """One line for people on stdout, as long as it is."""
    sys.stdout.write(f"{_visible(text)}\n")


def complain(error: CommandError, *, json: bool) -> None:
    """Say what went wrong on stderr, and with --json on stdout too."""
    _people().print(f"[red]error:[/red] {_plain(str(error))}", soft_wrap=True)
    if json:
        document_error(str(error), status_code=error.status_code)


def document_error(message: str, *, status_code: int | None = None) -> None:
    """What went wrong, as the command's JSON document; the code is that of OCPI."""
    document({"error": {"status_code": status_code, "message": message}})


def answer(value: Any, *, json: bool, show: Callable[[], None]) -> None:
    """The result of a command: the document with --json, else what `show` prints for people."""
    if json:
        document(value)
    else:
        show()


def document(value: Any) -> None:
    """The command's JSON document on stdout."""
    sys.stdout.buffer.write(dumps(value) + b"\n")
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Rows for people on stdout, or a sentence where there are none."""
    listed = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not listed:
        say(empty)
        return
    shown = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in listed:
        shown.add_row(*(_plain(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(shown)


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values for people on stdout, one pair a line; None is left out."""
    console = Console(highlight=False)
    known = [(name, value) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        console.print(
            f"[bold]{_plain(name.ljust(width))}[/bold]  {_plain(str(value))}", soft_wrap=True
        )


def _people() -> Console:
    # Made anew, so that it writes to what stderr is now.
    return Console(stderr=True, highlight=False)


def _plain(text: str) -> str:
    """Without rich's markup, for the same reason."""
    return _visible(text).replace("[", r"\[")


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)
