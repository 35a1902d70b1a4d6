"""JSON as OCPI needs it: exact decimals, and no text that two readers could read differently.

Refused with 2001 are duplicate keys, NUL and lone surrogates (Postgres cannot keep them), numbers
too large to be one and nesting beyond any object of OCPI; what is no JSON at all is HTTP 400.
Of a list that is pulled each object is held to that by itself: `load_parts`, then `fit`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, NoReturn

from ocpi_hub.protocol.errors import InvalidParameters, NotJson
from ocpi_hub.protocol.types import format_datetime, kind_of

# JSONB refuses 1e131072 and turns 1e131071 into 131 kB.
_MAX_DIGITS = 30
_MAX_EXPONENT = 12
_MAX_DEPTH = 64

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def loads(body: bytes) -> Any:
    """The value of a JSON text; InvalidParameters or NotJson says what is wrong with it."""
    value, doubtful = _read(body)
    if body.count(b"[") + body.count(b"{") > _MAX_DEPTH:
        _check_depth(value)
    if doubtful:
        _check_values(value)
    return value


def load_parts(body: bytes) -> Any:
    """The value of a JSON text, no part of which may be used before it is `fit`; NotJson."""
    value, _ = _read(body)
    return value


def fit(value: Any) -> Any:
    """A part of what `load_parts` gave; InvalidParameters says why it is not to be used."""
    _check_depth(value)
    _check_values(value)
    return value


def load_object(body: bytes) -> dict[str, Any]:
    """The object of a JSON text; InvalidParameters when it is something else."""
    value = loads(body)
    if not isinstance(value, dict):
        raise InvalidParameters(f"body: expected an object, got {kind_of(value)}")
    return value


def dumps(value: object) -> bytes:
    """Compact UTF-8 JSON; a Decimal keeps its digits, a datetime becomes an OCPI DateTime."""
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts).encode()


def same(a: object, b: object) -> bool:
    """Whether two values are equal JSON: 1.5 is 1.50, true is not 1, key order means nothing."""
    if isinstance(a, dict):
        return (
            isinstance(b, dict)
            and a.keys() == b.keys()
            and all(same(value, b[key]) for key, value in a.items())
        )
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return a == b


def _read(body: bytes) -> tuple[Any, bool]:
    """The value of a JSON text, and whether something in it may not be fit to keep."""
    text = _text(body)
    try:
        return _decoded(text, _DECODER), b"\\u" in body
    except _Unfit:
        # Read once more, with what is not fit in its place, to say which field it is in.
        return _decoded(text, _FINDER), True


def _text(body: bytes) -> str:
    if not body.strip():
        raise NotJson("the body is empty, expected JSON")
    try:
        return body.removeprefix(_BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        raise NotJson(f"the body is not UTF-8: {error.reason} at byte {error.start}") from None


def _decoded(text: str, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(
            f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        raise _too_deep() from None


class _Unfit(Exception):
    """A number that is too large to be one, or an object that has a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(key for key, _ in pairs)
        twice = next(key for key, count in times.items() if count > 1)
        raise _Unfit(f"{_quoted(twice)}: the key is there twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        _check_size(text)
    return int(text)


def _decimal(text: str) -> Decimal:
    mantissa, _, exponent = text.lower().partition("e")
    _check_size(mantissa)
    if exponent and (len(exponent) > 4 or abs(int(exponent)) > _MAX_EXPONENT):
        raise _Unfit(f"the number {text[:40]} has an exponent beyond {_MAX_EXPONENT}")
    return Decimal(text)


def _check_size(mantissa: str) -> None:
    if len(mantissa.replace(".", "").lstrip("-")) > _MAX_DIGITS:
        raise _Unfit(f"the number {mantissa[:40]} has more than {_MAX_DIGITS} digits")


def _constant(name: str) -> NoReturn:
    raise NotJson(f"the body is not JSON: {name} is not a number of JSON")


def _kept(read: Callable[[Any], object]) -> Callable[[Any], object]:
    """The same reader, with what is not fit as a value instead of an exception."""

    def reader(found: Any) -> object:
        try:
            return read(found)
        except _Unfit as unfit:
            return unfit

    return reader


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_decimal,
    parse_constant=_constant,
)
_FINDER = json.JSONDecoder(
    object_pairs_hook=_kept(_object),
    parse_int=_kept(_integer),
    parse_float=_kept(_decimal),
    parse_constant=_constant,
)


def _check_depth(value: object) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _too_deep()


def _check_values(value: object, place: tuple[str, ...] = ()) -> None:
    """InvalidParameters, naming the field but not what is in it, for what cannot be kept."""
    match value:
        case str() if found := _UNSTORABLE.search(value):
            what = "NUL" if found.group() == "\x00" else "a lone surrogate"
            point = f"U+{ord(found.group()):04X}"
            raise InvalidParameters(f"{_named(place)}: {what} ({point}) cannot be kept")
        case _Unfit():
            raise InvalidParameters(f"{_named(place)}: {value}")
        case dict():
            for key, child in value.items():
                _check_values(key, place)
                _check_values(child, (*place, key))
        case list():
            for index, child in enumerate(value):
                _check_values(child, (*place, str(index)))


def _named(place: tuple[str, ...]) -> str:
    return ".".join(step[:40] for step in place) or "body"


def _too_deep() -> InvalidParameters:
    return InvalidParameters(f"the body is nested deeper than {_MAX_DEPTH} levels")


def _quoted(text: str) -> str:
    return ascii(text[:40])


def _write(value: object, write: Callable[[str], object]) -> None:
    match value:
        case str():
            write(encode_basestring(value))
        case None:
            write("null")
        case bool():
            write("true" if value else "false")
        case int():
            write(int.__repr__(value))
        case Decimal() if value.is_finite():
            write(str(value))
        case datetime():
            write(encode_basestring(format_datetime(value)))
        case dict():
            _write_object(value, write)
        case list() | tuple():
            _write_array(value, write)
        case _:
            raise TypeError(f"{value!r} cannot be written as JSON without loss")


def _write_object(value: dict[str, object], write: Callable[[str], object]) -> None:
    before = "{"
    for key, child in value.items():
        write(f"{before}{encode_basestring(key)}:")
        _write(child, write)
        before = ","
    write("}" if value else "{}")


def _write_array(value: list[object] | tuple[object, ...], write: Callable[[str], object]) -> None:
    before = "["
    for child in value:
        write(before)
        _write(child, write)
        before = ","
    write("]" if value else "[]")
