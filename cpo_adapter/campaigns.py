"""Firmware campaigns: stations are updated in waves, and no more of them once too many fail.

A wave begins when every station of the one before is done with. A station that is not there is
asked when it comes; one that takes too long has failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cpo_adapter.commands import Stations
from cpo_adapter.happenings import FIRMWARE_FAILED, INSTALLED
from cpo_adapter.ocpp.calls import Outcome, UpdateFirmware
from cpo_adapter.store import campaigns as store
from cpo_adapter.store.campaigns import Campaign, Member
from ocpi_hub.node.engine import Database, Hot
from ocpi_hub.node.steady import steadily
from ocpi_hub.protocol.types import parse_datetime

WAITING, SENT, FAILED = "waiting", "sent", "failed"
RUNNING, STOPPED, DONE = "running", "stopped", "done"

_PAUSE_SECONDS = 1.0
_OVER = frozenset({INSTALLED, FAILED})


@dataclass(frozen=True, slots=True)
class Plan:
    """What is next for a campaign: its state, its wave, and who is asked now."""

    state: str
    wave: int | None = None
    asked: tuple[Member, ...] = ()


async def begin(conn: Hot, campaign: Campaign, station_ids: Sequence[str]) -> list[Sequence[str]]:
    """Keeps a new campaign; its waves, in the order in which the stations were named."""
    size = campaign.wave_size
    waves = [station_ids[start : start + size] for start in range(0, len(station_ids), size)]
    await store.add(conn, campaign, waves=waves)
    return waves


async def stop(conn: Hot, campaign_id: str) -> bool:
    """Asks no more stations; False when the campaign does not run."""
    found = await store.find(conn, campaign_id, lock=True)
    if found is None or found.state != RUNNING:
        return False
    await store.finish(conn, campaign_id, state=STOPPED)
    return True


def plan(campaign: Campaign, members: Sequence[Member], *, there: Collection[str]) -> Plan:
    """What is next, by how far each station has come; `there` are those that are connected."""
    failures = sum(each.state == FAILED for each in members)
    if failures >= campaign.stop_after_failures:
        return Plan(STOPPED)
    unfinished = [each for each in members if each.state not in _OVER]
    if not unfinished:
        return Plan(DONE)
    wave = min(each.wave for each in unfinished)
    asked = tuple(
        each
        for each in unfinished
        if each.wave == wave and each.state == WAITING and each.station_id in there
    )
    return Plan(RUNNING, wave, asked)


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Carries the campaigns out. `timeout` in seconds is of one call."""

    db: Database
    stations: Stations
    connected: Callable[[], Collection[str]]
    timeout: float
    now: Callable[[], datetime]
    new_number: Callable[[], int]

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("firmware campaigns", self.step, pause=_PAUSE_SECONDS)

    async def step(self) -> None:
        """One look at each campaign."""
        async with self.db.hot() as conn:
            running = await store.running(conn)
        for campaign_id in running:
            async with self.db.hot_transaction() as conn:
                campaign = await store.find(conn, campaign_id, lock=True)
                if campaign is None or campaign.state != RUNNING:
                    continue
                asked = await self._next(conn, campaign)
            await asyncio.gather(*(self._ask(campaign, member) for member in asked))

    async def _next(self, conn: Hot, campaign: Campaign) -> tuple[Member, ...]:
        """Those who are asked now; it is kept before they are, so that nobody is asked twice."""
        now = self.now()
        await _take_words(conn, campaign)
        members = await _without_late(conn, campaign, now)
        found = plan(campaign, members, there=self.connected())
        if found.wave is None:
            await store.finish(conn, campaign.id, state=found.state)
            return ()
        await store.begin_wave(conn, campaign.id, wave=found.wave, at=now)
        for member in found.asked:
            await store.move(conn, campaign.id, member.station_id, to=SENT, at=now)
        return tuple(replace(each, updated_at=each.updated_at or now) for each in found.asked)

    async def _ask(self, campaign: Campaign, member: Member) -> None:
        call = _update(campaign, request_id=self.new_number(), now=self.now())
        answer = await self.stations.perform(member.station_id, call, timeout=self.timeout)
        match answer.outcome:
            case Outcome.NOT_CONNECTED:
                to, at = WAITING, member.updated_at
            case Outcome.TIMEOUT:
                # It may have begun; what it says next tells.
                return
            case outcome if outcome.accepted:
                return
            case _:
                to, at = FAILED, self.now()
        async with self.db.hot() as conn:
            await store.move(conn, campaign.id, member.station_id, to=to, at=at)


async def _take_words(conn: Hot, campaign: Campaign) -> None:
    for word in await store.words(conn, campaign.id):
        to = FAILED if word.status in FIRMWARE_FAILED else word.status
        await store.move(conn, campaign.id, word.station_id, to=to, at=word.at)


async def _without_late(conn: Hot, campaign: Campaign, now: datetime) -> list[Member]:
    """The stations; those that have not moved for too long have failed."""
    patience = timedelta(hours=campaign.options["patience_hours"])
    members = []
    for each in await store.members(conn, campaign.id):
        waits = each.state not in _OVER and each.updated_at is not None
        if waits and each.updated_at is not None and each.updated_at + patience <= now:
            await store.move(conn, campaign.id, each.station_id, to=FAILED, at=now)
            members.append(replace(each, state=FAILED))
        else:
            members.append(each)
    return members


def _update(campaign: Campaign, *, request_id: int, now: datetime) -> UpdateFirmware:
    options = campaign.options
    return UpdateFirmware(
        request_id=request_id,
        location=campaign.firmware_url,
        retrieve_at=_moment(options, "retrieve_at") or now,
        install_at=_moment(options, "install_at"),
        signing_certificate=options.get("signing_certificate"),
        signature=options.get("signature"),
        retries=options.get("retries"),
        retry_interval=options.get("retry_interval"),
    )


def _moment(options: Mapping[str, Any], name: str) -> datetime | None:
    written = options.get(name)
    return None if written is None else parse_datetime(written)
