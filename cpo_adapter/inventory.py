"""The inventory: what the operator offers, imported, exported, and told to partners.

An EVSE that an import leaves out is REMOVED, which is for ever; a uid stays its location's for
ever too. What an import does not change is not told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cpo_adapter.evse_status import Lifecycle
from cpo_adapter.location_documents import exported, offered
from cpo_adapter.offer_files import (
    BadInventory,
    EvseDraft,
    LocationDraft,
    location_drafts,
    tariff_drafts,
)
from cpo_adapter.stamps import stamp_after
from cpo_adapter.statuses import rederive
from cpo_adapter.store import evses, inventory, plugs, stations
from cpo_adapter.store.evses import Evse
from cpo_adapter.store.inventory import EvseChange
from cpo_adapter.store.stations import Station
from ocpi_hub.node.engine import Hot
from ocpi_hub.peering.store import published
from ocpi_hub.protocol.jsontext import same
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.locations import Location
from ocpi_hub.protocol.v2_2_1.tariffs import Tariff
from ocpi_hub.protocol.validation import check

_AT_ONCE = timedelta()


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, by id; `warnings` are sentences."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed_evses: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of one location is to be written."""

    draft: LocationDraft
    is_new: bool
    changed: bool
    evses: tuple[EvseChange, ...]
    removed: tuple[str, ...]
    stamp: datetime


async def import_locations(
    conn: Hot, documents: Sequence[Mapping[str, Any]], *, party: Party, now: datetime
) -> Imported:
    """Takes Locations over, in the caller's transaction; BadInventory names the field at fault."""
    drafts = location_drafts(documents, party=party, now=now)
    await inventory.one_at_a_time(conn)
    before = {row.id: row for row in await inventory.locations(conn, [each.id for each in drafts])}
    theirs = await evses.of_locations(conn, list(before))
    elsewhere = await evses.named(conn, [evse.uid for draft in drafts for evse in draft.evses])
    await evses.lock(conn, [row.uid for row in theirs])
    plans = []
    for draft in drafts:
        _check_spelling(draft, before)
        _check_uids(draft, elsewhere)
        old = [row for row in theirs if row.location_id == draft.id]
        known = before.get(draft.id)
        changed = known is None or not same(dict(known.document), draft.document)
        stamps = [row.last_updated for row in old] + ([known.last_updated] if known else [])
        stamp = stamp_after(stamps, now=now)
        plans.append(_plan(draft, old, is_new=known is None, changed=changed, stamp=stamp))
    _check_new_uids(drafts)
    for plan in plans:
        await _carry_out(conn, plan, now=now)
    return _imported(plans, warnings=await _unknown_tariffs(conn, drafts))


