"""Frames of a station as they went over the wire, without secrets: as history, and live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from cpo_adapter.frames import FrameRecorder
from cpo_adapter.operator_api.office import At, OperatorRoute, Reader, known_station
from cpo_adapter.operator_api.shapes import Before, Filter, Limit, StationId, When, page
from cpo_adapter.store import frames
from ocpi_hub.node.rest.bodies import Json
from ocpi_hub.protocol.jsontext import dumps

router = APIRouter(route_class=OperatorRoute, tags=["stations"])

# A proxy closes what is silent for a minute.
_BEAT_SECONDS = 15.0
_NOT_KEPT = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/stations/{station_id}/frames")
async def list_frames(
    request: Request,
    station_id: StationId,
    office: At,
    operator: Reader,
    action: Filter = None,
    since: When = None,
    before: Before = None,
    limit: Limit = 100,
) -> Json:
    """The frames of a station, the newest first."""
    async with office.db.hot() as conn:
        await known_station(conn, station_id)
        found = await frames.history(
            conn, station_id, action=action, since=since, before=before, limit=limit
        )
    return page(
        request, found, limit=limit, cursor="before", key=lambda each: each.id, shown=asdict
    )


@router.get("/stations/{station_id}/frames/live")
async def watch_frames(station_id: StationId, office: At, operator: Reader) -> StreamingResponse:
    """The frames of a station from now on, as server-sent events called `frame`."""
    async with office.db.hot() as conn:
        await known_station(conn, station_id)
    return StreamingResponse(
        _events(office.frames, station_id), media_type="text/event-stream", headers=_NOT_KEPT
    )


async def _events(recorder: FrameRecorder, station_id: str) -> AsyncIterator[bytes]:
    with recorder.listening(station_id) as listener:
        yield b": listening\n\n"
        while True:
            seen = await listener.some(within=_BEAT_SECONDS)
            for frame in seen:
                yield b"event: frame\ndata: " + dumps(asdict(frame)) + b"\n\n"
            if not seen:
                yield b": still here\n\n"
