"""Sessions that are not billed before a person has looked: to be released, or written off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from cpo_adapter import endings, sessions, suspicions
from cpo_adapter.measuring import save
from cpo_adapter.rules import Rules
from cpo_adapter.statuses import rederive
from cpo_adapter.store import transaction_lists
from cpo_adapter.store import transactions as store
from cpo_adapter.store.transactions import Transaction
from cpo_adapter.suspicions import Suspicion
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import InvalidParameters, NotFound


async def listed(conn: Hot) -> list[Transaction]:
    """The ended sessions that wait for a person's word, the newest first."""
    return await transaction_lists.held(conn)


async def stuck(conn: Hot, *, rules: Rules, now: datetime) -> list[Transaction]:
    """The running sessions that nothing was heard of for long."""
    return await transaction_lists.stuck(conn, now - rules.stuck_after)


async def release(
    conn: Hot,
    session_id: str,
    *,
    kwh: Decimal | None = None,
    rules: Rules,
    now: datetime,
    actor: str,
) -> Transaction:
    """A session that a person has found right, or put right: its CDR is due at once."""
    found = await _held(conn, session_id)
    if found.owner is None or found.token is None or found.place is None:
        raise InvalidParameters(
            f"session {session_id} is nobody's to pay: its token or its place is not known"
        )
    if kwh is not None and kwh < 0:
        raise InvalidParameters(f"kwh: expected 0 or more, got {kwh}")
    message = f"released by {actor}" + ("" if kwh is None else f" with {kwh} kWh")
    released = replace(
        found,
        energy=found.energy if kwh is None else kwh * 1000,
        billing="released",
        bill_at=now,
        suspicions=suspicions.added(found.suspicions, Suspicion.RELEASED, message),
    )
    saved = await save(conn, found, released)
    return await sessions.tell(conn, saved, rules=rules, now=now)


async def write_off(
    conn: Hot, session_id: str, *, rules: Rules, now: datetime, actor: str
) -> Transaction:
    """A session that nobody will pay: INVALID."""
    found = await _held(conn, session_id)
    message = f"written off by {actor}"
    written_off = replace(
        found,
        billing="written_off",
        suspicions=suspicions.added(found.suspicions, Suspicion.WRITTEN_OFF, message),
    )
    saved = await save(conn, found, written_off)
    # Whoever never heard of it need not hear that it is nothing.
    return (
        saved if found.told_at is None else await sessions.tell(conn, saved, rules=rules, now=now)
    )


async def close(
    conn: Hot, session_id: str, *, meter_stop: Decimal | None, rules: Rules, now: datetime
) -> Transaction:
    """A running session ended by hand, with the register in Wh if somebody has read it."""
    found = await _found(conn, session_id)
    if not found.is_open:
        raise InvalidParameters(f"session {session_id} is {found.state}, expected a running one")
    if meter_stop is not None and meter_stop < (found.meter_start or 0):
        raise InvalidParameters(
            f"meter_stop: {meter_stop} Wh is less than {found.meter_start} Wh at the start"
        )
    closed = await endings.closed_by_hand(conn, found, meter_stop=meter_stop, rules=rules, now=now)
    if closed.evse_uid is not None:
        await rederive(conn, [closed.evse_uid], now=now, settle=rules.status_settle)
    return closed


async def _held(conn: Hot, session_id: str) -> Transaction:
    found = await _found(conn, session_id)
    if found.state != "completed" or not found.held:
        raise InvalidParameters(f"session {session_id} does not wait for anybody's word")
    return found


async def _found(conn: Hot, session_id: str) -> Transaction:
    found = await store.find(conn, session_id, lock=True)
    if found is None:
        raise NotFound(f"there is no session {session_id}")
    return found
