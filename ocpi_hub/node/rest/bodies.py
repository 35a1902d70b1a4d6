"""JSON as an API takes and gives it: exact decimals, nothing unknown, moments within reason."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from ocpi_hub.protocol.jsontext import dumps

# Postgres keeps no NUL; the others change the order of what stands beside them, or are not seen.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Persian, Hindi and emojis are not written without them.
_JOINERS = "\u200c\u200d"

_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_WHOLE = re.compile(r"-?[0-9]{1,30}")

_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class Json(Response):
    """JSON with exact decimals and OCPI's DateTimes."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """The text of a value."""
        return dumps(content)


class Given(BaseModel):
    """A body: what it does not know of is refused, so that a slip of the pen is not lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def seen(text: str) -> str:
    """The text without control characters and what else is not seen; line breaks and tabs stay."""
    return "".join(each for each in text if each in "\n\t" or not _is_unseen(each))


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN and character not in _JOINERS


def _plain(text: str) -> str:
    found = next(filter(_is_unseen, text), None)
    if found is not None:
        raise ValueError(f"expected characters that are seen, got U+{ord(found):04X}")
    if not text.strip().strip(_JOINERS):
        raise ValueError("expected some words, got none")
    return text


def _number(value: object) -> object:
    if isinstance(value, str) and _NUMBER.fullmatch(value) is None:
        raise PydanticCustomError("number", "expected a number such as 12.5")
    return value


def _whole(value: object) -> object:
    if isinstance(value, str) and _WHOLE.fullmatch(value) is None:
        raise PydanticCustomError("number", "expected a whole number")
    return value


def _reasonable(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"expected a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment.astimezone(UTC)


# One line of text with nothing in it that is not seen: names, labels, ids.
PLAIN = AfterValidator(_plain)
# Decimal() and int() also take 1_000, +5, blanks around, and digits of other scripts.
Number = Annotated[Decimal, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]
Moment = Annotated[AwareDatetime, AfterValidator(_reasonable)]
