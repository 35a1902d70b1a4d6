"""The shapes of requests and answers that the routes of the operator API share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Path, Query, Request
from pydantic import Field

from cpo_adapter.operator_api.office import office_of
from ocpi_hub.node.rest.bodies import PLAIN, Json, Moment
from ocpi_hub.node.rest.bodies import Number as Exact

_MOST_ID = 2**63 - 1

T = TypeVar("T")


Kwh = Annotated[Exact, Field(ge=0, le=1_000_000, decimal_places=6)]
Wh = Annotated[Exact, Field(ge=0, le=1_000_000_000_000, decimal_places=6)]
Text = Annotated[str, Field(min_length=1, max_length=255), PLAIN]
StationId = Annotated[str, Path(max_length=48), PLAIN]
Id = Annotated[str, Path(max_length=100), PLAIN]
Number = Annotated[int, Path(ge=1, le=_MOST_ID)]
Filter = Annotated[Annotated[str, Field(max_length=255), PLAIN] | None, Query()]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]
Before = Annotated[int | None, Query(ge=1, le=_MOST_ID, description="Go on from this id.")]
After = Annotated[
    Annotated[str, Field(max_length=100), PLAIN] | None, Query(description="Go on from it.")
]
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
