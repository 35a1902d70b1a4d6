"""Which charge a Session or a CDR is about. The rows that are found are locked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from emsp_adapter.charging.usage import Usage
from emsp_adapter.store import charges as store
from emsp_adapter.store import sessions
from emsp_adapter.store.charges import Charge
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import InvalidParameters

# How far from a start a Session without our reference may begin and be the outcome of it.
_AROUND = timedelta(hours=1)


async def charge_of(conn: Hot, driver_id: str, usage: Usage) -> Charge | None:
    """By the Session's id, by the reference we gave, else by token and place."""
    if usage.session_id is not None:
        # A Session and its CDR may be here at the same time.
        await sessions.claim(conn, usage.party, usage.session_id)
        known = await store.by_session(conn, usage.party.key, usage.session_id)
        if known is not None:
            _check_owner(known, driver_id)
            return known
    found = await _by_reference(conn, driver_id, usage) or await store.awaiting(
        conn,
        driver_id,
        party=usage.party.key,
        location_id=usage.location_id,
        evse_uid=usage.evse_uid,
        token_uid=usage.token_uid,
        between=(usage.start - _AROUND, usage.start + _AROUND),
    )
    if found is None or usage.session_id is None:
        return found
    return await store.change(conn, found.id, session_id=usage.session_id)


async def own(conn: Hot, driver_id: str, usage: Usage) -> Usage:
    """A CDR that names somebody else's Session is about none that we know."""
    if usage.session_id is None:
        return usage
    known = await store.by_session(conn, usage.party.key, usage.session_id)
    others = known is not None and known.driver_id != driver_id
    return replace(usage, session_id=None) if others else usage


async def of_its_time(conn: Hot, driver_id: str, usage: Usage) -> Charge | None:
    """By when and where the driver charged: for CDRs that name neither Session nor reference."""
    return await store.at_the_time(
        conn,
        driver_id,
        party=usage.party.key,
        location_id=usage.location_id,
        evse_uid=usage.evse_uid,
        start=usage.start,
        end=usage.end or usage.start,
    )


def _check_owner(charge: Charge, driver_id: str) -> None:
    """A Session does not change hands: nobody sees, or pays, what somebody else charged."""
    if charge.driver_id != driver_id:
        raise InvalidParameters("cdr_token.uid: the Session was told of with another Token before")


async def _by_reference(conn: Hot, driver_id: str, usage: Usage) -> Charge | None:
    if usage.reference is None:
        return None
    found = await store.of_driver(conn, driver_id, usage.reference.lower(), lock=True)
    if found is None or found.party != usage.party.key:
        return None
    others = found.session_id is not None and usage.session_id is not None
    return None if others and found.session_id != usage.session_id else found
