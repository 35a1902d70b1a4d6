"""Which Tariffs hang where somebody charges, by their folded ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from emsp_adapter.store import evses
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party


async def hanging(
    conn: Hot, owner: Party, location_id: str, evse_uid: str, connector_id: str
) -> list[str] | None:
    """Those of the connector as it is published now; None where it is not."""
    evse = await evses.find(conn, owner, location_id, evse_uid, absent=True)
    found = [] if evse is None else _connectors(evse.document, connector_id)
    return _tariff_ids(found) if found else None


async def near(conn: Hot, owner: Party, location_id: str, evse_uid: str) -> list[str]:
    """Those of every connector of the EVSE; where it is not published, of the Location."""
    evse = await evses.find(conn, owner, location_id, evse_uid, absent=True)
    if evse is not None:
        return _tariff_ids(_connectors(evse.document))
    listed = await evses.of_location(conn, owner, location_id)
    return _tariff_ids(chain.from_iterable(_connectors(each.document) for each in listed))


def _connectors(
    evse: Mapping[str, Any], connector_id: str | None = None
) -> list[Mapping[str, Any]]:
    wanted = None if connector_id is None else connector_id.lower()
    return [each for each in evse["connectors"] if wanted in (None, each["id"].lower())]


def _tariff_ids(connectors: Iterable[Mapping[str, Any]]) -> list[str]:
    every = (each.lower() for found in connectors for each in found.get("tariff_ids") or ())
    return list(dict.fromkeys(every))
