"""Unlocking a connector: for support staff only, and audited (CMD-21)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emsp_adapter.charging import commands
from emsp_adapter.charging.refusals import Refused
from emsp_adapter.drivers.sentences import said
from emsp_adapter.network import places
from emsp_adapter.office import Office
from emsp_adapter.store import commands as store
from emsp_adapter.store.commands import Command
from ocpi_hub.node import audit
from ocpi_hub.protocol.errors import ObjectNotFound
from ocpi_hub.protocol.v2_2_1.commands import CommandType


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which connector, for whom, and why; `by` is who of the staff asks."""

    by: str
    location: str
    evse_uid: str
    connector_id: str
    driver_id: str | None
    why: str


async def unlock(office: Office, wish: Wish) -> Command:
    """The command with the CPO's answer; Refused where the CPO cannot be reached."""
    async with office.db.hot_transaction() as conn:
        plug = await places.plug(conn, wish.location, wish.evse_uid, wish.connector_id)
        if not commands.is_reachable(office, plug.party):
            raise Refused(commands.UNREACHABLE)
        command = await commands.keep(
            conn,
            office,
            CommandType.UNLOCK_CONNECTOR,
            plug.party,
            request={
                "location_id": plug.location_id,
                "evse_uid": plug.evse_uid,
                "connector_id": plug.connector_id,
            },
        )
        await audit.record(
            conn,
            wish.by,
            action="unlock",
            subject=f"{plug.key} {plug.evse_uid} {plug.connector_id}",
            detail={"command": command.id, "driver_id": wish.driver_id, "why": wish.why},
        )
    answer = await commands.send(office, command)
    async with office.db.hot_transaction() as conn:
        await commands.answered(conn, office, command, answer)
    return await find(office, command.id)


async def find(office: Office, command_id: str) -> Command:
    """An unlocking that was asked for; ObjectNotFound where there is none."""
    async with office.db.hot() as conn:
        found = await store.find(conn, command_id)
    if found is None or found.kind != CommandType.UNLOCK_CONNECTOR:
        raise ObjectNotFound(f"there is no unlocking {command_id!r}")
    return found


def document(command: Command, *, language: str) -> Mapping[str, Any]:
    """The unlocking as JSON."""
    return {
        "id": command.id,
        "state": command.state,
        "result": command.result,
        "reason": None if command.message is None else said(command.message, language),
    }
