"""A station from its handshake to its end, whatever kind of socket carries it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from cpo_adapter.ocpp import v16, v201
from cpo_adapter.ocpp.answers import RegistrationStatus
from cpo_adapter.ocpp.connection import Connection, Wiring
from cpo_adapter.ocpp.ports import Link, Links, StationCredentials
from cpo_adapter.ocpp.registry import Registry
from cpo_adapter.ocpp.security import Doorkeeper, Handshake
from cpo_adapter.ocpp.socket import Socket
from cpo_adapter.ocpp.version import Version

DIALECTS = {Version.V201: v201.DIALECT, Version.V16: v16.DIALECT}

# OCPP-J: without a common sub-protocol the handshake is completed and the connection then closed.
_PROTOCOL_ERROR = 1002

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admission:
    """A station that was let in.

    `version` is None when it speaks nothing that we do; `subprotocol` is what the handshake is
    answered with, None when the station offered nothing.
    """

    station_id: str
    credentials: StationCredentials
    version: Version | None
    subprotocol: str | None
    remote_address: str | None


@dataclass(frozen=True, slots=True)
class Reception:
    """Lets stations in and keeps their connections."""

    doorkeeper: Doorkeeper
    links: Links
    registry: Registry
    wiring: Wiring

    async def admit(self, handshake: Handshake) -> Admission | None:
        """The station that has proved to be itself, with the version to speak; None: nobody."""
        credentials = await self.doorkeeper.admit(handshake)
        if credentials is None:
            _log.info(
                "a station was refused",
                extra={
                    "station_id": handshake.station_id[:48],
                    "remote_address": handshake.remote_address,
                },
            )
            return None
        offered = next((each for each in Version if each in handshake.subprotocols), None)
        version = offered if handshake.subprotocols else credentials.subprotocol
        return Admission(
            handshake.station_id,
            credentials,
            version,
            None if offered is None else offered.value,
            handshake.remote_address,
        )

    async def serve(self, admission: Admission, socket: Socket) -> None:
        """Serves the station until its socket has ended."""
        if admission.version is None:
            spoken = " or ".join(Version)
            await socket.close(_PROTOCOL_ERROR, f"the sub-protocol has to be {spoken}")
            return
        async with asyncio.TaskGroup() as tasks:
            connection = Connection(
                admission.station_id,
                socket,
                DIALECTS[admission.version],
                self.wiring,
                tasks,
                booted=admission.credentials.status is RegistrationStatus.ACCEPTED,
            )
            await self._keep(connection, _link(admission, admission.version, connection))

    async def _keep(self, connection: Connection, link: Link) -> None:
        await self.registry.take(connection)
        reason = "the station could not be announced"
        try:
            await self.links.connected(link)
            reason = await connection.run()
        finally:
            self.registry.release(connection)
            await connection.finish()
            if self.registry.get(connection.station_id) is None:
                await self.links.disconnected(link, reason)


def _link(admission: Admission, version: Version, connection: Connection) -> Link:
    return Link(admission.station_id, version, connection.connected_at, admission.remote_address)
