"""Charges: what becomes of them with every Session and CDR, and with what was asked.

A charge is what a driver sees of a start, a Session and a CDR. Whoever calls owns the transaction;
every change is told to the processes that show it, and to the driver where it matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from emsp_adapter.charging import reservations
from emsp_adapter.charging.course import FINAL, Event, State, after
from emsp_adapter.charging.matching import charge_of, of_its_time, own
from emsp_adapter.charging.measuring import reading
from emsp_adapter.charging.usage import Usage
from emsp_adapter.drivers import notifications
from emsp_adapter.network import place_cards
from emsp_adapter.network.places import UnknownPlace, key_of, plug
from emsp_adapter.office import Office
from emsp_adapter.store import charges as store
from emsp_adapter.store import notices
from emsp_adapter.store.charges import Charge
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.sessions import SessionStatus

_SOURCES = {"APP_USER": "app", "AD_HOC_USER": "guest"}
_UNUSED = "The charge did not begin: the operator closed it before any energy was delivered."
_INVALID = "The operator declared this charge invalid; it is not billed."

# What the driver is told when a charge comes to this.
_KINDS = {
    State.CHARGING: "charge_started",
    State.FINISHED: "charge_finished",
    State.FAILED: "charge_failed",
    State.MISSED: "scheduled_start_missed",
}


async def session_changed(
    conn: Hot, office: Office, driver_id: str, party: Party, document: Mapping[str, Any]
) -> str | None:
    """The id of the charge that a Session, as it is now, belongs to; None while there is only a
    reservation, or a card that was held to a station."""
    usage = Usage.of_session(party, document)
    await reservations.session_changed(conn, office, driver_id, usage)
    charge = await charge_of(conn, driver_id, usage)
    if charge is None:
        if not usage.counts:
            return None
        charge = await _make(conn, office, driver_id, usage)
    charge = await _measured(conn, charge, document, usage, now=office.now())
    event = _event(charge, usage)
    if event is None:
        await told(conn, charge)
        return charge.id
    columns: dict[str, Any] = {"started_at": usage.start} if usage.runs or usage.counts else {}
    if event in (Event.ENDED, Event.UNUSED):
        columns |= {"ended_at": usage.end, "power_kw": None}
    await happen(conn, office, charge, event, reason=_reason(usage, event), **columns)
    return charge.id


async def cdr_came(
    conn: Hot,
    office: Office,
    driver_id: str,
    party: Party,
    document: Mapping[str, Any],
    *,
    accepted: bool,
) -> str:
    """The id of the charge that a CDR is about; one whose Session never came is made. A Credit CDR
    takes back what was billed, or disputed, not the charge."""
    usage = await own(conn, driver_id, Usage.of_cdr(party, document))
    charge = await charge_of(conn, driver_id, usage) or await of_its_time(conn, driver_id, usage)
    if charge is None:
        charge = await _make(conn, office, driver_id, usage)
    if usage.is_credit:
        disputed = charge.disputed and not accepted
        await told(conn, await store.change(conn, charge.id, disputed=disputed))
        return charge.id
    await happen(
        conn,
        office,
        charge,
        Event.ENDED,
        kwh=usage.kwh,
        started_at=usage.start,
        ended_at=usage.end,
        power_kw=None,
        disputed=not accepted,
    )
    return charge.id


async def happen(
    conn: Hot,
    office: Office,
    charge: Charge,
    event: Event,
    *,
    reason: str | None = None,
    **columns: Any,
) -> Charge:
    """The charge after an event; unchanged but for the columns where the event means nothing."""
    now = office.now()
    state = after(State(charge.state), event)
    if state is None:
        if columns:
            charge = await store.change(conn, charge.id, updated_at=now, **columns)
        await told(conn, charge)
        return charge
    columns = {"deadline": None} | _of_state(state, now) | columns
    changed = await store.change(
        conn, charge.id, state=state.value, reason=reason, updated_at=now, **columns
    )
    await told(conn, changed)
    await _note(conn, office, State(charge.state), changed)
    return changed


def _of_state(state: State, now: datetime) -> dict[str, Any]:
    """What else of a charge is new with a state: its end, and whether a hold is for nothing."""
    if state not in FINAL:
        return {"ended_at": None, "release_due": False}
    return {"ended_at": now, "release_due": state is not State.FINISHED}


async def told(conn: Hot, charge: Charge) -> None:
    """Who watches the charge reads it again."""
    await notices.tell(conn, charge.driver_id)


async def _note(conn: Hot, office: Office, before: State, charge: Charge) -> None:
    """A stop that was refused is no new start."""
    kind = _KINDS.get(State(charge.state))
    if kind is None or (before is State.STOPPING and charge.state == State.CHARGING):
        return
    await notifications.note(
        conn,
        charge.driver_id,
        kind,
        subject_id=charge.id,
        facts={
            **place_cards.facts_of(charge.place, charge.evse_uid),
            "start_at": None if charge.start_at is None else format_datetime(charge.start_at),
            "energy_kwh": None if charge.kwh is None else f"{charge.kwh:f}",
            "reason": charge.reason,
        },
        now=office.now(),
    )


# --- what did not begin with us -------------------------------------------------------------------


async def _make(conn: Hot, office: Office, driver_id: str, usage: Usage) -> Charge:
    """A charge that did not begin with us: with a card, at the station, or while we were away."""
    key = key_of(usage.party, usage.location_id)
    try:
        place = place_cards.card_of(await plug(conn, key, usage.evse_uid, usage.connector_id))
    except UnknownPlace:
        place = place_cards.unknown(key, usage.place_name)
    now = office.now()
    made = Charge(
        id=office.new_id(),
        driver_id=driver_id,
        source=_SOURCES.get(usage.token_type, "card"),
        state=State.STARTING,
        party=usage.party.key,
        location_id=usage.location_id,
        evse_uid=usage.evse_uid,
        connector_id=usage.connector_id,
        place=place,
        token_uid=usage.token_uid,
        session_id=usage.session_id,
        requested_at=usage.start,
        updated_at=now,
    )
    await store.add(conn, made)
    return made


# --- what has happened to it ---------------------------------------------------------------------


async def _measured(
    conn: Hot,
    charge: Charge,
    document: Mapping[str, Any],
    usage: Usage,
    *,
    now: datetime,
) -> Charge:
    before = None
    if charge.kwh is not None and charge.measured_at is not None:
        before = (charge.kwh, charge.measured_at)
    seen = reading(document, before=before)
    if charge.measured_at is not None and seen.at < charge.measured_at:
        return charge
    return await store.change(
        conn,
        charge.id,
        kwh=seen.kwh,
        power_kw=_newest(seen.power_kw, charge.power_kw),
        state_of_charge=_newest(seen.state_of_charge, charge.state_of_charge),
        # A stamp in the future must not freeze it.
        measured_at=min(seen.at, now),
        evse_uid=usage.evse_uid,
        connector_id=usage.connector_id,
        updated_at=now,
    )


def _newest(seen: Decimal | None, before: Decimal | None) -> Decimal | None:
    return before if seen is None else seen


def _event(charge: Charge, usage: Usage) -> Event | None:
    if usage.status is SessionStatus.INVALID:
        return Event.UNUSED
    if usage.runs:
        return Event.RUNS
    if usage.status is not SessionStatus.COMPLETED:
        return None
    began = charge.started_at is not None or usage.kwh > 0
    return Event.ENDED if began else Event.UNUSED


def _reason(usage: Usage, event: Event) -> str | None:
    if event is not Event.UNUSED:
        return None
    return _INVALID if usage.status is SessionStatus.INVALID else _UNUSED
