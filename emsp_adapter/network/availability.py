"""Whether a driver can charge at, or reserve, a plug: what is known before anybody is asked."""

from __future__ import annotations

from datetime import datetime, timedelta

from emsp_adapter.charging import commands
from emsp_adapter.charging.refusals import Refused, sentence
from emsp_adapter.money import credit
from emsp_adapter.network.places import Plug
from emsp_adapter.office import Office
from emsp_adapter.store import charges, drivers, occupancy, reservations
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.v2_2_1.locations import Capability, Status

_CLOSED = {
    Status.BLOCKED: "The charging point is blocked, for example by a car that does not charge.",
    Status.INOPERATIVE: "The charging point is out of order.",
    Status.OUTOFORDER: "The charging point is out of order.",
    Status.PLANNED: "The charging point is not in operation yet.",
    Status.REMOVED: "The charging point is no longer there.",
}
_GONE = frozenset({Status.PLANNED, Status.REMOVED})
_IN_USE = "The charging point is in use."

# So far apart are the plans of one driver at one EVSE.
_APART = timedelta(minutes=15)
# So long a charge without news keeps others away; then what its operator says of the EVSE counts.
_HEARD_OF = timedelta(minutes=15)


async def check_start(
    conn: Hot, office: Office, driver_id: str, plug: Plug, *, besides: str | None = None
) -> None:
    """Refused unless a start there has a chance now; `besides` is the charge that is to start. Who
    asks for the same EVSE waits until the caller's transaction ends."""
    await occupancy.claim_evse(
        conn, party=plug.party.key, location_id=plug.location_id, evse_uid=plug.evse_uid
    )
    check_remote(plug, Capability.REMOTE_START_STOP_CAPABLE)
    _check_open(plug)
    own = await reservations.held_at(
        conn,
        driver_id,
        party=plug.party.key,
        location_id=plug.location_id,
        evse_uid=plug.evse_uid,
    )
    if plug.status == Status.RESERVED and own is None:
        raise Refused("The charging point is reserved for somebody else.")
    if plug.status == Status.CHARGING:
        raise Refused(_IN_USE)
    await _check_driver(conn, office, driver_id, plug, besides=besides)


async def check_reservation(conn: Hot, office: Office, driver_id: str, plug: Plug) -> None:
    """Refused unless the plug's EVSE can be reserved now."""
    if Capability.RESERVABLE not in (plug.evse.get("capabilities") or ()):
        raise Refused("This charging point cannot be reserved.")
    _check_open(plug)
    if plug.status == Status.RESERVED:
        raise Refused("The charging point is reserved already.")
    if plug.status == Status.CHARGING:
        raise Refused(_IN_USE)
    await _check_driver(conn, office, driver_id, plug)


async def check_plan(
    conn: Hot, office: Office, driver_id: str, plug: Plug, start_at: datetime
) -> None:
    """Refused where a start will never have a chance; the rest is seen when its time comes."""
    check_remote(plug, Capability.REMOTE_START_STOP_CAPABLE)
    if plug.status in _GONE:
        raise Refused(_CLOSED[Status(plug.status)])
    if await occupancy.is_planned_at(
        conn,
        driver_id,
        party=plug.party.key,
        location_id=plug.location_id,
        evse_uid=plug.evse_uid,
        between=(start_at - _APART, start_at + _APART),
    ):
        raise Refused("You have planned a charge here already.")
    await _check_credit(conn, office, driver_id)


def check_remote(plug: Plug, capability: Capability) -> None:
    """Refused where the operator says what the EVSE can, and it is not that."""
    named = plug.evse.get("capabilities")
    if named and capability not in named:
        raise Refused("This charging point cannot be used with an app, only with a card.")


def _check_open(plug: Plug) -> None:
    closed = _CLOSED.get(Status(plug.status))
    if closed is not None:
        raise Refused(closed)


async def _check_driver(
    conn: Hot, office: Office, driver_id: str, plug: Plug, *, besides: str | None = None
) -> None:
    await _check_credit(conn, office, driver_id)
    now = office.now()
    who = await occupancy.charging_at(
        conn,
        driver_id,
        party=plug.party.key,
        location_id=plug.location_id,
        evse_uid=plug.evse_uid,
        now=now,
        lately=now - _HEARD_OF,
        besides=besides,
    )
    if who == driver_id:
        raise Refused("You are charging at this charging point already.")
    if who is not None:
        raise Refused(_IN_USE)
    if not commands.is_reachable(office, plug.party):
        raise Refused(commands.UNREACHABLE)


async def _check_credit(conn: Hot, office: Office, driver_id: str) -> None:
    driver = await drivers.find(conn, driver_id)
    if driver is None or not driver.active:
        raise Refused("This account is not active.")
    if driver.guest and await charges.has_any(conn, driver_id):
        raise Refused("Without an account there is one charge only; sign up for more.")
    owing = await credit.check(conn, office, driver_id)
    if owing is not None:
        raise Refused(sentence(owing))
