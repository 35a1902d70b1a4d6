"""A command: a coroutine run to its end, its refusals turned into one sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Any, TypeVar

import typer

from ocpi_hub.node.engine import UNAVAILABLE
from ocpi_hub.node.output import CommandError, Exit, complain
from ocpi_hub.node.schema import WrongSchema
from ocpi_hub.node.secrets import WrongKey
from ocpi_hub.protocol.errors import InvalidParameters, OcpiError
from ocpi_hub.service import lifecycle
from ocpi_hub.service.refusals import Refusal

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]

T = TypeVar("T")

_DISTRIBUTION = "ocpi-roaming-hub"

_Main = Callable[..., Coroutine[Any, Any, None]]
_EXPECTED = (CommandError, Refusal, WrongSchema, WrongKey, OcpiError, *UNAVAILABLE)


def group(about: str) -> typer.Typer:
    """A noun with commands of its own."""
    return typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)


def command(parent: typer.Typer, name: str, *, example: str) -> Callable[[_Main], _Main]:
    """Makes a coroutine a command; its docstring is the help, its `json` parameter says --json."""

    def register(main: _Main) -> _Main:
        @wraps(main)
        def run(*args: Any, **options: Any) -> None:
            try:
                lifecycle.run(main(*args, **options))
            except _EXPECTED as error:
                found = _as_command_error(error)
                complain(found, json=options["json"])
                raise typer.Exit(found.code) from error

        parent.command(name, epilog=f"\b\nExample:\n  {example}")(run)
        return main

    return register


def version_of(program: str) -> Callable[[bool], None]:
    """What --version does."""

    def show(wanted: bool) -> None:
        if wanted:
            typer.echo(f"{program} {version(_DISTRIBUTION)}")
            raise typer.Exit

    return show


def parsed(read: Callable[[str], T], text: str) -> T:
    """An argument as what it stands for, or the reason why it cannot be used."""
    try:
        return read(text)
    except InvalidParameters as error:
        raise CommandError(error.message, code=Exit.BAD_INPUT) from error


def _as_command_error(error: BaseException) -> CommandError:
    match error:
        case CommandError():
            return error
        case Refusal():
            return CommandError(str(error), code=Exit(error.exit_code))
        case OcpiError():
            return CommandError(error.message, status_code=error.status_code)
        case WrongSchema():
            return CommandError(str(error), code=Exit.UNAVAILABLE)
        case WrongKey():
            return CommandError(str(error), code=Exit.SETTING)
        case TimeoutError():
            return CommandError("the database does not answer in time", code=Exit.UNAVAILABLE)
        case _:
            reason = str(error).strip().partition("\n")[0]
            return CommandError(f"the database is not available: {reason}", code=Exit.UNAVAILABLE)
