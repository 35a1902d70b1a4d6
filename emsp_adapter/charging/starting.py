"""Starting a charge: now, or at a time that the driver chose.

What can be seen beforehand is refused before anything is sent. Then the charge is committed, the
payment held, and the CPO asked once. A Session may come even where the answer was no or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from emsp_adapter import payments
from emsp_adapter.charging import charges, commands
from emsp_adapter.charging.commands import Answer
from emsp_adapter.charging.course import Event, State
from emsp_adapter.charging.refusals import Refused
from emsp_adapter.contracts import tokens
from emsp_adapter.money import plans
from emsp_adapter.network import availability, place_cards, places, privacy
from emsp_adapter.network.places import Plug
from emsp_adapter.office import Office
from emsp_adapter.store import charges as store
from emsp_adapter.store.charges import Charge
from emsp_adapter.store.commands import Command
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.v2_2_1.commands import CommandType
from ocpi_hub.protocol.v2_2_1.locations import Capability

_FURTHEST = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where a driver wants to charge, and when; `location` is its public id."""

    driver_id: str
    source: str
    location: str
    evse_uid: str
    connector_id: str | None = None
    start_at: datetime | None = None
    payment_method: str | None = None


async def start(office: Office, wish: Wish) -> Charge:
    """The charge: planned, or asked for. Refused where it has no chance, UnknownPlace where there
    is no such plug, or none that is shown to the driver."""
    async with office.db.hot_transaction() as conn:
        await store.lock_driver(conn, wish.driver_id)
        await privacy.place(conn, office, wish.location, wish.driver_id)
        plug = await places.plug(conn, wish.location, wish.evse_uid, wish.connector_id)
        charge = await prepare(conn, office, wish, plug)
    return charge if charge.state == State.SCHEDULED else await carry_out(office, charge, plug)


async def carry_out(office: Office, charge: Charge, plug: Plug) -> Charge:
    """Holds the payment and asks the CPO; the charge after the answer."""
    unpaid = await _held(office, charge, plug)
    if unpaid is not None:
        return await _refused(office, charge, unpaid)
    async with office.db.hot_transaction() as conn:
        give = tokens.guest_token if charge.source == "guest" else tokens.app_token
        token = await give(conn, office, charge.driver_id)
        current = await store.find(conn, charge.id, lock=True)
        if current is None or current.state != State.STARTING:
            # It was given up before it could be asked for.
            return current or charge
        charge = await store.change(conn, charge.id, token_uid=token["uid"])
        command = await commands.keep(
            conn,
            office,
            CommandType.START_SESSION,
            plug.party,
            request=_request(charge, plug),
            charge_id=charge.id,
        )
    office.poke()
    answer = await commands.send(office, command, token=token)
    return await _answered(office, charge, command, answer)


async def prepare(conn: Hot, office: Office, wish: Wish, plug: Plug) -> Charge:
    """The charge, kept before anything is sent; Refused where it has no chance."""
    now = office.now()
    planned = wish.start_at is not None
    if wish.payment_method is not None:
        await _check_method(conn, office, wish.driver_id, wish.payment_method)
    if wish.start_at is not None:
        _check_time(wish.start_at, now)
        await availability.check_plan(conn, office, wish.driver_id, plug, wish.start_at)
    else:
        await availability.check_start(conn, office, wish.driver_id, plug)
    await _check_currency(conn, office, wish.driver_id, plug)
    charge = Charge(
        id=office.new_id(),
        driver_id=wish.driver_id,
        source=wish.source,
        state=State.SCHEDULED if planned else State.STARTING,
        party=plug.party.key,
        location_id=plug.location_id,
        evse_uid=plug.evse_uid,
        connector_id=_connector(plug, wish.connector_id),
        place=place_cards.card_of(plug),
        payment_method=wish.payment_method,
        requested_at=now,
        start_at=wish.start_at,
        deadline=None if planned else first_deadline(office),
        updated_at=now,
    )
    await store.add(conn, charge)
    await charges.told(conn, charge)
    return charge


def first_deadline(office: Office) -> datetime:
    """When a start is given up of which not even an answer came: this process may have died."""
    settings = office.settings
    return office.now() + timedelta(
        seconds=2 * settings.forward_timeout + settings.session_patience
    )


def _check_time(start_at: datetime, now: datetime) -> None:
    if start_at <= now:
        raise Refused("start_at: expected a moment in the future", field="start_at")
    if start_at > now + _FURTHEST:
        raise Refused(f"start_at: expected a moment within {_FURTHEST.days} days", field="start_at")


async def _check_method(conn: Hot, office: Office, driver_id: str, method_id: str) -> None:
    if not await payments.has(conn, office, driver_id, method_id):
        raise Refused(
            "payment_method: expected the id of one of your payment methods",
            field="payment_method",
        )


async def _check_currency(conn: Hot, office: Office, driver_id: str, plug: Plug) -> None:
    unpayable = payments.unpayable(office, await _currency(conn, office, driver_id, plug))
    if unpayable is not None:
        raise Refused(unpayable)


async def _currency(conn: Hot, office: Office, driver_id: str, plug: Plug) -> str:
    """The currency that a charge would be paid in."""
    now = office.now()
    offered = await places.tariffs_of(conn, plug, now)
    if offered:
        return str(offered[0]["currency"])
    return (await plans.holding(conn, office, driver_id, now)).currency


def _connector(plug: Plug, named: str | None) -> str | None:
    """2.2.1 commands, StartSession: optional but where the EVSE needs to be told. Which of several
    the driver plugs in is not for us to say."""
    needed = Capability.START_SESSION_CONNECTOR_REQUIRED in (plug.evse.get("capabilities") or ())
    single = len(plug.evse["connectors"]) == 1
    return plug.connector_id if named is not None or needed or single else None


def _request(charge: Charge, plug: Plug) -> dict[str, str]:
    request = {
        "location_id": plug.location_id,
        "evse_uid": plug.evse_uid,
        "authorization_reference": charge.id,
    }
    if charge.connector_id is not None:
        request["connector_id"] = charge.connector_id
    return request


async def _held(office: Office, charge: Charge, plug: Plug) -> str | None:
    """Why the payment could not be held; None: it is, or need not be."""
    async with office.db.hot() as conn:
        currency = await _currency(conn, office, charge.driver_id, plug)
    hold = await payments.hold(
        office, charge.driver_id, charge.id, currency, method_id=charge.payment_method
    )
    return hold.reason


async def _answered(office: Office, charge: Charge, command: Command, answer: Answer) -> Charge:
    async with office.db.hot_transaction() as conn:
        has_result = await commands.answered(conn, office, command, answer)
        current = await store.find(conn, charge.id, lock=True) or charge
        if answer.wait is None:
            return await charges.happen(conn, office, current, Event.REFUSED, reason=answer.reason)
        if has_result or current.state != State.STARTING:
            return current
        return await store.change(conn, charge.id, deadline=office.now() + answer.wait)


async def _refused(office: Office, charge: Charge, reason: str) -> Charge:
    async with office.db.hot_transaction() as conn:
        current = await store.find(conn, charge.id, lock=True) or charge
        return await charges.happen(conn, office, current, Event.REFUSED, reason=reason)
