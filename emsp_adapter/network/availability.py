"""Whether a driver can charge at, or reserve, a plug: what is known before anybody is asked."""

from __future__ import annotations

from datetime import datetime, timedelta

from emsp_adapter.charging import commands
from emsp_adapter.charging.refusals import Refused
from emsp_adapter.money import credit
from emsp_adapter.network import chances
from emsp_adapter.network.places import Plug
from emsp_adapter.office import Office
from emsp_adapter.store import charges, drivers, occupancy
from ocpi_hub.node.engine import Hot

_HOUR = timedelta(hours=1)
# So far apart are the plans of one driver at one EVSE.
_APART = timedelta(minutes=15)


async def check_start(
    conn: Hot, office: Office, driver_id: str, plug: Plug, *, besides: str | None = None
) -> None:
    """Refused unless a start there has a chance now; `besides` is the charge that is to start. Who
    asks for the same EVSE waits until the caller's transaction ends."""
    await occupancy.claim_evse(
        conn, party=plug.party.key, location_id=plug.location_id, evse_uid=plug.evse_uid
    )
    await _check_credit(conn, office, driver_id)
    use = await chances.use_of(
        conn, driver_id, plug.party, plug.location_id, now=office.now(), besides=besides
    )
    reachable = commands.is_reachable(office, plug.party)
    _refuse(chances.start_refusal(plug.evse, use, reachable=reachable))
    await _check_often(conn, office, driver_id)


async def check_reservation(conn: Hot, office: Office, driver_id: str, plug: Plug) -> None:
    """Refused unless the plug's EVSE can be reserved now."""
    await _check_credit(conn, office, driver_id)
    use = await chances.use_of(conn, driver_id, plug.party, plug.location_id, now=office.now())
    reachable = commands.is_reachable(office, plug.party)
    _refuse(chances.reservation_refusal(plug.evse, use, reachable=reachable))


async def check_plan(
    conn: Hot, office: Office, driver_id: str, plug: Plug, start_at: datetime
) -> None:
    """Refused where a start will never have a chance; the rest is seen when its time comes."""
    _refuse(chances.plan_refusal(plug.evse))
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


def _refuse(why: str | None) -> None:
    if why is not None:
        raise Refused(why)


async def _check_often(conn: Hot, office: Office, driver_id: str) -> None:
    """T20: an app starts no more charges in an hour than a card does."""
    most = office.settings.starts_per_hour
    if most and await charges.asked_for(conn, driver_id, since=office.now() - _HOUR) >= most:
        raise Refused(f"You have started {most} charges within an hour; try again later.")


async def _check_credit(conn: Hot, office: Office, driver_id: str) -> None:
    driver = await drivers.find(conn, driver_id)
    if driver is None or not driver.active:
        raise Refused("This account is not active.")
    if driver.guest and await charges.has_any(conn, driver_id):
        raise Refused("Without an account there is one charge only; sign up for more.")
    owing = await credit.check(conn, office, driver_id)
    if owing is not None:
        raise Refused(owing)
