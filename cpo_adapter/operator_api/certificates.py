"""Certificates of stations: what they ask to have signed, and the certificates they are given."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from cpo_adapter import certificates as work
from cpo_adapter.ocpp.calls import CertificateSigned
from cpo_adapter.operator_api.asking import asked
from cpo_adapter.operator_api.office import Admin, At, OperatorRoute, Reader, known_station
from cpo_adapter.operator_api.shapes import Before, Limit, StationId, Text, page
from cpo_adapter.store import happenings
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Given, Json

router = APIRouter(route_class=OperatorRoute, tags=["certificates"])

_PEM = r"^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s-]*-----END CERTIFICATE-----\s*$"


class GivenChain(Given):
    """A certificate with its chain, in PEM, and in 2.0.1 what it is for."""

    chain: Annotated[str, Field(max_length=10_000, pattern=_PEM)]
    certificate_type: Text | None = None


@router.get("/certificates")
async def list_requests(
    request: Request, office: At, operator: Reader, before: Before = None, limit: Limit = 100
) -> Json:
    """The signing requests that nobody has answered, the newest first, each with its CSR."""
    async with office.db.hot() as conn:
        found = await happenings.unanswered(
            conn, work.KIND, answered_by=work.ANSWERED, before=before, limit=limit
        )
    return page(
        request, found, limit=limit, cursor="before", key=lambda each: each.id, shown=asdict
    )


@router.post("/stations/{station_id}/certificate")
async def give_certificate(
    station_id: StationId, given: GivenChain, office: At, operator: Admin
) -> Json:
    """Gives the station the certificate that it asked for; 502 when it does not take it."""
    async with office.db.hot_transaction() as conn:
        station = await known_station(conn, station_id)
        await audit.record(conn, operator.name, action="station certificate", subject=station_id)
    call = CertificateSigned(given.chain, given.certificate_type)
    answer = await asked(office, station, call)
    async with office.db.hot() as conn:
        await work.answered(conn, station_id, actor=operator.name, now=office.now())
    return Json({"id": station_id, "status": answer.status})
