"""A calendar month, in UTC: both parties of a settlement have the same one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from ocpi_hub.protocol.errors import InvalidParameters

_FORM = re.compile(r"([1-9]\d{3})-(0[1-9]|1[0-2])")


class Month(NamedTuple):
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """From `2026-10`."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise InvalidParameters(f"month: expected one such as 2026-10, got {text[:40]!r}")
        return cls(int(found[1]), int(found[2]))

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        if self.month == 12:
            return datetime(self.year + 1, 1, 1, tzinfo=UTC)
        return datetime(self.year, self.month + 1, 1, tzinfo=UTC)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"
