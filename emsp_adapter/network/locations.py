"""Locations of CPOs, as they push them and as they are pulled. Source: 2.2.1 locations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from emsp_adapter.asking import Asking
from emsp_adapter.network import location_writes as writes
from emsp_adapter.network.writes import answer_to, unknown
from emsp_adapter.office import Office
from emsp_adapter.store import evses, locations
from emsp_adapter.store.outcomes import Outcome
from ocpi_hub.protocol.jsontext import dumps
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.locations import Location
from ocpi_hub.protocol.validation import check

# The levels below a Location, as they stand in its URL.
_LEVELS = ("location_id", "evse_uid", "connector_id")

_PUTS: Mapping[int, Callable[..., Awaitable[Outcome]]] = {
    2: writes.put_evse,
    3: writes.put_connector,
}
_PATCHES: Mapping[int, Callable[..., Awaitable[Outcome]]] = {
    1: writes.patch_location,
    2: writes.patch_evse,
    3: writes.patch_connector,
}


async def put(office: Office, asking: Asking) -> Reply:
    """Keep a Location, EVSE or Connector that its CPO pushes."""
    ids = _ids(asking)
    document, now = asking.document, office.now()
    async with office.db.hot_transaction() as conn:
        if len(ids) == 1:
            outcome = await writes.put_location(conn, asking.owner, document, now=now)
        else:
            step = _PUTS[len(ids)]
            outcome = await step(conn, asking.owner, *ids[:-1], document, now=now)
    return answer_to(asking, outcome)


async def patch(office: Office, asking: Asking) -> Reply:
    """Take over what changed; without a stamp, which some leave out, it changed now."""
    ids, now = _ids(asking), office.now()
    changes = {"last_updated": format_datetime(now), **asking.document}
    async with office.db.hot_transaction() as conn:
        outcome = await _PATCHES[len(ids)](conn, asking.owner, *ids, changes, now=now)
    return answer_to(asking, outcome)


async def show(office: Office, asking: Asking) -> Reply:
    """The Location, EVSE or Connector as it is kept."""
    location_id, *below = _ids(asking)
    async with office.db.hot() as conn:
        location = await locations.find(conn, asking.owner, location_id)
        if location is None:
            raise unknown(asking.message)
        listed = await evses.of_location(conn, asking.owner, location_id)
    found: Any = writes.assembled(location, listed)
    for children, key, wanted in zip(("evses", "connectors"), ("uid", "id"), below, strict=False):
        found = next(
            (each for each in found.get(children) or () if each[key].lower() == wanted.lower()),
            None,
        )
        if found is None:
            raise unknown(asking.message)
    return Reply(data=dumps(found))


async def keep(office: Office, owner: Party, document: dict[str, Any]) -> None:
    """Keep a Location out of a CPO's list, unless what is known is newer."""
    check(Location, document)
    async with office.db.hot_transaction() as conn:
        await writes.put_location(conn, owner, document, now=office.now(), pulled=True)


def _ids(asking: Asking) -> list[str]:
    return [asking.param(name) for name in _LEVELS if name in asking.message.params]
