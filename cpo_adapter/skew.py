"""How far a station's clock is off, measured only on what surely came at once.

A station that was offline replays old messages, which look like a slow clock: those do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cpo_adapter.ocpp.events import Event, StatusNotified
from cpo_adapter.store import stations
from cpo_adapter.store.stations import Station
from ocpi_hub.node.engine import Hot

# So near to the moment of receipt that it is no replay.
_AT_ONCE = timedelta(minutes=1)
# After its boot a station tells what its connectors are now.
_AFTER_BOOT = timedelta(minutes=1)
# What is off by more is not a clock that somebody set.
_MOST = timedelta(days=1)
_WORTH_WRITING = timedelta(seconds=2)


@dataclass(slots=True)
class Skews:
    """Measures the skew of each station and keeps it in its row."""

    # The least that was seen since a boot: what is replayed beside it only looks slower.
    _least: dict[str, tuple[datetime, timedelta]] = field(default_factory=dict)

    async def heard(self, conn: Hot, event: Event, *, station: Station) -> timedelta:
        """The skew to read this event's timestamp with: receive time minus the station's clock."""
        found = self._measured(event, station)
        if found is None or abs(found - station.skew) < _WORTH_WRITING:
            return station.skew
        await stations.set_skew(conn, station.id, skew=found)
        return found

    def _measured(self, event: Event, station: Station) -> timedelta | None:
        if event.timestamp is None:
            return None
        offset = event.received_at - event.timestamp
        if abs(offset) > _MOST:
            return None
        # Nothing is replayed out of the future.
        certain = offset <= _AT_ONCE
        if not certain and not (isinstance(event, StatusNotified) and _is_fresh(event, station)):
            return None
        if station.booted_at is None:
            return offset
        return self._least_since(station.booted_at, offset, station.id)

    def _least_since(self, booted: datetime, offset: timedelta, station_id: str) -> timedelta:
        before = self._least.get(station_id)
        # A clock that was ahead and has been set is right now, whatever it said before.
        if before is not None and before[0] == booted and offset > _AT_ONCE:
            offset = min(offset, before[1])
        self._least[station_id] = (booted, offset)
        return offset


def _is_fresh(event: Event, station: Station) -> bool:
    booted = station.booted_at
    return booted is not None and timedelta() <= event.received_at - booted < _AFTER_BOOT
