"""Frames: recorded behind the conversation, shown live, forgotten after some days.

Recording never waits. What does not fit is dropped and counted, first what has nothing to do with
billing; what is billed is stored elsewhere before the station is answered.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from cpo_adapter.frame_redaction import shown, storable
from cpo_adapter.ocpp.ports import FrameRecord
from cpo_adapter.store import alerts, frames, happenings, uploads
from cpo_adapter.store.frames import Frame
from ocpi_hub.node.engine import Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.node.write_behind import WriteBehind

_CAPACITY = 20_000
# Beyond the capacity there is room for this many times as much of what is billed.
_FOR_BILLING = 2
_BATCH = 1_000
_LISTENER_CAPACITY = 1_000

_PURGE_SECONDS = 600.0
_PURGED_AT_ONCE = 1_000
_BREATH_SECONDS = 0.05

_BILLED = frozenset(
    {"StartTransaction", "StopTransaction", "TransactionEvent", "MeterValues", "Authorize"}
)


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody who watches a station; a slow one misses the oldest frames."""

    _waiting: deque[Frame]
    _wake: asyncio.Event

    def take(self, frame: Frame) -> None:
        """A frame of the station; never waits."""
        self._waiting.append(frame)
        self._wake.set()

    async def some(self, *, within: float) -> list[Frame]:
        """The frames since the last look, as soon as there is one; none after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._wake.wait()
        self._wake.clear()
        found = list(self._waiting)
        self._waiting.clear()
        return found


class FrameRecorder(WriteBehind[Frame]):
    """Implements `ocpp.ports.Traffic`. `dropped` counts what was not recorded."""

    def __init__(
        self,
        db: Database,
        *,
        heard: Callable[[str, datetime], None],
        capacity: int = _CAPACITY,
    ) -> None:
        super().__init__(partial(_write, db), what="frames", capacity=capacity, batch=_BATCH)
        self._heard = heard
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)

    def frame(self, station_id: str, record: FrameRecord) -> None:
        """Has a frame recorded and shown; never waits."""
        if record.direction == "in":
            self._heard(station_id, record.at)
        times = _FOR_BILLING if record.action in _BILLED else 1
        listeners = self._listeners.get(station_id)
        if not listeners and not self.has_room(times=times):
            self.dropped += 1
            return
        kept = _kept(station_id, record)
        self.put(kept, times=times)
        for listener in listeners or ():
            listener.take(kept)

    @contextmanager
    def listening(self, station_id: str) -> Iterator[Listener]:
        """Somebody who sees the frames of a station from now on."""
        listener = Listener(deque(maxlen=_LISTENER_CAPACITY), asyncio.Event())
        self._listeners[station_id].add(listener)
        try:
            yield listener
        finally:
            self._listeners[station_id].discard(listener)
            if not self._listeners[station_id]:
                del self._listeners[station_id]


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Deletes frames, happenings, uploads and closed alerts after their time, a few at once."""

    db: Database
    life: timedelta
    now: Callable[[], datetime]
    purged_at_once: int = field(default=_PURGED_AT_ONCE)

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("forgetting", self.step, pause=_PURGE_SECONDS)

    async def step(self) -> None:
        """Everything that is over."""
        before = self.now() - self.life
        for purge in (frames.purge, happenings.purge, uploads.purge):
            while True:
                async with self.db.hot() as conn:
                    done = await purge(conn, before=before, limit=self.purged_at_once)
                if done < self.purged_at_once:
                    break
                await asyncio.sleep(_BREATH_SECONDS)
        async with self.db.hot() as conn:
            await alerts.purge(conn, before=before)


async def _write(db: Database, batch: Sequence[Frame], _: int) -> int:
    async with db.hot_transaction() as conn:
        return await frames.write(conn, batch)


def _kept(station_id: str, record: FrameRecord) -> Frame:
    return Frame(
        id=None,
        at=record.at,
        station_id=station_id,
        direction=record.direction.value,
        kind=record.kind.value,
        message_id=storable(record.message_id),
        action=storable(record.action),
        payload=None if record.payload is None else shown(record.action, record.payload),
        violations=tuple(storable(each) for each in record.violations),
    )
