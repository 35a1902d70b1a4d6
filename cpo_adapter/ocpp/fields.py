"""Fields of a payload that fits its schema, or was made to: what is there is of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

Payload = Mapping[str, Any]

# What Postgres keeps exactly, and what no meter reaches.
_MAX_CHARACTERS = 34
_MAX_EXPONENT = 12
_NOTHING: Payload = {}


def text(payload: Payload, name: str) -> str | None:
    """The text in a field."""
    found: str | None = payload.get(name)
    return found


def integer(payload: Payload, name: str) -> int | None:
    """The whole number in a field, if it has at most 32 bits with its sign, as OCPP's have."""
    found = payload.get(name)
    # A meter may give a fraction where a whole number belongs.
    if not isinstance(found, int) or not -(2**31) <= found < 2**31:
        return None
    return found


def number(payload: Payload, name: str) -> Decimal | None:
    """The number in a field, exact, if it is of a size that can be kept."""
    found = payload.get(name)
    if found is None or isinstance(found, Decimal):
        return found
    return decimal_of(str(found))


def flag(payload: Payload, name: str) -> bool:
    """Whether a field is there and true."""
    return payload.get(name) is True


def child(payload: Payload, name: str) -> Payload:
    """The object in a field; empty when there is none."""
    found: Payload = payload.get(name, _NOTHING)
    return found


def children(payload: Payload, name: str) -> tuple[Payload, ...]:
    """The objects of the list in a field."""
    return tuple(payload.get(name, ()))


def decimal_of(written: str) -> Decimal | None:
    """The number in a text, with a point or a comma; None when it is not one that can be kept."""
    if len(written) > _MAX_CHARACTERS:
        return None
    try:
        value = Decimal(written)
    except InvalidOperation:
        return decimal_of(written.replace(",", ".")) if "," in written else None
    fits = value.is_finite() and -_MAX_EXPONENT <= value.adjusted() <= _MAX_EXPONENT
    return value if fits else None


def moment_of(written: str | None) -> datetime | None:
    """The time in a text, in UTC, which is also assumed where no offset is given."""
    # Without a T it is a date or a number, of which Python would make a time too.
    if written is None or "T" not in written:
        return None
    try:
        read = datetime.fromisoformat(written)
        if read.tzinfo is UTC:
            return read
        offset = read.utcoffset() or timedelta()
        return (read.replace(tzinfo=None) - offset).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def written_moment(moment: datetime) -> str:
    """A time as OCPP writes it, to the millisecond, in UTC."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"


def without_none(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload without the members that have no value."""
    return {name: value for name, value in payload.items() if value is not None}
