"""A command: a coroutine run to its end, its refusals turned into one sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from ocpi_hub.node.engine import UNAVAILABLE
from ocpi_hub.node.output import CommandError, Exit, complain, document_error
from ocpi_hub.node.schema import WrongSchema
from ocpi_hub.node.secrets import WrongKey
from ocpi_hub.protocol.errors import InvalidParameters, OcpiError
from ocpi_hub.service import lifecycle
from ocpi_hub.service.refusals import Refusal

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]

T = TypeVar("T")

_DISTRIBUTION = "ocpi-roaming-hub"
# Whether --json is among the words of a command line.
_JSON = f"{__name__}.json"

_Main = Callable[..., Coroutine[Any, Any, None]]
_EXPECTED = (CommandError, Refusal, WrongSchema, WrongKey, OcpiError, *UNAVAILABLE)


class CommandLine(TyperGroup):
    """A program's commands: of a wrong command line with --json, JSON says what is wrong too."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """What is said before the command."""
        json = "--json" in args
        with _documented(json=json):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[_JSON] = json
        return context

    def invoke(self, ctx: Any) -> Any:
        """The command with what is said after it."""
        with _documented(json=ctx.meta[_JSON]):
            return super().invoke(ctx)


@contextmanager
def _documented(*, json: bool) -> Iterator[None]:
    """typer says it to people."""
    try:
        yield
    except TyperException as error:
        if json:
            document_error(error.format_message())
        raise


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
