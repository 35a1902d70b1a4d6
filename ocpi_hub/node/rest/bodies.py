"""JSON as an API takes and gives it: exact decimals, nothing unknown, moments within reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

from ocpi_hub.protocol.jsontext import dumps

# Postgres keeps no NUL, and no id has control characters.
PLAIN = r"^[^\x00-\x1f\x7f]+$"

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


def _reasonable(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"expected a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_reasonable)]
