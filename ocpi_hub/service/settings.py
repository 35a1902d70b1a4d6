"""Settings from the environment: a frozen model per service, and one sentence for a bad value.

A field with `repr=False` is a secret: its value is never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from textwrap import shorten
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from ocpi_hub.service.refusals import SettingsError

_SHOWN_CHARACTERS = 80

# What pydantic found wrong, as what we would have liked.
_EXPECTED = {
    "bool_parsing": "true or false",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "literal_error": "{expected}",
    "string_too_long": "at most {max_length} characters",
    "value_error": "{error}",
}


class Settings(BaseModel):
    """Frozen settings whose variables are `prefix` and the field's name in capitals."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True
    )

    prefix: ClassVar[str]

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable of a field."""
        return cls.prefix + field.upper()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """The settings, or SettingsError naming the variable; an empty variable is not given."""
        given = {
            field: value
            for field in cls.model_fields
            if (value := environ.get(cls.variable(field), "").strip())
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SettingsError(cls._sentence(error.errors()[0], given)) from None

    @classmethod
    def unknown(cls, environ: Mapping[str, str]) -> list[str]:
        """A sentence for each variable with our prefix that means nothing to us."""
        known = [cls.variable(field) for field in cls.model_fields]
        strange = sorted(name for name in environ if name.startswith(cls.prefix))
        return [_warning(name, known) for name in strange if name not in known]

    def secrets(self) -> list[str]:
        """The values that no log may show."""
        values = (
            getattr(self, name) for name, field in type(self).model_fields.items() if not field.repr
        )
        return [value for value in values if value is not None]

    @classmethod
    def _sentence(cls, error: ErrorDetails, given: dict[str, str]) -> str:
        expected = _expected(error)
        if not error["loc"]:
            return expected
        field = str(error["loc"][0])
        shown = (
            repr(shorten(given[field], _SHOWN_CHARACTERS))
            if cls.model_fields[field].repr
            else "not valid (not shown)"
        )
        return f"{cls.variable(field)} is {shown}: expected {expected}"


def _expected(error: ErrorDetails) -> str:
    context: dict[str, Any] = error.get("ctx", {})
    words = _EXPECTED.get(error["type"])
    return words.format(**context) if words else error["msg"].lower()


def _warning(name: str, known: list[str]) -> str:
    nearest = get_close_matches(name, known, n=1)
    hint = f": did you mean {nearest[0]}?" if nearest else ""
    return f"{name} is not a setting and is ignored{hint}"
