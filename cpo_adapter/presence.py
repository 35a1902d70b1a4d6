"""Which stations are there: connections, signs of life, and who has been silent for too long.

A station is offline once it has had no connection for a while; while its socket is open, pings
answer for it. Adapter and stations may be restarted at any time, so the first while after a start
nobody is called offline.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cpo_adapter import uptime
from cpo_adapter.ocpp.ports import Link
from cpo_adapter.statuses import rederive_station
from cpo_adapter.store import stations
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.node.steady import steadily

_SLOWEST = 5.0
_QUICKEST = 0.2
_STEPS_IN_GRACE = 10


@dataclass(slots=True)
class Presence:
    """Implements `ocpp.ports.Links`; signs of life are written in batches."""

    db: Database
    grace: timedelta
    settle: timedelta
    now: Callable[[], datetime]
    _heard: dict[str, datetime] = field(default_factory=dict)
    _since: datetime | None = None

    def heard(self, station_id: str, at: datetime) -> None:
        """A sign of life, of whatever kind; written soon, never waits."""
        self._heard[station_id] = at

    async def connected(self, link: Link) -> None:
        """A station has connected; its EVSEs are what they last were."""
        async with self.db.hot_transaction() as conn:
            protocol = link.version.value
            known = await stations.connected(
                conn, link.station_id, protocol=protocol, at=link.connected_at
            )
            if known and await uptime.came_back(conn, link.station_id, at=link.connected_at):
                await rederive_station(conn, link.station_id, now=self.now(), settle=self.settle)

    async def disconnected(self, link: Link, reason: str) -> None:
        """A station has gone; what that means for its EVSEs is seen after a while."""
        async with self.db.hot() as conn:
            await stations.disconnected(
                conn, link.station_id, connected_at=link.connected_at, at=self.now()
            )

    async def begin(self) -> None:
        """Before anybody is let in: the connections of the process before are gone."""
        self._since = self.now()
        async with self.db.hot() as conn:
            await stations.nobody_is_connected(conn, at=self._since)

    async def run(self) -> None:
        """Writes signs of life and finds who went silent, until cancelled."""
        pause = min(_SLOWEST, max(_QUICKEST, self.grace.total_seconds() / _STEPS_IN_GRACE))
        try:
            await steadily("presence", self.step, pause=pause)
        finally:
            with suppress(*UNAVAILABLE):
                await self.flush()

    async def step(self) -> None:
        """One round."""
        await self.flush()
        if self._since is not None and self.now() - self._since >= self.grace:
            await self._find_silent()

    async def flush(self) -> None:
        """Writes the signs of life since the last time."""
        heard, self._heard = self._heard, {}
        if not heard:
            return
        try:
            async with self.db.hot() as conn:
                await stations.seen(conn, heard)
        except UNAVAILABLE:
            self._heard = heard | self._heard
            raise

    async def _find_silent(self) -> None:
        before = self.now() - self.grace
        async with self.db.hot() as conn:
            silent = await stations.silent(conn, before=before)
        for station_id, last_seen in silent:
            await self._goes_offline(station_id, since=last_seen)

    async def _goes_offline(self, station_id: str, *, since: datetime) -> None:
        async with self.db.hot_transaction() as conn:
            station = await stations.lock(conn, station_id)
            if station is None or station.connected:
                return
            if await uptime.went_offline(conn, station_id, since=since):
                await rederive_station(conn, station_id, now=self.now(), settle=self.settle)
