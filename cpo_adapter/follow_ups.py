"""What a station is asked once it is there: to be queued, one CALL at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cpo_adapter.capabilities import FEATURES, features
from cpo_adapter.inventory import publish_of_evses
from cpo_adapter.ocpp.calls import (
    Command,
    GetVariables,
    SetVariable,
    Trigger,
    TriggerMessage,
    Variable,
    VariableValue,
)
from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import on_the_wire, version_of
from cpo_adapter.store import evses, stations, statuses
from cpo_adapter.store import plugs as plug_rows
from cpo_adapter.store.plugs import Plug
from cpo_adapter.store.stations import Station
from cpo_adapter.store.statuses import Reported
from ocpi_hub.node.engine import Hot

# A remote start comes with a token that partners or we have authorised already; asking again for
# one that is on no list would refuse the driver.
_NO_SECOND_QUESTION = {
    Version.V16: Variable("AuthorizeRemoteTxRequests"),
    Version.V201: Variable("AuthorizeRemoteStart", component="AuthCtrlr"),
}
_NO = "false"


def after_boot(station: Station) -> list[Command]:
    """Settings that every station should have, save those it is known not to change, and the
    question what it can do."""
    version = version_of(station.protocol)
    variable = _NO_SECOND_QUESTION[version]
    known = station.configuration.get(configuration_name(variable), {})
    settled = str(known.get("value", "")).lower() == _NO
    wanted: list[Command] = [GetVariables(FEATURES[version])]
    return wanted if settled or known.get("readonly") else [SetVariable(variable, _NO), *wanted]


def after_approval() -> list[Command]:
    """A station that waited is asked to boot, so that it hears it was accepted."""
    return [TriggerMessage(Trigger.BOOT)]


async def after_reconnect(conn: Hot, station_id: str) -> list[Command]:
    """What a station is asked that came back without a boot: how each connector is now.

    Nothing when it has booted since it connected, or was never accepted.
    """
    station = await stations.find(conn, station_id)
    if station is None or station.status != "accepted" or station.booted_at is None:
        return []
    if station.connected_at is None or station.booted_at >= station.connected_at:
        return []
    known = await plug_rows.of_stations(conn, [station_id])
    reported = await statuses.of_stations(conn, [station_id])
    return connector_questions(known, reported, version=version_of(station.protocol))


def connector_questions(
    plugs: Sequence[Plug], reported: Iterable[Reported], *, version: Version
) -> list[Command]:
    """A question for the status of each connector that is mapped or has reported before."""
    numbers = {on_the_wire(plug, plugs, version=version) for plug in plugs}
    numbers |= {(each.evse, each.connector) for each in reported if each.evse and each.connector}
    return [
        TriggerMessage(Trigger.STATUS, evse_id=evse, connector_id=connector)
        for evse, connector in sorted(numbers)
    ]


async def keep_configuration(
    conn: Hot, station_id: str, values: Iterable[VariableValue], *, now: datetime
) -> None:
    """Keeps settings as a station told them, in the caller's transaction; partners hear of it when
    it can do more or less than they were told."""
    station = await stations.lock(conn, station_id)
    if station is None:
        return
    told = {
        configuration_name(each.variable): {"value": each.value, "readonly": each.readonly}
        for each in values
    }
    await stations.set_configuration(conn, station_id, configuration=told)
    if features(station.configuration) != features({**station.configuration, **told}):
        await publish_of_evses(conn, await evses.of_station(conn, station_id), now=now)


def configuration_name(variable: Variable) -> str:
    """The name of a setting among those that are kept of a station."""
    parts = (variable.component, variable.name, variable.instance)
    return ".".join(part for part in parts if part)
