"""The shapes of requests and answers that the routes of the operator API share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Path, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from cpo_adapter.operator_api.office import office_of
from ocpi_hub.protocol.jsontext import dumps

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_MOST_ID = 2**63 - 1

T = TypeVar("T")


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


# Postgres keeps no NUL, and no id has control characters.
_PLAIN = r"^[^\x00-\x1f\x7f]+$"
Moment = Annotated[AwareDatetime, AfterValidator(_reasonable)]
Kwh = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6)]
Wh = Annotated[Decimal, Field(ge=0, le=1_000_000_000_000, decimal_places=6)]
Text = Annotated[str, Field(min_length=1, max_length=255, pattern=_PLAIN)]
StationId = Annotated[str, Path(max_length=48, pattern=_PLAIN)]
Id = Annotated[str, Path(max_length=100, pattern=_PLAIN)]
Number = Annotated[int, Path(ge=1, le=_MOST_ID)]
Filter = Annotated[str | None, Query(max_length=255, pattern=_PLAIN)]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]
Before = Annotated[int | None, Query(ge=1, le=_MOST_ID, description="Go on from this id.")]
After = Annotated[str | None, Query(max_length=100, pattern=_PLAIN, description="Go on from it.")]
When = Annotated[Moment | None, Query(description="With a time zone, as 2026-03-01T00:00:00Z.")]


def page(
    request: Request,
    found: Sequence[T],
    *,
    limit: int,
    cursor: str,
    key: Callable[[T], object],
    shown: Callable[[T], Mapping[str, Any]],
) -> Json:
    """A list, with the URL of the next page in its Link header unless this is the last."""
    headers = {}
    if len(found) == limit:
        query = {**request.query_params, cursor: str(key(found[-1]))}
        public = office_of(request).settings.public_url
        headers["Link"] = f'<{public}{request.url.path}?{urlencode(query)}>; rel="next"'
    return Json([dict(shown(each)) for each in found], headers=headers)
