"""Who is there: any message is a sign of life, silence is asked about, failures are damped.

CONNECTED becomes OFFLINE after two failed probes five seconds apart, or when the breaker has been
open for half a minute; OFFLINE becomes CONNECTED with the first sign of life. Source: 2.2.1
HubClientInfo, Still alive check; checklist HUB-17 to HUB-19, HCI-13.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ocpi_hub.leader import Leader
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.outbound import Outbound
from ocpi_hub.registry import Registry
from ocpi_hub.snapshot import Platform
from ocpi_hub.store import platforms
from ocpi_hub.store.platforms import Presence as State

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_SECOND_PROBE = timedelta(seconds=5)
_BREAKER_OPEN_SECONDS = 30.0
_FIRST_RETRY = timedelta(seconds=5)
_KEEP_SECONDS = 5.0


@dataclass(slots=True)
class _Silence:
    """A platform that did not answer a probe."""

    failures: int
    next_probe: datetime


@dataclass(slots=True)
class Presence:
    """Keeps presence true. One process probes; every process hears. `alive_interval` in seconds.

    `returned` is told of each platform that this process finds to be back.
    """

    db: Database
    registry: Registry
    outbound: Outbound
    leader: Leader
    alive_interval: float
    returned: Callable[[Platform], Awaitable[None]]
    probe_timeout: float = 5.0
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _silent: dict[str, _Silence] = field(default_factory=dict)
    _probing: set[str] = field(default_factory=set)
    _kept: dict[str, datetime] = field(default_factory=dict)

    def heard(self, platform: Platform) -> None:
        """A message of a platform came in."""
        self.outbound.heard[platform.id] = self.now()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(steadily("signs of life", self._keep, pause=self._keep_pause()))
            await steadily("presence", lambda: self._look(group), pause=_TICK_SECONDS)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        await self._welcome_back()
        if await self.leader.held():
            self._watch(group)

    def _keep_pause(self) -> float:
        return min(_KEEP_SECONDS, self.alive_interval / 2)

    async def _welcome_back(self) -> None:
        """Whoever is OFFLINE and was heard of since is CONNECTED."""
        for platform_id, moment in list(self.outbound.heard.items()):
            platform = self.registry.snapshot.platforms.get(platform_id)
            if platform is None or not platform.registered or platform.connected:
                continue
            if platform.presence_since is None or moment > platform.presence_since:
                await self.set(platform, State.CONNECTED, "was heard of")

    async def _keep(self) -> None:
        """When platforms were last heard of, for the other processes and the next start."""
        news = {
            platform_id: moment
            for platform_id, moment in self.outbound.heard.items()
            if self._kept.get(platform_id) != moment
        }
        if not news:
            return
        async with self.db.begin() as conn:
            await platforms.touch(conn, news)
        self._kept.update(news)

    def _watch(self, group: asyncio.TaskGroup) -> None:
        for platform in self.registry.snapshot.platforms.values():
            if platform.registered and platform.id not in self._probing and self._due(platform):
                self._probing.add(platform.id)
                group.create_task(self._ask(platform))

    def _due(self, platform: Platform) -> bool:
        silence = self._silent.get(platform.id)
        if silence is not None:
            return self.now() >= silence.next_probe
        silent_for = (self.now() - self._last_heard(platform)).total_seconds()
        if platform.connected and self._breaker_open_for(platform) == 0:
            return silent_for >= self.alive_interval
        return silent_for >= min(_FIRST_RETRY.total_seconds(), self.alive_interval)

    def _last_heard(self, platform: Platform) -> datetime:
        moments = (platform.last_seen, self.outbound.heard.get(platform.id))
        return max((m for m in moments if m is not None), default=datetime.min.replace(tzinfo=UTC))

    def _breaker_open_for(self, platform: Platform) -> float:
        """Seconds since the breaker opened; 0 while it is closed."""
        opened_at = self.outbound.breaker(platform.id).opened_at
        return 0.0 if opened_at is None else self.outbound.clock() - opened_at

    async def _ask(self, platform: Platform) -> None:
        try:
            reason = await self.outbound.alive(platform, timeout=self.probe_timeout)
            if reason is None:
                await self._answered(platform)
            else:
                await self._did_not_answer(platform, reason)
        except UNAVAILABLE as error:
            log.warning("presence not kept", extra={"reason": str(error)})
        finally:
            self._probing.discard(platform.id)

    async def _answered(self, platform: Platform) -> None:
        self._silent.pop(platform.id, None)
        self.outbound.heard[platform.id] = self.now()
        if not platform.connected:
            await self.set(platform, State.CONNECTED, "answers again")

    async def _did_not_answer(self, platform: Platform, reason: str) -> None:
        failures = self._silent[platform.id].failures + 1 if platform.id in self._silent else 1
        self._silent[platform.id] = _Silence(failures, self.now() + self._pause(failures))
        broken = self._breaker_open_for(platform) >= _BREAKER_OPEN_SECONDS
        if platform.connected and (failures >= 2 or broken):
            await self.set(platform, State.OFFLINE, reason)

    def _pause(self, failures: int) -> timedelta:
        """Five seconds to the second probe, then twice as long each time, up to the interval."""
        doubled = _FIRST_RETRY * 2 ** min(max(failures - 2, 0), 10)
        return min(_SECOND_PROBE if failures == 1 else doubled, self._longest())

    def _longest(self) -> timedelta:
        return max(timedelta(seconds=self.alive_interval), _SECOND_PROBE)

    async def set(self, platform: Platform, state: State, reason: str) -> None:
        """Make it so, for everybody."""
        async with self.db.begin() as conn:
            news = await platforms.set_presence(conn, platform.id, presence=state, now=self.now())
        if not news:
            return
        if state is State.CONNECTED:
            self.outbound.trust_again(platform.id)
            await self.returned(platform)
        said = {"action": "presence", "platform": platform.name, "status": state.value}
        log.info("presence", extra=said | {"reason": reason})
        await self.registry.refresh()
