"""Reserving an EVSE for a driver, and letting go of it.

Source: 2.2.1 commands, ReserveNow and CancelReservation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emsp_adapter.charging import commands, reservations
from emsp_adapter.charging.commands import Answer
from emsp_adapter.charging.refusals import Refused
from emsp_adapter.charging.reservations import HELD, State
from emsp_adapter.contracts import tokens
from emsp_adapter.network import availability, place_cards, places, privacy
from emsp_adapter.network.places import Plug
from emsp_adapter.office import Office
from emsp_adapter.store import charges as charge_store
from emsp_adapter.store import notices
from emsp_adapter.store import reservations as store
from emsp_adapter.store.commands import Command
from emsp_adapter.store.reservations import Reservation
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.commands import CommandType

_LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which EVSE a driver wants kept, and until when; `location` is its public id."""

    driver_id: str
    location: str
    evse_uid: str
    until: datetime


async def reserve(office: Office, wish: Wish) -> Reservation:
    """The reservation, asked for; Refused where it has no chance."""
    async with office.db.hot_transaction() as conn:
        await charge_store.lock_driver(conn, wish.driver_id)
        await privacy.place(conn, office, wish.location, wish.driver_id)
        plug = await places.plug(conn, wish.location, wish.evse_uid)
        await _check(conn, office, wish, plug)
        token = await tokens.app_token(conn, office, wish.driver_id)
        made = await _made(conn, office, wish, plug, token)
        command = await commands.keep(
            conn,
            office,
            CommandType.RESERVE_NOW,
            plug.party,
            request={
                "reservation_id": made.id,
                "expiry_date": format_datetime(made.until),
                "location_id": made.location_id,
                "evse_uid": made.evse_uid,
                "authorization_reference": made.id,
            },
            reservation_id=made.id,
        )
    office.poke()
    answer = await commands.send(office, command, token=token)
    return await _answered(office, made, command, answer)


async def cancel(office: Office, driver_id: str, reservation_id: str) -> Reservation:
    """The reservation, which the CPO is asked to let go of; nothing is asked when it is over."""
    async with office.db.hot_transaction() as conn:
        found = await store.of_driver(conn, driver_id, reservation_id, lock=True)
        if found is None:
            raise ObjectNotFound(f"there is no reservation {reservation_id!r}")
        if found.state not in HELD:
            return found
        command = await commands.keep(
            conn,
            office,
            CommandType.CANCEL_RESERVATION,
            Party.of_key(found.party),
            request={"reservation_id": found.id},
            reservation_id=found.id,
        )
    answer = await commands.send(office, command)
    async with office.db.hot_transaction() as conn:
        has_result = await commands.answered(conn, office, command, answer)
        current = await store.find(conn, found.id) or found
        if current.state not in HELD or has_result:
            return current
        deadline = None if answer.wait is None else office.now() + answer.wait
        return await store.change(conn, found.id, reason=answer.reason, deadline=deadline)


async def _check(conn: Hot, office: Office, wish: Wish, plug: Plug) -> None:
    now = office.now()
    if wish.until <= now:
        raise Refused("until: expected a moment in the future", field="until")
    if wish.until > now + _LONGEST:
        hours = _LONGEST // timedelta(hours=1)
        raise Refused(f"until: expected a moment within {hours} hours", field="until")
    await availability.check_reservation(conn, office, wish.driver_id, plug)


async def _made(
    conn: Hot, office: Office, wish: Wish, plug: Plug, token: dict[str, Any]
) -> Reservation:
    made = Reservation(
        id=office.new_id(),
        driver_id=wish.driver_id,
        state=State.REQUESTED,
        party=plug.party.key,
        location_id=plug.location_id,
        evse_uid=plug.evse_uid,
        place=place_cards.card_of(plug),
        token_uid=token["uid"],
        until=wish.until,
        deadline=office.now() + timedelta(seconds=2 * office.settings.forward_timeout),
        created_at=office.now(),
    )
    await store.add(conn, made)
    return made


async def _answered(
    office: Office, made: Reservation, command: Command, answer: Answer
) -> Reservation:
    async with office.db.hot_transaction() as conn:
        has_result = await commands.answered(conn, office, command, answer)
        current = await store.find(conn, made.id) or made
        if current.state != State.REQUESTED or has_result:
            return current
        if answer.wait is None:
            return await reservations.end(
                conn, office, current, State.REFUSED, reason=answer.reason
            )
        await notices.tell(conn, made.driver_id)
        return await store.change(conn, made.id, deadline=office.now() + answer.wait)
