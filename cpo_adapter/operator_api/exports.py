"""Exports for spreadsheets, of the last year unless a period is given."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from cpo_adapter import exports, uptime
from cpo_adapter.operator_api.office import At, OperatorRoute, Reader
from cpo_adapter.operator_api.shapes import When
from cpo_adapter.operator_api.uptime import period

router = APIRouter(route_class=OperatorRoute, tags=["exports"])

_CSV = "text/csv; charset=utf-8"


@router.get("/exports/sessions.csv")
async def sessions(
    office: At, operator: Reader, since: When = None, until: When = None
) -> StreamingResponse:
    """The sessions that began in the period."""
    begin, end = period(since, until, now=office.now())
    return _file("sessions", exports.sessions_csv(office.db, since=begin, until=end))


@router.get("/exports/cdrs.csv")
async def cdrs(
    office: At, operator: Reader, since: When = None, until: When = None
) -> StreamingResponse:
    """The CDRs that were made in the period."""
    begin, end = period(since, until, now=office.now())
    return _file("cdrs", exports.cdrs_csv(office.db, since=begin, until=end))


@router.get("/exports/uptime.csv")
async def uptimes(office: At, operator: Reader, since: When = None, until: When = None) -> Response:
    """The uptime of every port in the period."""
    begin, end = period(since, until, now=office.now())
    async with office.db.hot() as conn:
        found = await uptime.report(conn, since=begin, until=end)
    return Response(uptime.to_csv(found), media_type=_CSV, headers=_named("uptime"))


def _file(name: str, lines: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(lines, media_type=_CSV, headers=_named(name))


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}
