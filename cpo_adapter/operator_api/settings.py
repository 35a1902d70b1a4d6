"""The settings of stations: configuration keys in OCPP 1.6, variables in 2.0.1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from cpo_adapter.capabilities import FEATURES
from cpo_adapter.follow_ups import configuration_name, keep_configuration
from cpo_adapter.ocpp.calls import GetVariables, SetVariable, Variable, VariableValue
from cpo_adapter.ocpp.version import Version
from cpo_adapter.operator_api.asking import asked
from cpo_adapter.operator_api.office import At, OperatorRoute, Reader, Worker, known_station
from cpo_adapter.operator_api.shapes import Id, StationId, Text
from cpo_adapter.plugs import version_of
from cpo_adapter.store.stations import Station
from ocpi_hub.node import audit
from ocpi_hub.node.rest.bodies import Given, Json
from ocpi_hub.node.rest.problems import Problem

router = APIRouter(route_class=OperatorRoute, tags=["stations"])

_MOST_NAMES = 50


class GivenNames(Given):
    """Which settings; in 2.0.1 as `Component.Variable`. None: all (1.6), or those known (2.0.1)."""

    names: Annotated[tuple[Text, ...], Field(max_length=_MOST_NAMES)] = ()


class GivenValue(Given):
    """What a setting is to be."""

    value: Annotated[str, Field(max_length=2500)]


@router.get("/stations/{station_id}/configuration")
async def show_configuration(station_id: StationId, office: At, operator: Reader) -> Json:
    """The settings of a station as it told them last."""
    async with office.db.hot() as conn:
        return Json(dict((await known_station(conn, station_id)).configuration))


@router.post("/stations/{station_id}/configuration/refresh")
async def refresh_configuration(
    station_id: StationId, office: At, operator: Worker, given: GivenNames | None = None
) -> Json:
    """Asks the station for its settings, and answers with all that is known then."""
    async with office.db.hot_transaction() as conn:
        station = await known_station(conn, station_id)
        await audit.record(
            conn, operator.name, action="station configuration read", subject=station_id
        )
    variables = _wanted(station, () if given is None else given.names)
    answer = await asked(office, station, GetVariables(variables))
    values = answer.value if isinstance(answer.value, tuple) else ()
    known = [each for each in values if isinstance(each, VariableValue) and each.value is not None]
    return Json(await _kept(office, station_id, known))


@router.put("/stations/{station_id}/configuration/{name}")
async def set_configuration(
    station_id: StationId, name: Id, given: GivenValue, office: At, operator: Worker
) -> Json:
    """Changes one setting of the station; 502 when it refuses."""
    async with office.db.hot_transaction() as conn:
        station = await known_station(conn, station_id)
        variable = _variable(name, version_of(station.protocol))
        await audit.record(
            conn,
            operator.name,
            action="station configuration change",
            subject=station_id,
            detail={"name": name},
        )
    answer = await asked(office, station, SetVariable(variable, given.value))
    await _kept(office, station_id, [VariableValue(variable, given.value, readonly=False)])
    return Json({"name": name, "value": given.value, "status": answer.status})


async def _kept(office: At, station_id: str, values: Iterable[VariableValue]) -> dict[str, object]:
    """The settings of the station with these."""
    shown = [each for each in values if not _is_secret(each.variable)]
    async with office.db.hot_transaction() as conn:
        await keep_configuration(conn, station_id, shown, now=office.now())
        station = await known_station(conn, station_id)
    office.poke()
    return dict(station.configuration)


def _is_secret(variable: Variable) -> bool:
    """What proves who the station is, which is kept as a hash only."""
    return variable.name in ("AuthorizationKey", "BasicAuthPassword")


def _wanted(station: Station, names: Sequence[str]) -> tuple[Variable, ...]:
    version = version_of(station.protocol)
    if names or version is Version.V16:
        return tuple(_variable(name, version) for name in names)
    # 2.0.1 has no question for everything that is answered at once.
    known = [configuration_name(each) for each in FEATURES[version]]
    known += [name for name in station.configuration if name not in known]
    return tuple(_variable(name, version) for name in known[:_MOST_NAMES])


def _variable(name: str, version: Version) -> Variable:
    if version is Version.V16:
        return Variable(name)
    component, _, rest = name.partition(".")
    variable, _, instance = rest.partition(".")
    if not component or not variable:
        raise Problem(422, f"name: expected Component.Variable, got {name!r}", field="name")
    return Variable(variable, component=component, instance=instance or None)
