"""Any CALL to a station, exactly as the operator wrote it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body

from cpo_adapter.ocpp.connection import CallError, Connection, NoAnswer, NotConnected
from cpo_adapter.ocpp.schemas import actions
from cpo_adapter.ocpp.version import Version
from cpo_adapter.operator_api.asking import offline, timeout_of
from cpo_adapter.operator_api.office import At, OperatorRoute, Worker, known_station
from cpo_adapter.operator_api.shapes import Id, StationId
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["stations"])

Payload = Annotated[dict[str, Any] | None, Body(description="Goes over the wire as it is.")]


@router.post("/stations/{station_id}/ocpp/{action}")
async def call(
    station_id: StationId, action: Id, office: At, operator: Worker, payload: Payload = None
) -> Json:
    """Sends the payload in a CALL of this action; the answer is the station's payload.

    409 when the station is offline, 502 for a CALLERROR with its code and description, 504 when it
    does not answer, 404 for an action that its version does not have. Nothing is checked before.
    """
    async with office.db.hot() as conn:
        station = await known_station(conn, station_id)
    connection = office.registry.get(station_id)
    _check_action(action, connection)
    if connection is None:
        raise offline(station_id)
    async with office.db.hot() as conn:
        await audit.record(
            conn, operator.name, action="station call", subject=station_id, detail={"call": action}
        )
    try:
        timeout = timeout_of(office, station)
        return Json(await connection.call(action, payload or {}, timeout=timeout))
    except CallError as error:
        raise Problem(502, str(error), code=error.code, description=error.description) from error
    except NoAnswer as error:
        raise Problem(504, str(error)) from error
    except NotConnected as error:
        # It may have been done, or not: nobody knows.
        raise (Problem(504, str(error)) if error.sent else offline(station_id)) from error


def _check_action(action: str, connection: Connection | None) -> None:
    versions = list(Version) if connection is None else [connection.dialect.version]
    if not any(action in actions(version) for version in versions):
        named = " or ".join(version.number for version in versions)
        raise Problem(404, f"OCPP {named} has no action {action!r}")
