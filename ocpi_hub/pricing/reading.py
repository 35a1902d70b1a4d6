"""Reading what partners sent: leniently in what it means, strictly in what is a number.

A mistake is InvalidParameters with the field's path.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.types import kind_of, parse_datetime

# As jsontext caps them: 30 digits and an exponent of 12; a sign and a point come on top.
_MOST_CHARACTERS = 48
_LARGEST_EXPONENT = 42


def number(value: Any, where: str) -> Decimal:
    """An exact number; a float is refused, because it is not what was sent."""
    if isinstance(value, Decimal):
        found = value
    elif isinstance(value, int) and not isinstance(value, bool):
        found = Decimal(value)
    elif value is None:
        raise InvalidParameters(f"{where} missing")
    else:
        raise InvalidParameters(f"{where}: expected a number, got {_kind(value)}")
    if not found.is_finite():
        raise InvalidParameters(f"{where}: expected a number, got {found}")
    if abs(found.adjusted()) > _LARGEST_EXPONENT or len(str(found)) > _MOST_CHARACTERS:
        raise InvalidParameters(f"{where}: expected a number of at most 30 digits")
    return found


def optional_number(value: Any, where: str) -> Decimal | None:
    """A number that may be absent or null."""
    return None if value is None else number(value, where)


def moment(value: Any, where: str) -> datetime:
    """An aware moment in UTC."""
    if value is None:
        raise InvalidParameters(f"{where} missing")
    if not isinstance(value, str):
        raise InvalidParameters(f"{where}: expected a string, got {_kind(value)}")
    try:
        return parse_datetime(value)
    except ValueError as error:
        raise InvalidParameters(f"{where}: {error}") from None


def text(value: Any, where: str) -> str:
    """A string that has to be there."""
    if value is None:
        raise InvalidParameters(f"{where} missing")
    if not isinstance(value, str):
        raise InvalidParameters(f"{where}: expected a string, got {_kind(value)}")
    return value


def optional_text(value: Any, where: str) -> str | None:
    """A string that may be absent or null."""
    return None if value is None else text(value, where)


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """An object that has to be there."""
    # Asking for the abstract Mapping takes ten times as long.
    if isinstance(value, dict):
        return value
    if value is None:
        raise InvalidParameters(f"{where} missing")
    if not isinstance(value, Mapping):
        raise InvalidParameters(f"{where}: expected an object, got {_kind(value)}")
    return value


def listed(value: Any, where: str) -> list[Any]:
    """An array; absent and null are an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidParameters(f"{where}: expected an array, got {_kind(value)}")
    return value


def _kind(value: object) -> str:
    return "a float" if isinstance(value, float) else kind_of(value)
