"""Reservations: what becomes of them with a Session, an answer, and time.

A Session in the status RESERVATION stands for one; when it becomes ACTIVE the reservation was used
(2.2.1 sessions, Reservation).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from emsp_adapter.charging.usage import Usage
from emsp_adapter.drivers import notifications
from emsp_adapter.drivers.sentences import said
from emsp_adapter.network import place_cards
from emsp_adapter.office import Office
from emsp_adapter.store import notices
from emsp_adapter.store import reservations as store
from emsp_adapter.store.reservations import Reservation
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.sessions import SessionStatus


class State(StrEnum):
    """Where a reservation stands."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"


HELD = frozenset({State.REQUESTED, State.CONFIRMED})


async def session_changed(conn: Hot, office: Office, driver_id: str, usage: Usage) -> None:
    """What a Session of this driver means for what is reserved."""
    found = await store.of_session(
        conn,
        driver_id,
        party=usage.party.key,
        session_id=usage.session_id,
        reference=usage.reference,
    )
    if found is None and usage.runs:
        found = await store.held_at(
            conn,
            driver_id,
            party=usage.party.key,
            location_id=usage.location_id,
            evse_uid=usage.evse_uid,
        )
    if found is None:
        return
    match usage.status:
        case SessionStatus.RESERVATION:
            await store.change(conn, found.id, session_id=usage.session_id)
        case SessionStatus.ACTIVE:
            await end(conn, office, found, State.USED, session_id=usage.session_id)
        case SessionStatus.COMPLETED | SessionStatus.INVALID:
            await expire(conn, office, found)
        case SessionStatus.PENDING:
            pass


async def end(
    conn: Hot,
    office: Office,
    reservation: Reservation,
    state: State,
    *,
    reason: str | None = None,
    **columns: object,
) -> Reservation:
    """The reservation, which holds the EVSE no longer."""
    await notices.tell(conn, reservation.driver_id)
    return await store.change(
        conn,
        reservation.id,
        state=state.value,
        reason=reason,
        deadline=None,
        ended_at=office.now(),
        **columns,
    )


async def confirm(conn: Hot, office: Office, reservation: Reservation) -> None:
    """The EVSE is kept; also where the answer was given up, for then it is kept all the same."""
    waiting = reservation.state in (State.REQUESTED, State.REFUSED)
    if waiting and reservation.until > office.now():
        await store.change(
            conn,
            reservation.id,
            state=State.CONFIRMED.value,
            reason=None,
            deadline=None,
            ended_at=None,
        )


async def expire(
    conn: Hot, office: Office, reservation: Reservation, *, reason: str | None = None
) -> None:
    """It ended without a charge: its driver is told."""
    await end(conn, office, reservation, State.EXPIRED, reason=reason)
    await notifications.note(
        conn,
        reservation.driver_id,
        notifications.Notification.RESERVATION_EXPIRED,
        subject_id=reservation.id,
        facts={
            **place_cards.facts_of(reservation.place, reservation.evse_uid),
            "until": format_datetime(reservation.until),
            "reason": reason,
        },
        now=office.now(),
    )


def document(reservation: Reservation, *, language: str) -> Mapping[str, Any]:
    """The reservation as its driver sees it."""
    reason = reservation.reason
    return {
        "id": reservation.id,
        "state": reservation.state,
        "location": reservation.place["location"],
        "evse_uid": reservation.evse_uid,
        "until": reservation.until,
        "reason": None if reason is None else said(reason, language),
    }
