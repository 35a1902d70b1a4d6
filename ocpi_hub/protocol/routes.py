"""From a URL path to the row of the module table it addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from ocpi_hub.protocol.errors import MethodNotAllowed, NotFound, ObjectNotFound
from ocpi_hub.protocol.modules import COMMANDS, VERSION, Kind, Operation
from ocpi_hub.protocol.roles import Interface, Role
from ocpi_hub.protocol.urls import plain

_INTERFACES = {"sender": Interface.SENDER, "receiver": Interface.RECEIVER}
_ANY_ROLE = frozenset(Role)
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
        self._rows: dict[tuple[str | None, str], dict[int, list[Operation]]] = {}
        for row in mounted:
            side = None if row.kind is Kind.CONFIG else row.interface
            by_length = self._rows.setdefault((side, row.module), {})
            by_length.setdefault(len(row.segments), []).append(row)

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
        by_length = self._rows.get((side, module))
        if by_length is None:
            return self._custom_module(side, module, method, rest)
        decoded = [_decode(segment) for segment in rest]
        candidates = [row for row in by_length.get(len(rest), ()) if _fits(row, decoded)]
        if not candidates:
            raise _nothing_there(module, side, decoded)
        for row in candidates:
            if row.method == method:
                return Match(row, _params(row, decoded), "/".join(rest))
        raise _not_allowed(method, sorted({row.method for row in candidates}))

    def _custom_module(
        self, side: Interface | None, module: str, method: str, rest: list[str]
    ) -> Match:
        """A module the table does not know: passed on to the party in OCPI-to, unread."""
        if not self._custom or side is None:
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
    if not plain(segment):
        raise NotFound(f"path segment {segment!r} has to be percent-encoded")
    try:
        decoded = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise NotFound(f"path segment {segment!r} is not UTF-8") from None
    if decoded in (".", "..") or any(not 0x20 <= ord(c) <= 0x7E for c in decoded):
        raise NotFound(f"path segment {segment!r} is not an id")
    return decoded


def _fits(row: Operation, segments: list[str]) -> bool:
    return all(
        wanted.startswith("{") or wanted == given
        for wanted, given in zip(row.segments, segments, strict=True)
    )


def _params(row: Operation, segments: list[str]) -> dict[str, str]:
    return {
        wanted[1:-1]: given
        for wanted, given in zip(row.segments, segments, strict=True)
        if wanted.startswith("{")
    }


def _nothing_there(
    module: str, side: Interface | None, segments: list[str]
) -> NotFound | ObjectNotFound:
    if module == "commands" and side is Interface.RECEIVER and len(segments) == 1:
        return ObjectNotFound(
            f"there is no command {segments[0]!r}, expected one of {', '.join(COMMANDS)}"
        )
    return NotFound(f"there is nothing at {'/'.join(segments)!r} in {module}")
