"""Which Tariffs hang where somebody charges, by their folded ids, and which did.

What counts is what we knew at a moment: a CPO that hangs another Tariff there later changes nothing
that a driver saw, whatever stamp it sets (T22).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emsp_adapter.store import evses, hung_tariffs
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party


async def hanging(
    conn: Hot,
    owner: Party,
    location_id: str,
    evse_uid: str,
    connector_id: str,
    *,
    at: datetime,
) -> list[str] | None:
    """Those of the connector; None where it was never published."""
    evse = await evses.find(conn, owner, location_id, evse_uid, absent=True)
    former = await hung_tariffs.at(conn, owner, location_id, evse_uid=evse_uid, at=at)
    hung = ({} if evse is None else _hung(evse.document)) | former.get(evse_uid.lower(), {})
    return hung.get(connector_id.lower())


async def near(
    conn: Hot, owner: Party, location_id: str, evse_uid: str, *, at: datetime
) -> list[str]:
    """Those of every connector of the EVSE; where it is not published, of the Location."""
    evse = await evses.find(conn, owner, location_id, evse_uid, absent=True)
    listed = [evse] if evse is not None else await evses.of_location(conn, owner, location_id)
    former = await hung_tariffs.at(conn, owner, location_id, at=at)
    hung = (_hung(each.document) | former.get(each.uid, {}) for each in listed)
    return list(dict.fromkeys(id_ for found in hung for ids in found.values() for id_ in ids))


def taken_down(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[str]]:
    """What hung at those connectors of an EVSE at which something else hangs afterwards."""
    now = _hung(after)
    return {
        connector_id: ids
        for connector_id, ids in _hung(before).items()
        if connector_id not in now or set(now[connector_id]) != set(ids)
    }


def _hung(evse: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        each["id"].lower(): list(dict.fromkeys(id_.lower() for id_ in each.get("tariff_ids") or ()))
        for each in evse["connectors"]
    }
