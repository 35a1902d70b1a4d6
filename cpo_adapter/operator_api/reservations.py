"""Reservations and charging profiles, as partners have asked for them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from cpo_adapter.operator_api.office import At, OperatorRoute, Reader, Worker
from cpo_adapter.operator_api.shapes import Before, Filter, Limit, page
from cpo_adapter.store import charging_profiles, reservations
from cpo_adapter.store.reservations import Reservation
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["reservations and profiles"])

_MOST_NUMBER = 2**31 - 1


@router.get("/reservations")
async def list_reservations(
    request: Request,
    office: At,
    operator: Reader,
    station: Filter = None,
    after: Annotated[int | None, Query(ge=1, le=_MOST_NUMBER)] = None,
    limit: Limit = 100,
) -> Json:
    """Reservations of a station or all, the newest first; `id` is the number the station knows."""
    async with office.db.hot() as conn:
        found = await reservations.listed(conn, station_id=station, after=after, limit=limit)
    return page(request, found, limit=limit, cursor="after", key=lambda each: each.id, shown=_shown)


@router.delete("/reservations/{number}")
async def cancel_reservation(
    number: Annotated[int, Path(ge=1, le=_MOST_NUMBER)], office: At, operator: Worker
) -> Json:
    """Ends a reservation: its partner hears CANCELED_RESERVATION, and the station lets go of it."""
    ended = await office.reservations.take_back(number)
    if ended is None:
        raise Problem(404, f"there is no open reservation {number}")
    async with office.db.hot() as conn:
        await audit.record(conn, operator.name, action="reservation cancel", subject=str(number))
    return Json({"id": number, "status": "cancelled"})


@router.get("/charging-profiles")
async def list_profiles(
    request: Request,
    office: At,
    operator: Reader,
    station: Filter = None,
    before: Before = None,
    limit: Limit = 100,
) -> Json:
    """Charging profiles of sessions, the newest sessions' first."""
    async with office.db.hot() as conn:
        found = await charging_profiles.listed(conn, station_id=station, before=before, limit=limit)
    return page(
        request,
        found,
        limit=limit,
        cursor="before",
        key=lambda each: each.profile_id,
        shown=asdict,
    )


def _shown(found: Reservation) -> dict[str, Any]:
    return {
        "id": found.id,
        "reservation_id": found.reservation_id,
        "station_id": found.station_id,
        "evse": found.evse,
        "connector": found.connector,
        "location_id": found.location_id,
        "evse_uid": found.evse_uid,
        "id_tag": found.id_tag,
        "owner": found.owner,
        "status": found.state,
        "started_at": found.started_at,
        "expires_at": found.expires_at,
        "ended_at": found.ended_at,
        "session_id": found.transaction_id,
    }
