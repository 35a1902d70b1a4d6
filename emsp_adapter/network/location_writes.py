"""Writes of Locations and of what stands below them, each in the caller's transaction.

The Location's row is locked first: what a search sees of it is counted over all its EVSEs, and two
writers would each count without the other. Source: 2.2.1 locations, Receiver PUT and PATCH.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emsp_adapter.network.descriptions import describe, evse_at, hours_of
from emsp_adapter.network.offers import taken_down
from emsp_adapter.network.places import key_of
from emsp_adapter.store import evses, hung_tariffs, locations, places
from emsp_adapter.store.evses import StoredEvse
from emsp_adapter.store.outcomes import Outcome, takes_the_place
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.jsontext import same
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.patch import merge, merge_evse, merge_location, raise_parent
from ocpi_hub.protocol.types import parse_datetime
from ocpi_hub.protocol.v2_2_1.locations import EVSE, Location
from ocpi_hub.protocol.validation import check

_STATUS_ONLY = frozenset({"status", "last_updated"})


async def put_location(
    conn: Hot, owner: Party, document: dict[str, Any], *, now: datetime, pulled: bool = False
) -> Outcome:
    """Creates or replaces a Location with its EVSEs: those it does not list are served no more."""
    stamp = parse_datetime(document["last_updated"])
    known = await locations.lock(conn, owner, document["id"])
    if known is None:
        await locations.lock_new(conn, owner, document["id"])
        known = await locations.lock(conn, owner, document["id"])
    if known is not None and not takes_the_place(stamp, known.last_updated, now=now, pulled=pulled):
        return Outcome.STALE
    row = _without_evses(document)
    changed = known is None or not same(known.document, row)
    if changed:
        await locations.put(conn, owner, row, last_updated=stamp)
    listed = document.get("evses") or []
    relisted = await _put_listed(conn, owner, document["id"], listed, now=now, pulled=pulled)
    if not changed and not relisted:
        return Outcome.UNCHANGED
    await _describe(conn, owner, row)
    await _count_and_price(conn, owner, document["id"], now=now)
    return Outcome.CREATED if known is None else Outcome.UPDATED


async def put_evse(
    conn: Hot, owner: Party, location_id: str, document: dict[str, Any], *, now: datetime
) -> Outcome:
    """Creates or replaces one EVSE; UNKNOWN when there is no such Location (LOC-06)."""
    if await locations.lock(conn, owner, location_id) is None:
        return Outcome.UNKNOWN
    stored = await evses.find(conn, owner, location_id, document["uid"], absent=True)
    if stored is not None and not stored.absent:
        if _stale(document, stored.last_updated, now):
            return Outcome.STALE
        if same(document, stored.document):
            return Outcome.UNCHANGED
        position = stored.position
    else:
        listed = await evses.of_location(conn, owner, location_id)
        position = max((each.position for each in listed), default=0) + 1
    await _keep(conn, owner, location_id, document, stored, position=position, now=now)
    await _count_and_price(conn, owner, location_id, now=now)
    new = stored is None or stored.absent
    return Outcome.CREATED if new else Outcome.UPDATED


async def put_connector(
    conn: Hot,
    owner: Party,
    location_id: str,
    evse_uid: str,
    document: dict[str, Any],
    *,
    now: datetime,
) -> Outcome:
    """Creates or replaces one Connector; UNKNOWN when there is no such EVSE (LOC-06)."""
    evse = await _locked(conn, owner, location_id, evse_uid)
    if evse is None:
        return Outcome.UNKNOWN
    connectors = list(evse.document["connectors"])
    place = _place_of(connectors, document["id"])
    if place is None:
        connectors.append(document)
    else:
        if _stale(document, parse_datetime(connectors[place]["last_updated"]), now):
            return Outcome.STALE
        connectors[place] = document
    changed = raise_parent({**evse.document, "connectors": connectors}, document)
    outcome = await _replace(conn, owner, location_id, evse, changed, now=now)
    return Outcome.CREATED if place is None else outcome


async def patch_location(
    conn: Hot, owner: Party, location_id: str, changes: dict[str, Any], *, now: datetime
) -> Outcome:
    """Merges a PATCH, its `evses` by uid and their connectors by id; removes none (AMB-12)."""
    known = await locations.lock(conn, owner, location_id)
    if known is None:
        return Outcome.UNKNOWN
    if parse_datetime(changes["last_updated"]) < known.last_updated:
        return Outcome.STALE
    listed = await evses.of_location(conn, owner, location_id)
    whole = dict(known.document)
    if listed:
        whole["evses"] = [each.document for each in listed]
    merged = merge_location(whole, changes)
    check(Location, merged)
    return await put_location(conn, owner, merged, now=now)


async def patch_evse(
    conn: Hot,
    owner: Party,
    location_id: str,
    evse_uid: str,
    changes: dict[str, Any],
    *,
    now: datetime,
) -> Outcome:
    """Merges a PATCH, its `connectors` by id; removes none (AMB-12)."""
    evse = await _locked(conn, owner, location_id, evse_uid)
    if evse is None:
        return Outcome.UNKNOWN
    if parse_datetime(changes["last_updated"]) < evse.last_updated:
        return Outcome.STALE
    merged = merge_evse(evse.document, changes)
    check(EVSE, merged)
    return await _replace(
        conn, owner, location_id, evse, merged, now=now, priced=not changes.keys() <= _STATUS_ONLY
    )


async def patch_connector(
    conn: Hot,
    owner: Party,
    location_id: str,
    evse_uid: str,
    connector_id: str,
    changes: dict[str, Any],
    *,
    now: datetime,
) -> Outcome:
    """Merges a PATCH into one Connector; UNKNOWN when there is no such Connector."""
    evse = await _locked(conn, owner, location_id, evse_uid)
    connectors = [] if evse is None else list(evse.document["connectors"])
    place = _place_of(connectors, connector_id)
    if evse is None or place is None:
        return Outcome.UNKNOWN
    if parse_datetime(changes["last_updated"]) < parse_datetime(connectors[place]["last_updated"]):
        return Outcome.STALE
    connectors[place] = merge(connectors[place], changes)
    changed = raise_parent({**evse.document, "connectors": connectors}, connectors[place])
    check(EVSE, changed)
    return await _replace(conn, owner, location_id, evse, changed, now=now)


async def describe_again(conn: Hot, owner: Party, location_id: str) -> None:
    """Takes over anew what a Location says of itself."""
    known = await locations.lock(conn, owner, location_id)
    if known is not None:
        await _describe(conn, owner, known.document)


def assembled(location: Mapping[str, Any], listed: list[StoredEvse]) -> dict[str, Any]:
    """The whole Location, stamped no earlier than its newest EVSE."""
    if not listed:
        return dict(location)
    whole: dict[str, Any] = {**location, "evses": [each.document for each in listed]}
    newest = max(listed, key=lambda each: each.last_updated)
    return raise_parent(whole, newest.document)


async def _put_listed(
    conn: Hot,
    owner: Party,
    location_id: str,
    listed: list[dict[str, Any]],
    *,
    now: datetime,
    pulled: bool,
) -> bool:
    """Whether the list, or an EVSE on it, is another one now; a newer EVSE stays as it is."""
    stored = {
        each.uid: each for each in await evses.of_location(conn, owner, location_id, absent=True)
    }
    changed = False
    for position, document in enumerate(listed, start=1):
        uid = document["uid"].lower()
        known = stored.pop(uid, None)
        stamp = parse_datetime(document["last_updated"])
        fresh = known is None or takes_the_place(stamp, known.last_updated, now=now, pulled=pulled)
        if known is None or (fresh and not same(known.document, document)):
            await _keep(conn, owner, location_id, document, known, position=position, now=now)
            changed = True
        elif await evses.move(conn, owner, location_id, uid, position=position):
            changed = True
    left_out = await evses.leave_out(conn, owner, location_id, list(stored))
    return changed or left_out > 0


async def _locked(conn: Hot, owner: Party, location_id: str, evse_uid: str) -> StoredEvse | None:
    if await locations.lock(conn, owner, location_id) is None:
        return None
    return await evses.find(conn, owner, location_id, evse_uid)


async def _replace(
    conn: Hot,
    owner: Party,
    location_id: str,
    evse: StoredEvse,
    document: dict[str, Any],
    *,
    now: datetime,
    priced: bool = True,
) -> Outcome:
    if same(evse.document, document):
        return Outcome.UNCHANGED
    await _keep(conn, owner, location_id, document, evse, position=evse.position, now=now)
    if priced:
        await _count_and_price(conn, owner, location_id, now=now)
    else:
        await places.recount(conn, owner, [location_id])
    return Outcome.UPDATED


async def _keep(
    conn: Hot,
    owner: Party,
    location_id: str,
    document: dict[str, Any],
    known: StoredEvse | None,
    *,
    position: int,
    now: datetime,
) -> None:
    """Keep an EVSE as it is now, and what hung at its connectors until now."""
    if known is not None:
        down = taken_down(known.document, document)
        await hung_tariffs.keep(conn, owner, location_id, known.uid, down, until=now)
    await evses.put(conn, owner, location_id, evse_at(document, position))


async def _describe(conn: Hot, owner: Party, location: dict[str, Any]) -> None:
    # Before the place's row, as those do who change prices: else each would wait for the other.
    await places.lock_prices(conn, owner, shared=True)
    spelled = Party(location["country_code"], location["party_id"])
    await places.describe(
        conn,
        owner,
        location["id"],
        description=describe(location, key_of(spelled, location["id"])),
        hours=hours_of(location),
    )


async def _count_and_price(conn: Hot, owner: Party, location_id: str, *, now: datetime) -> None:
    await places.lock_prices(conn, owner, shared=True)
    await places.recount(conn, owner, [location_id])
    await places.reprice(conn, owner, [location_id], now=now)


def _stale(document: Mapping[str, Any], stored: datetime, now: datetime) -> bool:
    stamp = parse_datetime(document["last_updated"])
    return not takes_the_place(stamp, stored, now=now, pulled=False)


def _place_of(connectors: list[dict[str, Any]], connector_id: str) -> int | None:
    ids = [each["id"].lower() for each in connectors]
    return ids.index(connector_id.lower()) if connector_id.lower() in ids else None


def _without_evses(document: dict[str, Any]) -> dict[str, Any]:
    """An empty list of EVSEs, a null and none at all are kept apart."""
    return {name: value for name, value in document.items() if name != "evses" or not value}
