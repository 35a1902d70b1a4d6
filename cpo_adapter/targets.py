"""Which EVSE and station a partner's command is about, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cpo_adapter.asking import Desk, Refused
from cpo_adapter.authorization import Decision
from cpo_adapter.capabilities import lacks
from cpo_adapter.ocpp.answers import AuthorizationStatus
from cpo_adapter.ocpp.events import IdToken
from cpo_adapter.ocpp.version import Version
from cpo_adapter.plugs import on_the_wire, version_of
from cpo_adapter.store import plugs, targets
from cpo_adapter.store.targets import Target
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import InvalidParameters, UnknownLocation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.commands import CommandResponseType
from ocpi_hub.protocol.v2_2_1.locations import Capability, Status

_FREE = frozenset({Status.AVAILABLE, Status.UNKNOWN})


def check_owner(token: Mapping[str, str], owner: Party) -> None:
    """2001 where the token is not the partner's own (START_SESSION, RESERVE_NOW)."""
    if Party(token["country_code"], token["party_id"]) != owner:
        raise InvalidParameters(
            f"token: it is of {token['country_code']}-{token['party_id']}, "
            f"expected one of {owner} itself"
        )


async def named(
    conn: Hot, location_id: str, *, evse_uid: str | None, connector_id: str | None
) -> list[Target]:
    """The plugs that a command may mean; UnknownLocation (2003) names what is not known.

    Commands at one Location are planned one after the other: two never get the same EVSE.
    """
    if not await targets.lock_location(conn, location_id):
        raise UnknownLocation(f"location_id: there is no Location {location_id!r}")
    found = await targets.of_location(conn, location_id)
    if evse_uid is not None:
        found = [each for each in found if each.evse_uid.lower() == evse_uid.lower()]
        if not found:
            raise UnknownLocation(f"evse_uid: {location_id!r} has no EVSE {evse_uid!r} in service")
    if connector_id is not None:
        found = [each for each in found if each.connector_id.lower() == connector_id.lower()]
        if not found:
            raise UnknownLocation(f"connector_id: {evse_uid!r} has no connector {connector_id!r}")
    if not found:
        raise Refused("no EVSE of the Location is connected to a station")
    return found


def reachable(found: Sequence[Target], desk: Desk) -> list[Target]:
    """Those whose station is there; a command is not kept for one that is not."""
    there = [each for each in found if desk.is_connected(each.station_id)]
    if not there:
        raise Refused("the station is offline")
    return there


def able(found: Iterable[Target], capability: Capability) -> list[Target]:
    """Those whose station has not said that it cannot; NOT_SUPPORTED where none is left."""
    left = [each for each in found if not lacks(each.configuration, capability)]
    if not left:
        raise Refused(f"the station has no {capability.value}", CommandResponseType.NOT_SUPPORTED)
    return left


def free_one(found: Sequence[Target]) -> Target:
    """The only EVSE there is, since its station says best what is in the way; else a free one."""
    if len({each.evse_uid for each in found}) == 1:
        return found[0]
    for each in found:
        if each.status in _FREE and each.session_owner is None and each.reserved_for is None:
            return each
    raise Refused("no EVSE of the Location is free")


def group_of(token: Mapping[str, str], version: Version) -> IdToken | None:
    """The group of a token, in the words of a version."""
    return Decision(status=AuthorizationStatus.ACCEPTED, token=token).told(version).group


def needs_connector(target: Target) -> bool:
    """Whether START_SESSION has to say which connector."""
    capabilities = target.evse.get("capabilities") or ()
    return Capability.START_SESSION_CONNECTOR_REQUIRED in capabilities


async def numbers(conn: Hot, target: Target) -> tuple[Version, int, int]:
    """The version the station speaks, and the EVSE and connector number that OCPP has."""
    version = version_of(target.protocol)
    known = await plugs.of_station(conn, target.station_id)
    plug = next(
        each
        for each in known
        if (each.evse, each.connector) == (target.evse_number, target.connector_number)
    )
    evse, connector = on_the_wire(plug, known, version=version)
    return version, evse, connector
