"""The stations that are connected to this process."""

from __future__ import annotations

import asyncio

from cpo_adapter.ocpp.calls import Command, CommandAnswer, Outcome
from cpo_adapter.ocpp.connection import Connection
from cpo_adapter.ocpp.perform import perform

# Of the codes that websockets leave to applications.
REPLACED = 4000
_SERVICE_RESTART = 1012


class Registry:
    """Connections by station: the newest that was let in is the one that counts."""

    def __init__(self) -> None:
        self._by_id: dict[str, Connection] = {}
        # How often a station came while it still had a connection.
        self.replaced = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, station_id: str) -> Connection | None:
        """The station's connection."""
        return self._by_id.get(station_id)

    def connected(self) -> tuple[str, ...]:
        """The stations that have one."""
        return tuple(self._by_id)

    async def take(self, connection: Connection) -> None:
        """Makes this the station's connection and closes the one it had."""
        older = self._by_id.get(connection.station_id)
        self._by_id[connection.station_id] = connection
        if older is not None:
            self.replaced += 1
            await older.close(REPLACED, "the station has connected anew")

    def release(self, connection: Connection) -> None:
        """Forgets the connection, unless a newer one has taken its place."""
        if self._by_id.get(connection.station_id) is connection:
            del self._by_id[connection.station_id]

    async def perform(self, station_id: str, command: Command, *, timeout: float) -> CommandAnswer:
        """What became of the command; NOT_CONNECTED when the station is not there."""
        connection = self.get(station_id)
        if connection is None:
            return CommandAnswer(Outcome.NOT_CONNECTED, "NotConnected")
        return await perform(connection, command, timeout=timeout)

    async def close_all(self) -> None:
        """Tells every station that the service restarts."""
        async with asyncio.TaskGroup() as tasks:
            for connection in tuple(self._by_id.values()):
                tasks.create_task(connection.close(_SERVICE_RESTART, "the service restarts"))
