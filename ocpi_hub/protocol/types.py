"""The types that OCPI's tables are written in, as annotations that check themselves.

Source: 2.2.1 types; terminology, Cardinality. A DateTime stays the text it came as, so that what is
stored and passed on is what was sent; `parse_datetime` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    PlainValidator,
    Strict,
    StringConstraints,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

T = TypeVar("T")

# CDRs, CDR object: what two parties may agree on for a start or end that nobody knows.
_UNKNOWN_MOMENT = "1970-1-1T00:00:00Z"

_MAX_FINDINGS = 20


class OcpiObject(BaseModel):
    """What every class of OCPI has in common: fields it does not know are kept (ROB-03)."""

    model_config = ConfigDict(extra="allow")


# Cardinality: `*` may be null, empty or absent, `+` holds at least one. The first bad entry ends
# the check, or a body of a million of them would become a million errors.
Many: TypeAlias = Annotated[list[T] | None, FailFast()]
Some: TypeAlias = Annotated[list[T], FailFast(), Field(min_length=1)]


_CI = r"^[ -~]*$"
_PRINTABLE = r"^\P{Cc}*$"
_LETTERS_2 = r"^[A-Za-z]{2}$"
_LETTERS_3 = r"^([A-Za-z]{3}|#NA)$"
_PARTY_ID = r"^[A-Za-z0-9]{3}$"
_TOKEN = r"^[!-~]+$"
_URL = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#\p{Cc}]+([/?#][^\s\p{Cc}]*)?$"
_LATITUDE = r"^-?[0-9]{1,2}\.[0-9]{5,7}$"
_LONGITUDE = r"^-?[0-9]{1,3}\.[0-9]{5,7}$"
_TIME = r"^([0-1][0-9]|2[0-3]):[0-5][0-9]$"
_DATE = r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

# What each pattern expects, for the message of a refusal.
EXPECTED = {
    _CI: "printable ASCII characters",
    _PRINTABLE: "a string without control characters",
    _LETTERS_2: "two letters",
    _LETTERS_3: "three letters",
    _PARTY_ID: "three letters or digits",
    _TOKEN: "printable ASCII characters without white space",
    _URL: "an absolute http or https URL",
    _LATITUDE: "degrees with 5 to 7 decimals such as '51.047599'",
    _LONGITUDE: "degrees with 5 to 7 decimals such as '3.729944'",
    _TIME: "a time such as '18:15'",
    _DATE: "a date such as '2026-01-31'",
}


def _ci(most: int, *, least: int | None = None) -> StringConstraints:
    return StringConstraints(pattern=_CI, max_length=most, min_length=least)


def _printable(most: int) -> StringConstraints:
    return StringConstraints(pattern=_PRINTABLE, max_length=most)


CiString4 = Annotated[str, _ci(4)]
CiString32 = Annotated[str, _ci(32)]
CiString36 = Annotated[str, _ci(36)]
CiString39 = Annotated[str, _ci(39)]
CiString48 = Annotated[str, _ci(48)]

# An id stands in URLs and keys, so it is never empty.
Id = Annotated[str, _ci(36, least=1)]
CdrId = Annotated[str, _ci(39, least=1)]
CountryCode = Annotated[str, StringConstraints(pattern=_LETTERS_2, max_length=2)]
PartyId = Annotated[str, StringConstraints(pattern=_PARTY_ID, max_length=3)]

String4 = Annotated[str, _printable(4)]
String10 = Annotated[str, _printable(10)]
String16 = Annotated[str, _printable(16)]
String45 = Annotated[str, _printable(45)]
String64 = Annotated[str, _printable(64)]
String100 = Annotated[str, _printable(100)]
String255 = Annotated[str, _printable(255)]
String512 = Annotated[str, _printable(512)]
String5000 = Annotated[str, _printable(5000)]

# ISO 3166-1 alpha-3, ISO 4217 and ISO 639-1 (TYP-20), by their form.
Country = Annotated[str, StringConstraints(pattern=_LETTERS_3, max_length=3)]
Currency = Annotated[str, StringConstraints(pattern=_LETTERS_3, max_length=3)]
Language = Annotated[str, StringConstraints(pattern=_LETTERS_2, max_length=2)]

CredentialsToken = Annotated[str, StringConstraints(pattern=_TOKEN, max_length=64)]
Url = Annotated[str, StringConstraints(pattern=_URL, max_length=255)]
TimeOfDay = Annotated[str, StringConstraints(pattern=_TIME, max_length=5)]
Date = Annotated[str, StringConstraints(pattern=_DATE, max_length=10)]
# The lengths in the text are one short of what its own regular expressions allow (TYP-22).
Latitude = Annotated[str, StringConstraints(pattern=_LATITUDE)]
Longitude = Annotated[str, StringConstraints(pattern=_LONGITUDE)]

Boolean = Annotated[bool, Strict()]


def null_means(default: bool) -> BeforeValidator:
    """Cardinality: null in place of a value that has a default is that default."""
    return BeforeValidator(lambda value: default if value is None else value)


def _number(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise PydanticCustomError("number_type", "expected a number")


def _one_decimal(value: Decimal) -> Decimal:
    if 10 % value.as_integer_ratio()[1]:
        raise PydanticCustomError(
            "decimals", "{value} has more than one decimal", {"value": str(value)}
        )
    return value


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value.as_integer_ratio()[1] == 1:
        return int(value)
    raise PydanticCustomError("int_type", "expected an integer")


Number = Annotated[Decimal, PlainValidator(_number, json_schema_input_type=float)]
# Charging profiles: limits and the minimal rate have at most one decimal (TYP-11).
Rate = Annotated[Number, AfterValidator(_one_decimal)]
Int = Annotated[int, PlainValidator(_integer, json_schema_input_type=int)]
Int5 = Annotated[Int, Field(ge=0, le=99_999)]
Weekday = Annotated[Int, Field(ge=1, le=7)]


_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,18})?(?:Z|[+-]00:00)?", re.ASCII)


def parse_datetime(text: str) -> datetime:
    """The aware UTC moment of an OCPI DateTime; ValueError when it is not one.

    Taken are also `+00:00` and long fractions, which partners send (TYP-08).
    """
    if text == _UNKNOWN_MOMENT:
        return datetime(1970, 1, 1, tzinfo=UTC)
    if not _DATETIME.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a DateTime such as '2026-01-31T12:00:00Z'")
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def format_datetime(moment: datetime) -> str:
    """An aware moment as an OCPI DateTime in UTC, cut to milliseconds (TYP-07)."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _moment(value: object) -> str:
    if value == _UNKNOWN_MOMENT:
        raise _no_moment(_UNKNOWN_MOMENT)
    return _known_or_not(value)


