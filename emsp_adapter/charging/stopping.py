"""Stopping a charge: asked of the Session's owner, once. Source: 2.2.1 commands, StopSession."""

from __future__ import annotations

from datetime import timedelta

from emsp_adapter.charging import charges, commands
from emsp_adapter.charging.commands import Answer
from emsp_adapter.charging.course import Event, State
from emsp_adapter.charging.refusals import Refused
from emsp_adapter.office import Office
from emsp_adapter.store import charges as store
from emsp_adapter.store.charges import Charge
from emsp_adapter.store.commands import Command
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.party import Party
from ocpi_hub.protocol.v2_2_1.commands import CommandType

_NOT_NOW = {
    State.SCHEDULED: "The charge is only planned: cancel it instead.",
    State.STARTING: "The charge has not begun yet.",
    State.FINISHED: "The charge is over.",
    State.FAILED: "The charge did not begin.",
    State.CANCELLED: "The charge was cancelled.",
    State.MISSED: "The charge did not begin.",
}


async def stop(office: Office, driver_id: str, charge_id: str) -> Charge:
    """The charge, asked to end; Refused where there is nothing to end."""
    async with office.db.hot_transaction() as conn:
        charge = await store.of_driver(conn, driver_id, charge_id, lock=True)
        if charge is None:
            raise ObjectNotFound(f"there is no charge {charge_id!r}")
        if charge.state == State.STOPPING:
            return charge
        if charge.state != State.CHARGING:
            raise Refused(_NOT_NOW[State(charge.state)])
        command = await commands.keep(
            conn,
            office,
            CommandType.STOP_SESSION,
            Party.of_key(charge.party),
            request={"session_id": charge.session_id},
            charge_id=charge.id,
        )
        patience = timedelta(seconds=2 * office.settings.forward_timeout)
        charge = await charges.happen(
            conn,
            office,
            charge,
            Event.STOP_ASKED,
            deadline=office.now() + patience,
            stop_due=False,
        )
    return await _answered(office, charge, command, await commands.send(office, command))


async def cancel(office: Office, driver_id: str, charge_id: str) -> Charge:
    """A planned charge, taken back; Refused once it has been asked for."""
    async with office.db.hot_transaction() as conn:
        charge = await store.of_driver(conn, driver_id, charge_id, lock=True)
        if charge is None:
            raise ObjectNotFound(f"there is no charge {charge_id!r}")
        if charge.state not in (State.SCHEDULED, State.CANCELLED):
            raise Refused("Only a planned charge can be cancelled; stop this one instead.")
        return await charges.happen(conn, office, charge, Event.CANCELLED)


async def _answered(office: Office, charge: Charge, command: Command, answer: Answer) -> Charge:
    async with office.db.hot_transaction() as conn:
        has_result = await commands.answered(conn, office, command, answer)
        current = await store.find(conn, charge.id, lock=True) or charge
        if answer.wait is None:
            return await charges.happen(
                conn, office, current, Event.STOP_REFUSED, reason=answer.reason
            )
        if has_result or current.state != State.STOPPING:
            return current
        return await store.change(conn, charge.id, deadline=office.now() + answer.wait)
