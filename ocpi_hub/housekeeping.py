"""What has to be done now and then: signs of life, gauges, and forgetting what is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ocpi_hub.metrics import Metrics
from ocpi_hub.node.engine import Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.outbound import Outbound
from ocpi_hub.registry import Registry
from ocpi_hub.store import (
    authorizations,
    cursors,
    exchanges,
    ledger,
    numbers,
    proxies,
    registrations,
    reservations,
    tariffs,
)
from ocpi_hub.store.exchanges import ExchangeWriter

_TICK_SECONDS = 3.0
_PURGE_SECONDS = 600.0
_AT_ONCE = 1000
_TOMBSTONE_LIFE = timedelta(days=30)


@dataclass(slots=True)
class Housekeeping:
    """Runs beside the hub; every process does it, and doing it twice does no harm."""

    db: Database
    registry: Registry
    outbound: Outbound
    writer: ExchangeWriter
    metrics: Metrics
    ledger_life: timedelta
    trace_life: timedelta
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(steadily("housekeeping", self._beat, pause=_TICK_SECONDS))
            group.create_task(steadily("housekeeping", self._purge, pause=_PURGE_SECONDS))

    async def _beat(self) -> None:
        async with self.db.hot() as conn:
            await numbers.beat(conn)
            found = await numbers.custody(conn, now=self.now())
            self.metrics.guard.set(await cursors.guard_age(conn))
            self.metrics.parked.set(await numbers.parked(conn))
        self.metrics.oldest_cdr.set(found.oldest_seconds)
        for state, count in found.by_state.items():
            self.metrics.cdrs.labels(state).set(count)
        self._gauge_platforms()
        self.metrics.dropped.set(self.writer.dropped)
        self.metrics.stale.set(self.registry.stale_for)

    def _gauge_platforms(self) -> None:
        counts = {"CONNECTED": 0, "OFFLINE": 0}
        for platform in self.registry.snapshot.platforms.values():
            if platform.registered:
                counts[platform.presence.value] += 1
        for presence, count in counts.items():
            self.metrics.platforms.labels(presence).set(count)
        open_ = [b for b in self.outbound.breakers.values() if b.opened_at is not None]
        self.metrics.open_breakers.set(len(open_))

    async def _purge(self) -> None:
        now = self.now()
        async with self.db.begin() as conn:
            await registrations.purge_tokens(conn, now=now)
            await proxies.purge(conn, now=now, limit=_AT_ONCE)
        before = now - self.trace_life
        await self._all(lambda: self._purge_exchanges(before))
        await self._all(lambda: self._purge_sessions(now - self.ledger_life))
        await self._all(lambda: self._purge_authorizations(now - self.ledger_life))
        await self._all(lambda: self._purge_reservations(now - self.ledger_life))
        await self._all(lambda: self._purge_tombstones(now - _TOMBSTONE_LIFE))

    async def _purge_exchanges(self, before: datetime) -> int:
        async with self.db.hot() as conn:
            return await exchanges.purge(conn, before=before, limit=_AT_ONCE)

    async def _purge_sessions(self, before: datetime) -> int:
        async with self.db.hot() as conn:
            return await ledger.purge(conn, before=before, limit=_AT_ONCE)

    async def _purge_authorizations(self, before: datetime) -> int:
        async with self.db.hot() as conn:
            return await authorizations.purge(conn, before=before, limit=_AT_ONCE)

    async def _purge_reservations(self, before: datetime) -> int:
        async with self.db.hot() as conn:
            return await reservations.purge(conn, before=before, limit=_AT_ONCE)

    async def _purge_tombstones(self, before: datetime) -> int:
        async with self.db.hot() as conn:
            return await tariffs.purge_tombstones(conn, before=before)

    async def _all(self, step: Callable[[], Awaitable[int]]) -> None:
        """In small transactions: a long one would hold back delivery."""
        done = await step()
        while done:
            await asyncio.sleep(0.05)
            done = await step()