def _known_or_not(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "expected a string")
    try:
        parse_datetime(value)
    except ValueError:
        raise _no_moment(value) from None
    return value


def _no_moment(value: str) -> PydanticCustomError:
    return PydanticCustomError(
        "moment",
        "expected a UTC DateTime such as '2026-01-31T12:00:00Z', got {value}",
        {"value": ascii(value[:40])},
    )


DateTime = Annotated[str, PlainValidator(_moment, json_schema_input_type=datetime)]
DateTimeOrUnknown = Annotated[str, PlainValidator(_known_or_not, json_schema_input_type=datetime)]


def open_to_newer(enum: type[StrEnum]) -> PlainValidator:
    """A check for an enum that 2.3.0 opened: a value that 2.2.1 lacks is kept, and remarked on.

    The remark goes to the list that is the context of the validation.
    """
    known = {member.value: member for member in enum}

    def check(value: object, info: ValidationInfo) -> str:
        if not isinstance(value, str):
            raise PydanticCustomError("string_type", "expected a string")
        if value in known:
            return known[value]
        if not 1 <= len(value) <= 255 or not (value.isascii() and value.isprintable()):
            raise PydanticCustomError("name", "expected a {enum}", {"enum": enum.__name__})
        if isinstance(info.context, list) and len(info.context) < _MAX_FINDINGS:
            info.context.append(
                f"{info.field_name}: {value[:40]!r} is not a value of {enum.__name__} in 2.2.1"
            )
        return value

    return PlainValidator(check, json_schema_input_type=str)


def broken_rule(field: str, why: str) -> PydanticCustomError:
    """The error of a rule that looks at more than one field; `field` is the one to correct."""
    return PydanticCustomError("rule", "{why}", {"field": field, "why": why})


def repeated(ids: Iterable[str]) -> str | None:
    """The first id that is there twice, compared without regard to case."""
    seen: set[str] = set()
    for each in ids:
        key = each.lower()
        if key in seen:
            return each
        seen.add(key)
    return None


def kind_of(value: object) -> str:
    """What JSON calls a value: "a string", "an object", "null"."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | Decimal():
            return "a number"
        case str():
            return "a string"
        case dict():
            return "an object"
        case _:
            return "an array"
