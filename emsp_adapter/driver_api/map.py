"""The map: single places, and clusters where they are crowded."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request

from emsp_adapter.driver_api.answers import Map
from emsp_adapter.driver_api.door import At, DriverRoute, Finder
from emsp_adapter.driver_api.wanted import WantedMap, box_of, filters_of
from emsp_adapter.network import privacy, summaries, views
from emsp_adapter.network.clusters import Overviews
from emsp_adapter.network.mercator import Box
from emsp_adapter.network.spelling import words
from emsp_adapter.network.summaries import coordinate
from emsp_adapter.office import Office
from emsp_adapter.store import search
from emsp_adapter.store.clusters import Cell
from emsp_adapter.store.filters import Filters
from emsp_adapter.store.search import Place
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import Json

router = APIRouter(route_class=DriverRoute, tags=["locations"])

# This close, places are told apart even where they share a car park.
_CLOSE = 18
_MOST_CLOSE = 200


def _overviews_of(request: Request) -> Overviews:
    return cast("Overviews", request.app.state.overviews)


@router.get("/map", response_model=Map)
async def get_map(
    office: At,
    asker: Finder,
    wanted: Annotated[WantedMap, Query()],
    overviews: Annotated[Overviews, Depends(_overviews_of)],
) -> Json:
    """What there is in a box, to be drawn at a zoom."""
    box = box_of(wanted.bbox)
    async with office.db.hot() as conn:
        filters = await filters_of(conn, office, wanted)
        view = await summaries.looking(conn, office, asker.driver_id)
        found = await _close_by(conn, box, filters) if wanted.zoom >= _CLOSE else None
        private = await _private(conn, box, filters, asker.driver_id)
    cells: list[Cell] = []
    if wanted.text is not None and not words(wanted.text):
        found = []
    if found is None:
        cells = await overviews.cells(office.db, box, wanted.zoom, filters)
        found = await _singles(office, cells)
    return Json(
        {
            "clusters": [_cluster(cell) for cell in cells if cell.locations > 1],
            "locations": [summaries.summary(place, view) for place in (*found, *private)],
        }
    )


async def _close_by(conn: Hot, box: Box, filters: Filters) -> list[Place] | None:
    """Every place in a box, unless those are too many."""
    found = await search.nearest(conn, views.in_box(box, None), filters, limit=_MOST_CLOSE + 1)
    return found if len(found) <= _MOST_CLOSE else None


async def _private(conn: Hot, box: Box, filters: Filters, driver_id: str | None) -> list[Place]:
    """What this driver is shown alone: never crowded, and in no overview that others see."""
    own = await privacy.tokens_of(conn, driver_id)
    if not own:
        return []
    looked = views.in_box(box, None)
    return await search.nearest(conn, looked, replace(filters, tokens=own), limit=_MOST_CLOSE)


async def _singles(office: Office, cells: list[Cell]) -> list[Place]:
    keys = [(cell.owner, cell.location_id) for cell in cells if cell.locations == 1]
    if not keys:
        return []
    async with office.db.hot() as conn:
        return await search.of(conn, keys)


def _cluster(cell: Cell) -> dict[str, Any]:
    corners = (cell.west, cell.south, cell.east, cell.north)
    return {
        "lat": coordinate(cell.lat),
        "lon": coordinate(cell.lon),
        "locations": cell.locations,
        "evses": cell.evses,
        "free": cell.free,
        "bbox": [coordinate(each) for each in corners],
    }
