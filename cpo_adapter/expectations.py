"""Sessions before they begin: asked for by START_SESSION, or reserved.

The command that asks writes it down before the station hears of it, so that a start that is quicker
than the station's answer, or slower than the deadline, is still that eMSP's session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cpo_adapter import places, sessions
from cpo_adapter.measuring import save
from cpo_adapter.ocpp.version import Version
from cpo_adapter.rules import Rules
from cpo_adapter.store import transaction_lists
from cpo_adapter.store import transactions as store
from cpo_adapter.store.transactions import Transaction
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.cdrs import AuthMethod

# What of a session is about its place, or follows from it.
_WHERE = (
    "station_id",
    "evse",
    "connector",
    "location_id",
    "evse_uid",
    "connector_id",
    "place",
    "tariffs",
    "id_tag",
    "token",
    "authorization_reference",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A session that an eMSP asks for: where, with which token, and what the station is shown.

    Numbers are those of the station's version; EVSE 0 is any of the station.
    """

    station_id: str
    version: Version
    evse: int
    connector: int
    owner: Party
    token: Mapping[str, Any]
    id_tag: str
    authorization_reference: str | None
    remote_start_id: int | None = None
    reservation_id: int | None = None


async def expect(conn: Hot, wanted: Wanted, *, rules: Rules, now: datetime) -> Transaction:
    """A session that START_SESSION asks for; its eMSP does not hear of it yet."""
    return await _write(conn, wanted, "pending", rules=rules, now=now)


async def announce(
    conn: Hot, transaction_id: str, *, rules: Rules, now: datetime
) -> Transaction | None:
    """Tell the eMSP of a session that the station has accepted to start: PENDING."""
    found = await store.find(conn, transaction_id, lock=True)
    if found is None or found.state != "pending":
        return found
    return await sessions.tell(conn, found, rules=rules, now=now)


async def refused(
    conn: Hot, transaction_id: str, *, rules: Rules, now: datetime
) -> Transaction | None:
    """A session that the station will not start; whoever heard of it hears that it is INVALID."""
    found = await store.find(conn, transaction_id, lock=True)
    if found is None or found.state != "pending":
        return found
    return await _dropped(conn, found, rules=rules, now=now)


async def reserve(conn: Hot, wanted: Wanted, *, rules: Rules, now: datetime) -> Transaction:
    """A session that is reserved; to be told with `tell` once the reservation's row names it."""
    return await _write(conn, wanted, "reserved", rules=rules, now=now)


async def moved(conn: Hot, transaction_id: str, wanted: Wanted, *, now: datetime) -> None:
    """A reservation that has been replaced by one at another EVSE; it stays the same session."""
    there = await _made(conn, wanted, "reserved", new_id=transaction_id, now=now)
    await store.change(
        conn,
        transaction_id,
        **{name: getattr(there, name) for name in _WHERE},
    )


async def reservation_ended(
    conn: Hot, transaction_id: str, *, rules: Rules, now: datetime
) -> Transaction | None:
    """A reservation that nobody used: COMPLETED, and billed where the tariff has a price for it.

    To be called after the reservation's row says what became of it, and when.
    """
    found = await store.find(conn, transaction_id, lock=True)
    if found is None or found.state != "reserved":
        return found
    ended = replace(found, state="completed", stopped_at=now, bill_at=now)
    saved = await save(conn, found, ended)
    return await sessions.tell(conn, saved, rules=rules, now=now)


async def expire(db: Database, *, rules: Rules, now: datetime) -> int:
    """Give up the sessions that were asked for and have not begun; how many."""
    async with db.hot_transaction() as conn:
        overdue: Sequence[Transaction] = await transaction_lists.overdue(
            conn, now - rules.start_window
        )
        for each in overdue:
            await _dropped(conn, each, rules=rules, now=now)
    return len(overdue)


async def _write(
    conn: Hot, wanted: Wanted, state: str, *, rules: Rules, now: datetime
) -> Transaction:
    made = await _made(conn, wanted, state, new_id=rules.new_id(), now=now)
    await store.insert(conn, made)
    return made


async def _made(
    conn: Hot, wanted: Wanted, state: str, *, new_id: str, now: datetime
) -> Transaction:
    place = await places.place_of(
        conn, wanted.station_id, wanted.evse, wanted.connector, version=wanted.version
    )
    tariff = None if place is None else place.tariff(now, token=wanted.token)
    return Transaction(
        id=new_id,
        station_id=wanted.station_id,
        evse=wanted.evse,
        connector=wanted.connector,
        location_id=None if place is None else place.location_id,
        evse_uid=None if place is None else place.evse_uid,
        connector_id=None if place is None else place.connector_id,
        place=None if place is None else place.snapshot,
        tariffs=[] if tariff is None else [tariff],
        id_tag=wanted.id_tag,
        owner=wanted.owner.key,
        token=dict(wanted.token),
        auth_method=AuthMethod.COMMAND,
        authorization_reference=wanted.authorization_reference,
        state=state,
        start_received_at=now,
        remote_start_id=wanted.remote_start_id,
        reservation_id=wanted.reservation_id,
        last_updated=now,
    )


async def _dropped(conn: Hot, found: Transaction, *, rules: Rules, now: datetime) -> Transaction:
    saved = await save(conn, found, replace(found, state="invalid", stopped_at=now))
    if found.told_at is None:
        return saved
    return await sessions.tell(conn, saved, rules=rules, now=now)
