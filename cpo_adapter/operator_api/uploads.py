"""Diagnostics and logs: asked of stations, brought by them, and fetched by operators."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from pydantic import Field

from cpo_adapter.ocpp.calls import GetLog, LogKind
from cpo_adapter.operator_api.asking import asked
from cpo_adapter.operator_api.office import (
    PREFIX,
    At,
    OperatorRoute,
    Reader,
    Worker,
    known_station,
)
from cpo_adapter.operator_api.shapes import Before, Id, Limit, StationId, page
from cpo_adapter.store import uploads as rows
from cpo_adapter.uploads import AlreadyThere, expect
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Given, Json, Moment
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["diagnostics and logs"])
# Stations have no token: what they know is the URL.
drop = APIRouter(tags=["diagnostics and logs"])

_KINDS = {"diagnostics": LogKind.DIAGNOSTICS, "security": LogKind.SECURITY}
_TYPE = "application/octet-stream"


class GivenLog(Given):
    """Which log, of which time, and how often the station tries to bring it."""

    kind: Literal["diagnostics", "security"] = "diagnostics"
    oldest: Moment | None = None
    latest: Moment | None = None
    retries: Annotated[int, Field(ge=0, le=100)] | None = None
    retry_interval: Annotated[int, Field(ge=0, le=86_400)] | None = None


@router.post("/stations/{station_id}/logs", status_code=202)
async def ask_for_log(
    station_id: StationId, office: At, operator: Worker, given: GivenLog | None = None
) -> Json:
    """Has the station upload a log to a URL of ours, which is good for a day and one file."""
    wanted = given or GivenLog()
    async with office.db.hot_transaction() as conn:
        station = await known_station(conn, station_id)
        expected = await expect(conn, station_id, kind=wanted.kind, now=office.now())
        await audit.record(
            conn,
            operator.name,
            action="station log",
            subject=station_id,
            detail={"kind": wanted.kind},
        )
    url = f"{office.settings.public_url}{PREFIX}/uploads/{expected.id}"
    call = GetLog(
        request_id=expected.request_id,
        kind=_KINDS[wanted.kind],
        location=url,
        oldest=wanted.oldest,
        latest=wanted.latest,
        retries=wanted.retries,
        retry_interval=wanted.retry_interval,
    )
    try:
        answer = await asked(office, station, call)
    except Problem:
        async with office.db.hot() as conn:
            await rows.failed(conn, expected.id, now=office.now())
        raise
    name = answer.value if isinstance(answer.value, str) and answer.value else None
    async with office.db.hot() as conn:
        await rows.promised(conn, expected.id, file_name=name)
    shown = {"id": expected.id, "request_id": expected.request_id, "file_name": name, "url": url}
    return Json(shown, status_code=202)


@router.get("/stations/{station_id}/uploads")
async def list_uploads(
    request: Request,
    station_id: StationId,
    office: At,
    operator: Reader,
    before: Before = None,
    limit: Limit = 100,
) -> Json:
    """The files that a station was asked for, the newest first, and what became of them."""
    async with office.db.hot() as conn:
        await known_station(conn, station_id)
        found = await rows.of_station(conn, station_id, before=before, limit=limit)
    return page(
        request,
        found,
        limit=limit,
        cursor="before",
        key=lambda each: each.request_id,
        shown=asdict,
    )


@router.get("/uploads/{upload_id}")
async def download(upload_id: Id, office: At, operator: Reader) -> Response:
    """The file that a station brought."""
    async with office.db.hot() as conn:
        found = await rows.find(conn, upload_id)
        body = await rows.content(conn, upload_id)
    if found is None or body is None:
        raise Problem(404, f"there is no file {upload_id!r}, or it has not come yet")
    name = quote(found.file_name or f"{found.station_id}-{found.request_id}", safe="")
    # Never shown in a browser: a station's file is nobody's page.
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type=_TYPE, headers=headers)


@drop.post("/uploads/{upload_id}", status_code=201, operation_id="post_file")
@drop.put("/uploads/{upload_id}", status_code=201, operation_id="put_file")
async def bring(upload_id: Id, request: Request, office: At) -> Json:
    """Takes the file of a station."""
    return await _taken(office, upload_id, request, file_name=None)


@drop.post("/uploads/{upload_id}/{file_name}", status_code=201, operation_id="post_named_file")
@drop.put("/uploads/{upload_id}/{file_name}", status_code=201, operation_id="put_named_file")
async def bring_named(upload_id: Id, file_name: Id, request: Request, office: At) -> Json:
    """Takes the file of a station that puts its name at the end of the URL."""
    return await _taken(office, upload_id, request, file_name=file_name)


async def _taken(office: At, upload_id: str, request: Request, *, file_name: str | None) -> Json:
    try:
        size = await office.drop.take(upload_id, request.stream(), file_name=file_name)
    except AlreadyThere as error:
        raise Problem(409, "the file has come already") from error
    except TimeoutError as error:
        raise Problem(408, "the file took too long") from error
    return Json({"bytes": size}, status_code=201)
