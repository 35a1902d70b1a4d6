"""Charging preferences: how a driver wants a charge to go on.

Source: 2.2.1 sessions, Set: Charging Preferences. ACCEPTED is no promise.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from emsp_adapter.charging import charges, commands, profiles
from emsp_adapter.charging.course import State
from emsp_adapter.charging.refusals import Refused
from emsp_adapter.office import Office
from emsp_adapter.store import charges as store
from emsp_adapter.store.charges import Charge
from ocpi_hub.protocol.client import data_of
from ocpi_hub.protocol.errors import ObjectNotFound, OcpiError
from ocpi_hub.protocol.modules import operation
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.roles import Interface
from ocpi_hub.protocol.v2_2_1.sessions import ChargingPreferencesResponse as Response

_PUT = operation("sessions", Interface.SENDER, "PUT", "{session_id}/charging_preferences")

_WHY_NOT = {
    Response.DEPARTURE_REQUIRED: (
        "The operator needs to know when you leave.",
        "departure_time",
    ),
    Response.ENERGY_NEED_REQUIRED: (
        "The operator needs to know how much you need.",
        "energy_need_kwh",
    ),
    Response.NOT_POSSIBLE: ("That much energy is not possible until then.", None),
    Response.PROFILE_TYPE_NOT_SUPPORTED: (
        "This charging point does not offer that.",
        "profile_type",
    ),
}
_NOT_HERE = "This charging point does not take preferences."
_NOT_UNDERSTOOD = "The operator gave an answer that makes no sense."


def document(charge: Charge) -> dict[str, Any] | None:
    """What the driver wants of a charge and its CPO has accepted, as JSON; None is nothing yet."""
    kept = charge.preferences
    if kept is None:
        return None
    need = kept.get("energy_need")
    return {
        "profile_type": kept["profile_type"],
        "departure_time": kept.get("departure_time"),
        "energy_need_kwh": None if need is None else f"{Decimal(str(need)):f}",
        # Others are refused, and not kept.
        "answer": Response.ACCEPTED.value,
    }


async def put(
    office: Office, driver_id: str, charge_id: str, preferences: Mapping[str, Any]
) -> Charge:
    """The charge, whose CPO has taken the preferences and is asked what it makes of them; Refused
    says why it has not."""
    async with office.db.hot() as conn:
        charge = await store.of_driver(conn, driver_id, charge_id)
    if charge is None:
        raise ObjectNotFound(f"there is no charge {charge_id!r}")
    if charge.state != State.CHARGING or charge.session_id is None:
        raise Refused("Preferences can be set only while the car charges.")
    await _ask(office, charge, charge.session_id, preferences)
    async with office.db.hot_transaction() as conn:
        changed = await store.change(
            conn, charge.id, preferences=dict(preferences), updated_at=office.now()
        )
        await charges.told(conn, changed)
    await profiles.ask(office, changed)
    return changed


async def _ask(
    office: Office, charge: Charge, session_id: str, preferences: Mapping[str, Any]
) -> None:
    try:
        reply = await office.side.outgoing.send(
            _PUT,
            to=Party.of_key(charge.party),
            params={"session_id": session_id},
            body=preferences,
            urgent=True,
        )
    except OcpiError as error:
        raise Refused(commands.UNREACHABLE) from error
    if not reply.ok:
        # PRF-04, PRF-05: 404 for an EVSE or a Session that takes none.
        raise Refused(_NOT_HERE)
    said = data_of(reply)
    if said not in set(Response):
        raise Refused(_NOT_UNDERSTOOD)
    if said != Response.ACCEPTED:
        why, field = _WHY_NOT[Response(said)]
        raise Refused(why, field=field)