async def export_locations(
    conn: Hot, location_ids: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """Locations as the operator wrote them, with the statuses of now; all, or those named."""
    rows = await inventory.locations(conn, location_ids)
    theirs = await evses.of_locations(conn, [row.id for row in rows])
    return [exported(row, _of(theirs, row.id)) for row in rows]


async def publish_locations(conn: Hot, location_ids: Iterable[str], *, now: datetime) -> None:
    """Tells partners whole Locations as they are now, in the caller's transaction."""
    ids = sorted(set(location_ids))
    # Else a status that changes meanwhile would count as told.
    await inventory.hold(conn, ids)
    await inventory.told(conn, ids, now=stamp_after([], now=now))
    rows = await inventory.locations(conn, ids)
    theirs = await evses.of_locations(conn, [row.id for row in rows])
    mapped = await _stations_of(conn, [row.uid for row in theirs])
    for row in rows:
        mine = _of(theirs, row.id)
        stamp = stamp_after([row.last_updated, *(each.last_updated for each in mine)], now=now)
        await inventory.stamp_location(conn, row.id, last_updated=stamp)
        document = offered(row, mine, stations=mapped) | {"last_updated": format_datetime(stamp)}
        check(Location, document)
        await published.publish(conn, "locations", id=row.id, document=document, last_updated=stamp)


async def publish_of_evses(conn: Hot, evse_uids: Iterable[str], *, now: datetime) -> None:
    """The same for the Locations of some EVSEs: what they can do has changed."""
    rows = await evses.named(conn, list(evse_uids))
    await publish_locations(conn, {row.location_id for row in rows}, now=now)


async def import_tariffs(
    conn: Hot, documents: Sequence[Mapping[str, Any]], *, party: Party, now: datetime
) -> Imported:
    """Takes Tariffs over and tells partners, in the caller's transaction; those not named stay."""
    drafts = tariff_drafts(documents, party=party, now=now)
    await inventory.one_at_a_time(conn)
    before = {row.id: row for row in await inventory.tariffs(conn, [each.id for each in drafts])}
    created: list[str] = []
    updated: list[str] = []
    unchanged: list[str] = []
    for draft in drafts:
        known = before.get(draft.id)
        if known is not None and not known.deleted and _same_tariff(known.document, draft.document):
            unchanged.append(draft.id)
            continue
        (created if known is None or known.deleted else updated).append(draft.id)
        stamp = stamp_after([known.last_updated] if known else [], now=now)
        await _put_tariff(conn, draft.document, stamp)
    return Imported(tuple(created), tuple(updated), tuple(unchanged))


async def export_tariffs(conn: Hot) -> list[dict[str, Any]]:
    """The Tariffs in force."""
    return [dict(row.document) for row in await inventory.tariffs(conn) if not row.deleted]


async def delete_tariff(conn: Hot, tariff_id: str, *, now: datetime) -> bool:
    """Takes a Tariff back, also from partners; False when there is none."""
    rows = await inventory.tariffs(conn, [tariff_id])
    if not rows or rows[0].deleted:
        return False
    stamp = stamp_after([rows[0].last_updated], now=now)
    await inventory.delete_tariff(conn, rows[0].id, last_updated=stamp)
    await published.withdraw(conn, "tariffs", id=rows[0].id, last_updated=stamp)
    return True


async def _put_tariff(conn: Hot, draft: Mapping[str, Any], stamp: datetime) -> None:
    document = {**draft, "last_updated": format_datetime(stamp)}
    check(Tariff, document)
    await inventory.put_tariff(conn, document["id"], document=document, last_updated=stamp)
    await published.publish(
        conn, "tariffs", id=document["id"], document=document, last_updated=stamp
    )


def _same_tariff(stored: Mapping[str, Any], draft: Mapping[str, Any]) -> bool:
    return same({k: v for k, v in stored.items() if k != "last_updated"}, dict(draft))


def _plan(
    draft: LocationDraft, old: Sequence[Evse], *, is_new: bool, changed: bool, stamp: datetime
) -> _Plan:
    by_uid = {row.uid: row for row in old}
    changes = [
        change
        for position, evse in enumerate(draft.evses)
        if (change := _evse_change(draft, evse, by_uid.get(evse.uid), position)) is not None
    ]
    named = {evse.uid for evse in draft.evses}
    gone = [row for row in old if row.uid not in named and row.lifecycle != Lifecycle.REMOVED.value]
    removals = [
        EvseChange(row.uid, draft.id, row.position, row.document, Lifecycle.REMOVED.value)
        for row in gone
    ]
    return _Plan(
        draft,
        is_new=is_new,
        changed=changed or bool(changes or removals),
        evses=(*changes, *removals),
        removed=tuple(row.uid for row in gone),
        stamp=stamp,
    )


def _evse_change(
    location: LocationDraft, draft: EvseDraft, old: Evse | None, position: int
) -> EvseChange | None:
    """The EVSE as it is to be written; None when nothing of it has changed."""
    if old is not None and old.lifecycle == Lifecycle.REMOVED.value != draft.lifecycle.value:
        raise BadInventory(
            f"{draft.place}.uid: {draft.uid!r} is REMOVED, which is for ever: "
            "expected a uid of its own for a new EVSE"
        )
    document = draft.document if old is None else _with_old_stamps(draft.document, old.document)
    unchanged = (
        old is not None
        and same(document, dict(old.document))
        and (old.lifecycle, old.position) == (draft.lifecycle.value, position)
    )
    if unchanged:
        return None
    return EvseChange(draft.uid, location.id, position, document, draft.lifecycle.value)


def _with_old_stamps(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The EVSE with the last_updated of each connector that has not changed."""
    before = {each["id"]: each for each in old["connectors"]}
    connectors = []
    for each in new["connectors"]:
        known = before.get(each["id"])
        same_but_stamp = known is not None and same(
            each, {**known, "last_updated": each["last_updated"]}
        )
        connectors.append(known if same_but_stamp else each)
    return {**new, "connectors": connectors}


async def _carry_out(conn: Hot, plan: _Plan, *, now: datetime) -> None:
    if not plan.changed:
        return
    draft = plan.draft
    await inventory.put_location(conn, draft.id, document=draft.document, last_updated=plan.stamp)
    await inventory.put_evses(conn, plan.evses, last_updated=plan.stamp)
    await rederive(conn, [each.uid for each in plan.evses], now=now, settle=_AT_ONCE)
    await publish_locations(conn, [draft.id], now=now)


def _check_spelling(draft: LocationDraft, before: Mapping[str, Any]) -> None:
    for known in before:
        if known.lower() == draft.id.lower() and known != draft.id:
            raise BadInventory(f"{draft.place}id: {draft.id!r} is {known!r} in another spelling")


def _check_uids(draft: LocationDraft, known: Sequence[Evse]) -> None:
    """A uid is one EVSE's for ever (2.2.1 locations, EVSE object: it never changes)."""
    by_folded = {row.uid.lower(): row for row in known}
    for evse in draft.evses:
        row = by_folded.get(evse.uid.lower())
        if row is None:
            continue
        if row.location_id != draft.id:
            raise BadInventory(
                f"{evse.place}.uid: {evse.uid!r} belongs to location {row.location_id!r}"
            )
        if row.uid != evse.uid:
            raise BadInventory(f"{evse.place}.uid: {evse.uid!r} is {row.uid!r} in another spelling")


def _check_new_uids(drafts: Sequence[LocationDraft]) -> None:
    first: dict[str, LocationDraft] = {}
    for draft in drafts:
        for evse in draft.evses:
            other = first.setdefault(evse.uid.lower(), draft)
            if other is not draft:
                raise BadInventory(
                    f"{evse.place}.uid: {evse.uid!r} belongs to location {other.id!r} already"
                )


async def _unknown_tariffs(conn: Hot, drafts: Sequence[LocationDraft]) -> tuple[str, ...]:
    wanted = {
        tariff_id: f"{evse.place}.connectors[{index}].tariff_ids"
        for draft in drafts
        for evse in draft.evses
        for index, connector in enumerate(evse.document["connectors"])
        for tariff_id in connector.get("tariff_ids") or ()
    }
    rows = await inventory.tariffs(conn, wanted)
    known = {row.id.lower() for row in rows if not row.deleted}
    return tuple(
        f"{place}: the tariff {tariff_id!r} is not known yet"
        for tariff_id, place in wanted.items()
        if tariff_id.lower() not in known
    )


async def _stations_of(conn: Hot, evse_uids: Sequence[str]) -> dict[str, Station]:
    mapped = {plug.evse_uid: plug.station_id for plug in await plugs.of_evses(conn, evse_uids)}
    known = {each.id: each for each in await stations.several(conn, sorted({*mapped.values()}))}
    return {uid: known[station_id] for uid, station_id in mapped.items() if station_id in known}


def _of(rows: Iterable[Evse], location_id: str) -> list[Evse]:
    return [row for row in rows if row.location_id == location_id]


def _imported(plans: Sequence[_Plan], *, warnings: tuple[str, ...]) -> Imported:
    return Imported(
        created=tuple(plan.draft.id for plan in plans if plan.is_new),
        updated=tuple(plan.draft.id for plan in plans if plan.changed and not plan.is_new),
        unchanged=tuple(plan.draft.id for plan in plans if not plan.changed),
        removed_evses=tuple(uid for plan in plans for uid in plan.removed),
        warnings=warnings,
    )
