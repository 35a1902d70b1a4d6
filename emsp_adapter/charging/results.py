"""What CPOs tell us later of what we asked: results of commands and of charging profiles.

A result is for one command only, and only its CPO may give it; a hub passes it on. One that comes
late is kept. Source: 2.2.1 commands, CommandResult; chargingprofiles, Sender interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from emsp_adapter.asking import Asking
from emsp_adapter.charging import charges, commands, profiles, reservations
from emsp_adapter.charging.course import Event, State
from emsp_adapter.office import Office
from emsp_adapter.store import charges as charge_store
from emsp_adapter.store import commands as store
from emsp_adapter.store import notices
from emsp_adapter.store import reservations as reservation_store
from emsp_adapter.store.commands import Command
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.message import Reply
from ocpi_hub.protocol.v2_2_1.charging_profiles import ChargingProfileResultType
from ocpi_hub.protocol.v2_2_1.commands import CommandResultType, CommandType

_CANCELLED_BY_CPO = CommandResultType.CANCELED_RESERVATION
_GONE = frozenset({CommandResultType.ACCEPTED, CommandResultType.UNKNOWN_RESERVATION})
_REFUSALS = {CommandType.START_SESSION: Event.REFUSED, CommandType.STOP_SESSION: Event.STOP_REFUSED}
# What it waits in for the Session.
_WAITING = {CommandType.START_SESSION: State.STARTING, CommandType.STOP_SESSION: State.STOPPING}


async def command(office: Office, asking: Asking) -> Reply:
    """Takes the result of a command. CMD-28: 404 where there is none of that name."""
    result = CommandResultType(asking.document["result"])
    reason = commands.why_not(result, asking.document.get("message"))
    async with office.db.hot_transaction() as conn:
        asked = await _asked(conn, asking, kind=asking.param("command"))
        # CMD-20: a reservation may be cancelled after it was confirmed.
        reserved = asked.kind == CommandType.RESERVE_NOW
        if asked.state == "done" and not (reserved and result is _CANCELLED_BY_CPO):
            return Reply()
        await store.finish(conn, asked.id, result=result.value, message=reason, now=office.now())
        if asked.charge_id is not None:
            await _charge(conn, office, asked, reason)
        elif asked.reservation_id is not None:
            await _reservation(conn, office, asked, result, reason)
    return Reply()


async def _asked(conn: Hot, asking: Asking, *, kind: str) -> Command:
    found = await store.find(conn, asking.param("result_id"), lock=True)
    if found is None or found.kind != kind or not _may_answer(found, asking):
        raise ObjectNotFound(f"result_id: {asking.param('result_id')!r} waits for no result")
    return found


def _may_answer(command: Command, asking: Asking) -> bool:
    return command.party == asking.sender.key or asking.sender == asking.peer.hub


async def _charge(conn: Hot, office: Office, asked: Command, reason: str | None) -> None:
    """2.2.1 commands: ACCEPTED says that the station will try; the Session is the proof."""
    charge = await charge_store.find(conn, str(asked.charge_id), lock=True)
    if charge is None:
        return
    kind = CommandType(asked.kind)
    if reason is not None:
        await charges.happen(conn, office, charge, _REFUSALS[kind], reason=reason)
    elif charge.state == _WAITING[kind]:
        deadline = office.now() + timedelta(seconds=office.settings.session_patience)
        await charge_store.change(conn, charge.id, deadline=deadline)


async def _reservation(
    conn: Hot, office: Office, asked: Command, result: CommandResultType, reason: str | None
) -> None:
    found = await reservation_store.find(conn, str(asked.reservation_id))
    if found is None:
        return
    held = found.state in reservations.HELD
    if asked.kind == CommandType.CANCEL_RESERVATION:
        if held:
            await _cancelled(conn, office, found, result, reason)
    elif result is CommandResultType.ACCEPTED:
        await reservations.confirm(conn, office, found)
    elif held and result is _CANCELLED_BY_CPO:
        await reservations.expire(conn, office, found, reason=reason)
    elif held:
        await reservations.end(conn, office, found, reservations.State.REFUSED, reason=reason)
    await notices.tell(conn, found.driver_id)


async def _cancelled(
    conn: Hot,
    office: Office,
    found: reservation_store.Reservation,
    result: CommandResultType,
    reason: str | None,
) -> None:
    if result in _GONE:
        await reservations.end(conn, office, found, reservations.State.CANCELLED)
    else:
        await reservation_store.change(conn, found.id, reason=reason, deadline=None)


async def profile(office: Office, asking: Asking) -> Reply:
    """Takes what the EVSE is to do, which we asked for; nothing else of profiles is asked here."""
    if not asking.message.operation.path.startswith("get/"):
        raise ObjectNotFound("result_id: no change of a charging profile was asked for")
    found = asking.document
    result = ChargingProfileResultType(found["result"])
    async with office.db.hot_transaction() as conn:
        asked = await _asked(conn, asking, kind=profiles.KIND)
        if asked.state == "done":
            return Reply()
        await store.finish(conn, asked.id, result=result.value, message=None, now=office.now())
        if asked.charge_id is not None and found.get("profile") is not None:
            await _keep_profile(conn, office, asked.charge_id, found["profile"])
    return Reply()


async def active_profile(office: Office, asking: Asking) -> Reply:
    """Keeps what the EVSE is to do from now on, with the charge (CHP-05)."""
    async with office.db.hot_transaction() as conn:
        session_id = asking.param("session_id")
        charge = await charge_store.by_session(conn, asking.sender.key, session_id)
        if charge is None:
            raise ObjectNotFound(f"session_id: no Session {session_id!r} of yours is known here")
        await _keep_profile(conn, office, charge.id, asking.document)
    return Reply()


async def _keep_profile(
    conn: Hot, office: Office, charge_id: str, found: Mapping[str, Any]
) -> None:
    changed = await charge_store.change(conn, charge_id, profile=found, updated_at=office.now())
    await charges.told(conn, changed)
