"""Finding a charger, and everything about one."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query

from emsp_adapter.charging import commands
from emsp_adapter.driver_api.answers import LocationDetails, LocationPage
from emsp_adapter.driver_api.door import At, DriverRoute, Finder
from emsp_adapter.driver_api.paging import page, position
from emsp_adapter.driver_api.wanted import WantedPlaces, box_of, filters_of, near_of
from emsp_adapter.money.price_texts import language_of
from emsp_adapter.network import details, summaries, views
from emsp_adapter.network.audience import is_connected, is_shown
from emsp_adapter.network.descriptions import words
from emsp_adapter.network.details import Reach
from emsp_adapter.network.places import UnknownPlace, parse_key
from emsp_adapter.store import evses, locations, search
from emsp_adapter.store.filters import Filters
from emsp_adapter.store.search import After, Circle, Place
from ocpi_hub.node.engine import Hot
from ocpi_hub.node.rest.bodies import Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=DriverRoute, tags=["locations"])

_Language = Annotated[str | None, Header(alias="Accept-Language", max_length=200)]
_Key = Annotated[str, Path(max_length=100, examples=["NL*CPO*LOC1"])]


@router.get("/locations", response_model=LocationPage)
async def find_locations(
    office: At, asker: Finder, wanted: Annotated[WantedPlaces, Query()]
) -> Json:
    """Places to charge: the nearest first where `near` or `bbox` says from where."""
    after = _after(wanted.cursor)
    async with office.db.hot() as conn:
        filters = await filters_of(conn, office, wanted)
        found = await _found(conn, wanted, filters, after)
        near = None if wanted.near is None else near_of(wanted.near)
        view = await summaries.looking(conn, office, asker.driver_id, near=near)
    return page(
        "locations",
        found,
        limit=wanted.limit,
        key=lambda place: (repr(place.away), place.owner, place.location_id),
        shown=lambda place: summaries.summary(place, view),
    )


@router.get("/locations/{location:path}", response_model=LocationDetails)
async def show_location(
    location: _Key, office: At, asker: Finder, accept_language: _Language = None
) -> Json:
    """Everything about one place, with how far its status can be relied on."""
    party, location_id = parse_key(location)
    async with office.db.hot() as conn:
        found = await search.of(conn, [(party.key, location_id.lower())])
        document = await locations.find(conn, party, location_id)
        listed = await evses.of_location(conn, party, location_id)
        view = await summaries.looking(conn, office, asker.driver_id)
    if not found or document is None or not _visible(found[0], is_shown(office.side.peers, party)):
        raise UnknownPlace(f"location: {location[:50]!r} is not known")
    more = details.details(
        document,
        listed,
        reach=Reach(
            connected=is_connected(office.side.peers, party),
            commands=commands.is_reachable(office, party),
        ),
        at=view.at,
        language=language_of(accept_language),
    )
    return Json({**summaries.summary(found[0], view), **more})


def _visible(place: Place, shown: bool) -> bool:
    return shown and place.published


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
        return await search.by_key(conn, filters, limit=wanted.limit, after=after)
    return await search.nearest(
        conn, looked, filters, limit=wanted.limit, circle=circle, after=after
    )


def _after(cursor: str | None) -> After | None:
    parts: Any = position(cursor, str, str, str)
    if parts is None:
        return None
    try:
        away = float(parts[0])
    except ValueError:
        away = math.nan
    if not math.isfinite(away):
        raise Problem(422, "cursor: expected the `next` of an earlier page", field="cursor")
    return away, parts[1], parts[2]
