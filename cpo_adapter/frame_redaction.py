"""What of a frame is kept and shown: of tokens and certificates the beginning, of URLs no user.

Keys and passwords are gone before. Texts that the database cannot keep are mended on the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, overload

_HIDDEN = "***"
_SHOWN_OF_TOKEN = 4
_SHOWN_OF_CERTIFICATE = 40
_MAX_DEPTH = 32
_MAX_EXPONENT = 30

# What neither names a driver nor can hold what was not checked when it was read.
_PLAIN = frozenset({"MeterValues", "StatusNotification", "Heartbeat"})
_TOKENS = frozenset({"idtag", "parentidtag", "idtoken", "groupidtoken", "additionalidtoken"})
_CERTIFICATES = frozenset(
    {"csr", "certificate", "certificatechain", "signingcertificate", "exirequest", "exiresponse"}
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_USER = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)


def shown(action: str | None, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload as anybody who operates stations may see it."""
    return payload if action in _PLAIN else _object(payload, _MAX_DEPTH)


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """The text with what the database cannot keep replaced."""
    return None if text is None else _UNSTORABLE.sub("\ufffd", text)


def _object(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    return {storable(name): _member(name.lower(), item, depth) for name, item in value.items()}


def _member(name: str, item: Any, depth: int) -> Any:
    if isinstance(item, str) and name in _TOKENS:
        return _cut(item, _SHOWN_OF_TOKEN, _HIDDEN)
    if isinstance(item, str) and name in _CERTIFICATES:
        return _cut(item, _SHOWN_OF_CERTIFICATE, "…")
    return _any(item, depth - 1)


def _any(value: Any, depth: int) -> Any:
    if depth == 0:
        return "…"
    match value:
        case str():
            return storable(_USER.sub(rf"\1{_HIDDEN}@", value))
        case Mapping():
            return _object(value, depth)
        case list() | tuple():
            return [_any(item, depth - 1) for item in value]
        case Decimal() if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
            return str(value)
        case _:
            return value


def _cut(text: str, length: int, instead: str) -> str:
    return storable(text[:length]) + (instead if len(text) > length else "")
