"""Finding a charger, and everything about one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from emsp_adapter.charging import commands
from emsp_adapter.driver_api.answers import LocationDetails, LocationPage
from emsp_adapter.driver_api.door import At, DriverRoute, Finder
from emsp_adapter.driver_api.language import Language
from emsp_adapter.driver_api.paging import Paging, bad_cursor, question_of
from emsp_adapter.driver_api.wanted import WantedPlaces, box_of, filters_of, near_of
from emsp_adapter.network import chances, details, finding, privacy, summaries, views
from emsp_adapter.network.audience import is_connected
from emsp_adapter.network.details import Reach
from emsp_adapter.network.places import parse_key, unknown
from emsp_adapter.network.spelling import words
from emsp_adapter.network.text_search import everywhere
from emsp_adapter.store import evses, locations, search
from emsp_adapter.store.filters import Filters
from emsp_adapter.store.search import After, Circle, Place
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=DriverRoute, tags=["locations"])

_Key = Annotated[str, Path(max_length=100, examples=["NL*CPO*LOC1"])]


@router.get("/locations", response_model=LocationPage)
async def find_locations(
    request: Request, office: At, asker: Finder, wanted: Annotated[WantedPlaces, Query()]
) -> Json:
    """Places to charge: the nearest first where `near` or `bbox` says from where."""
    pages = Paging(wanted.limit, wanted.cursor, question_of(request))
    after = _after(pages)
    async with office.db.hot() as conn:
        filters = await filters_of(conn, office, wanted)
        found = await _found(conn, wanted, filters, after)
        own = await privacy.tokens_of(conn, asker.driver_id)
        if own:
            found += await _found(conn, wanted, replace(filters, tokens=own), after)
            found = sorted(found, key=lambda place: place.order)[: wanted.limit]
        near = None if wanted.near is None else near_of(wanted.near)
        view = await summaries.looking(conn, office, asker.driver_id, near=near)
    return pages.page(
        "locations",
        found,
        key=lambda place: (repr(place.away), place.owner, place.location_id),
        shown=lambda place: summaries.summary(place, view),
    )


@router.get("/locations/{location:path}", response_model=LocationDetails)
async def get_location(location: _Key, office: At, asker: Finder, language: Language) -> Json:
    """Everything about one place, with how far its status can be relied on."""
    party, location_id = parse_key(location)
    async with office.db.hot() as conn:
        place = await privacy.place(conn, office, location, asker.driver_id)
        document = await locations.find(conn, party, location_id)
        listed = await evses.of_location(conn, party, location_id)
        view = await summaries.looking(conn, office, asker.driver_id)
        use = await chances.use_of(conn, asker.driver_id, party, location_id, now=view.at)
    if document is None:
        raise unknown(location)
    more = details.details(
        document,
        listed,
        reach=Reach(
            connected=is_connected(office.side.peers, party),
            commands=commands.is_reachable(office, party),
        ),
        use=use,
        at=view.at,
        language=language,
    )
    return Json({**summaries.summary(place, view), **more})


async def _found(
    conn: Hot, wanted: WantedPlaces, filters: Filters, after: After | None
) -> list[Place]:
    if wanted.text is not None and not words(wanted.text):
        return []
    near = None if wanted.near is None else near_of(wanted.near)
    if near is None and wanted.radius_m is not None:
        raise Problem(422, "radius_m: expected with near=LAT,LON only", field="radius_m")
    circle = None
    if near is not None and wanted.radius_m is not None:
        circle = Circle(*near, wanted.radius_m)
    if wanted.bbox is not None:
        looked = views.in_box(box_of(wanted.bbox), near)
    elif circle is not None:
        looked = views.in_circle(circle.lat, circle.lon, circle.radius_m)
    elif near is not None:
        looked = views.from_point(*near)
    else:
        return await _anywhere(conn, wanted, filters, after)
    return await search.nearest(
        conn, looked, filters, limit=wanted.limit, circle=circle, after=after
    )


async def _anywhere(
    conn: Hot, wanted: WantedPlaces, filters: Filters, after: After | None
) -> list[Place]:
    """The best matches of a text first, without one by id."""
    if wanted.text is None:
        return await search.by_key(conn, filters, limit=wanted.limit, after=after)
    operator = words(wanted.operator or "")
    others = replace(filters, words=everywhere(operator) if operator else None)
    return await finding.by_words(conn, others, words(wanted.text), limit=wanted.limit, after=after)


def _after(pages: Paging) -> After | None:
    parts = pages.after(str, str, str)
    if parts is None:
        return None
    try:
        away = float(parts[0])
    except ValueError:
        away = math.nan
    if not math.isfinite(away):
        raise bad_cursor()
    return away, parts[1], parts[2]
