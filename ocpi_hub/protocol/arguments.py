"""The query parameters that OCPI defines, checked and typed.

Source: 2.2.1 transport and format, Pagination; tokens, Request Parameters; charging profiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.modules import Kind, Operation
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.urls import check_url
from ocpi_hub.protocol.v2_2_1.tokens import TokenType

# Beyond any list: a larger offset is a mistake, and Postgres would refuse it as a bigint.
_MOST = 2**53
_MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a query said; None where it said nothing. `duration` is in seconds.

    `date_from` is inclusive, `date_to` exclusive.
    """

    date_from: datetime | None = None
    date_to: datetime | None = None
    offset: int = 0
    limit: int | None = None
    type: TokenType | None = None
    duration: int | None = None
    response_url: str | None = None
    # Where in the order of arrival the page begins, if a Link of ours said so beside its offset.
    after: int | None = None


NONE = Arguments()


def read(operation: Operation, query: str) -> Arguments:
    """The arguments of an operation; InvalidParameters names the one that is wrong."""
    if not operation.query:
        return NONE
    given = _once(query, operation.query)
    offset = _whole(given, "offset", least=0) or 0
    arguments = Arguments(
        date_from=_moment(given, "date_from"),
        date_to=_moment(given, "date_to"),
        offset=offset,
        limit=_whole(given, "limit", least=1),
        type=_token_type(given),
        duration=_whole(given, "duration", least=1),
        response_url=given.get("response_url"),
        after=_after(given, offset),
    )
    _require(operation, arguments)
    return arguments


def _once(query: str, known: tuple[str, ...]) -> dict[str, str]:
    given: dict[str, str] = {}
    if query.count("&") >= _MOST_FIELDS:
        raise InvalidParameters(f"the query has more than {_MOST_FIELDS} parameters")
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known and name != "after":
            continue
        if name in given:
            raise InvalidParameters(f"{name} given twice in the query")
        given[name] = value
    return given


def _moment(given: dict[str, str], name: str) -> datetime | None:
    if name not in given:
        return None
    # A raw `+00:00` arrives with a space in place of its plus (checklist FAP-06).
    text = given[name].replace(" ", "+") if given[name].count(" ") == 1 else given[name]
    try:
        return parse_datetime(text)
    except ValueError:
        raise InvalidParameters(
            f"{name}: {given[name]!r} is not a DateTime such as 2026-01-31T12:00:00Z"
        ) from None


def _whole(given: dict[str, str], name: str, *, least: int) -> int | None:
    if name not in given:
        return None
    text = given[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= _MOST):
        raise InvalidParameters(f"{name}: {text[:40]!r} is not a whole number from {least}")
    return int(text)


def after(offset: int, created: int) -> str:
    """The hint of a Link of ours, good together with the offset it stands beside."""
    return f"{offset}-{created}"


def _after(given: dict[str, str], offset: int) -> int | None:
    """PAG-13 lets a client lower the offset of our Link by hand: the hint is void then."""
    if "after" not in given:
        return None
    at, dash, created = given["after"].partition("-")
    found = _whole({"after": at}, "after", least=0), _whole({"after": created}, "after", least=0)
    return found[1] if dash and found[0] == offset else None


def _token_type(given: dict[str, str]) -> TokenType | None:
    if "type" not in given:
        return None
    try:
        return TokenType(given["type"])
    except ValueError:
        raise InvalidParameters(
            f"type: {given['type'][:40]!r} is not one of {', '.join(TokenType)}"
        ) from None


def _require(operation: Operation, arguments: Arguments) -> None:
    dates = (arguments.date_from, arguments.date_to)
    if dates[0] and dates[1] and dates[0] > dates[1]:
        raise InvalidParameters("date_to: lies before date_from")
    # 9.2.2.1.1: date_from is required in the list of Sessions, and only there.
    if operation.module == "sessions" and operation.kind is Kind.LIST and dates[0] is None:
        raise InvalidParameters("date_from missing: a list of Sessions needs it")
    if "duration" in operation.query and arguments.duration is None:
        raise InvalidParameters("duration missing: the seconds of the profile that are wanted")
    if "response_url" in operation.query:
        if arguments.response_url is None:
            raise InvalidParameters("response_url missing in the query")
        check_url(arguments.response_url, name="response_url")
