"""Telling partners the statuses that have stood still for a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cpo_adapter.inventory import publish_locations
from cpo_adapter.stamps import stamp_after
from cpo_adapter.store import evses
from cpo_adapter.store.evses import Telling
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.steady import steadily
from ocpi_hub.peering.store import published
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.locations import EVSE
from ocpi_hub.protocol.validation import check_patch

_AT_ONCE = 200
_STEPS_IN_SETTLE = 4
_QUICKEST = 0.05
_SLOWEST = 0.5


@dataclass(frozen=True, slots=True)
class StatusTeller:
    """Publishes settled statuses; `poke` wakes whoever sends them."""

    db: Database
    settle: timedelta
    poke: Callable[[], None]
    now: Callable[[], datetime]

    async def run(self) -> None:
        """Until cancelled."""
        pause = self.settle.total_seconds() / _STEPS_IN_SETTLE
        await steadily("statuses", self.step, pause=min(_SLOWEST, max(_QUICKEST, pause)))

    async def step(self) -> None:
        """Tells all that is due now."""
        while await self._some() == _AT_ONCE:
            pass

    async def _some(self) -> int:
        async with self.db.hot_transaction() as conn:
            due = await evses.due(conn, now=self.now(), limit=_AT_ONCE)
            for telling in due:
                await _tell(conn, telling, now=self.now())
        if due:
            self.poke()
        return len(due)


async def _tell(conn: Hot, telling: Telling, *, now: datetime) -> None:
    stamp = stamp_after([telling.last_updated], now=now)
    document = {"status": telling.status, "last_updated": format_datetime(stamp)}
    check_patch(EVSE, document)
    await evses.told(conn, telling.uid, status=telling.status, last_updated=stamp)
    try:
        await published.publish(
            conn,
            "locations",
            id=telling.location_id,
            sub=telling.uid,
            document=document,
            last_updated=stamp,
        )
    except LookupError:
        # Partners do not have this EVSE yet.
        await publish_locations(conn, [telling.location_id], now=now)
