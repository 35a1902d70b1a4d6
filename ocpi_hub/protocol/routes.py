"""From a URL path to the row of the module table it addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from ocpi_hub.protocol.errors import MethodNotAllowed, NotFound, ObjectNotFound
from ocpi_hub.protocol.modules import COMMANDS, VERSION, Kind, Operation
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.urls import plain

# A path after the endpoint: ids and, as {name}, parameters.
Path = tuple[str, ...]

_INTERFACES = {"sender": Interface.SENDER, "receiver": Interface.RECEIVER}
_ANY_ROLE = frozenset(Role)
_MODULE = re.compile(r"[A-Za-z0-9_-]{1,40}")
# What nearly all ids are made of: nothing to decode and nothing to refuse.
_PLAIN_ID = re.compile(r"[A-Za-z0-9*_-][A-Za-z0-9*._-]*")
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


@dataclass(frozen=True, slots=True)
class Match:
    """A row, its decoded path parameters, and the path after the endpoint as it came."""

    operation: Operation
    params: dict[str, str]
    tail: str


@dataclass(frozen=True, slots=True)
class VersionsRequest:
    """GET /versions (version None) or GET of one version's details."""

    version: str | None


class Routes:
    """Looks rows up by path; `mounted` are the rows this service serves.

    Functional modules live under /{sender|receiver}/2.2.1/{module}, configuration modules under
    /2.2.1/{module}. `custom` lets modules pass that the table does not know.
    """

    def __init__(self, mounted: Iterable[Operation], *, custom: bool = False) -> None:
        self._custom = custom
        # Of each side and module, the rows of each path by method.
        self._rows: dict[tuple[str | None, str], dict[Path, dict[str, Operation]]] = {}
        for row in mounted:
            side = None if row.kind is Kind.CONFIG else row.interface
            by_path = self._rows.setdefault((side, row.module), {})
            by_path.setdefault(row.segments, {})[row.method] = row

    def match(self, method: str, path: str) -> Match | VersionsRequest:
        """The row for a raw (still encoded) path below /ocpi; NotFound or MethodNotAllowed."""
        match _segments(path):
            case ["versions"]:
                return _only_get(method, None)
            case [version] if version == VERSION:
                return _only_get(method, version)
            case [version, module, *rest] if version == VERSION:
                return self._find(None, module, method, rest)
            case [side, version, module, *rest] if side in _INTERFACES and version == VERSION:
                return self._find(_INTERFACES[side], module, method, rest)
        raise NotFound(f"there is nothing at {path!r}")

    def _find(self, side: Interface | None, module: str, method: str, rest: list[str]) -> Match:
        by_path = self._rows.get((side, module))
        if by_path is None:
            return self._custom_module(side, module, method, rest)
        decoded = [_decode(segment) for segment in rest]
        candidates = [rows for path, rows in by_path.items() if _fits(path, decoded)]
        if not candidates:
            raise _nothing_there(module, side, decoded)
        for rows in candidates:
            if method in rows:
                row = rows[method]
                return Match(row, _params(row.segments, decoded), "/".join(rest))
        raise _not_allowed(method, sorted({each for rows in candidates for each in rows}))

    def _custom_module(
        self, side: Interface | None, module: str, method: str, rest: list[str]
    ) -> Match:
        """A module the table does not know: passed on to the party in OCPI-to, unread."""
        if not self._custom or side is None or not _MODULE.fullmatch(module):
            raise NotFound(f"there is no module {module!r}")
        if method not in _METHODS:
            raise _not_allowed(method, _METHODS)
        for segment in rest:
            _decode(segment)
        row = Operation(module, side, method, "", Kind.CALL, _ANY_ROLE, _ANY_ROLE)
        return Match(row, {}, "/".join(rest))


def _only_get(method: str, version: str | None) -> VersionsRequest:
    if method != "GET":
        raise _not_allowed(method, ["GET"])
    return VersionsRequest(version)


def _not_allowed(method: str, methods: Iterable[str]) -> MethodNotAllowed:
    allowed = ", ".join(methods)
    return MethodNotAllowed(
        f"{method} is not available here, only {allowed}", headers={"Allow": allowed}
    )


def _segments(path: str) -> list[str]:
    """The path cut into segments, with or without its final slash."""
    segments = path.removeprefix("/").removesuffix("/").split("/")
    if "" in segments:
        raise NotFound(f"there is nothing at {path!r}")
    return segments


def for_registration(path: str) -> bool:
    """Whether a path is one of versions or credentials, which an invitation is good for."""
    match _segments(path):
        case ["versions"]:
            return True
        case [version, *rest]:
            return version == VERSION and rest[:1] in ([], ["credentials"])
    return False


def _decode(segment: str) -> str:
    """One decoded segment: an encoded slash belongs to the id and does not split the path."""
    if _PLAIN_ID.fullmatch(segment):
        return segment
    if not plain(segment):
        raise NotFound(f"path segment {segment!r} has to be percent-encoded")
    try:
        decoded = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise NotFound(f"path segment {segment!r} is not UTF-8") from None
    if decoded in (".", "..") or any(not 0x20 <= ord(c) <= 0x7E for c in decoded):
        raise NotFound(f"path segment {segment!r} is not an id")
    return decoded


def _fits(path: Path, segments: list[str]) -> bool:
    if len(path) != len(segments):
        return False
    for wanted, given in zip(path, segments, strict=True):
        if wanted != given and wanted[0] != "{":
            return False
    return True


def _params(path: Path, segments: list[str]) -> dict[str, str]:
    return {
        wanted[1:-1]: given
        for wanted, given in zip(path, segments, strict=True)
        if wanted[0] == "{"
    }


def _nothing_there(
    module: str, side: Interface | None, segments: list[str]
) -> NotFound | ObjectNotFound:
    if module == "commands" and side is Interface.RECEIVER and len(segments) == 1:
        return ObjectNotFound(
            f"there is no command {segments[0]!r}, expected one of {', '.join(COMMANDS)}"
        )
    return NotFound(f"there is nothing at {'/'.join(segments)!r} in {module}")
