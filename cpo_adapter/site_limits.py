"""Site limits: what a location may draw, shared among its sessions and set on its stations.

A station's maximum is the sum of its sessions' shares, and nothing while none runs: a session that
begins waits for its share rather than drawing above the limit. The maximum holds beside whatever
profile a partner has set, since a station takes the lower of both (OCPP 1.6, 3.13.2). What each has
accepted is kept: one that goes away draws that, and the others share the rest.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import groupby

from cpo_adapter.commands import Stations
from cpo_adapter.ocpp.calls import (
    ChargingProfile,
    ClearChargingProfile,
    Command,
    Outcome,
    ProfileKind,
    ProfilePurpose,
    RateUnit,
    SchedulePeriod,
    SetChargingProfile,
)
from cpo_adapter.site_stations import SiteStation, maxima, stations_of
from cpo_adapter.store import site_limits as store
from ocpi_hub.node.engine import UNAVAILABLE, Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.protocol.errors import InvalidParameters

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
# Who has to wait for power waits so long.
_TURN_SECONDS = 900
# A station that takes no maximum is asked again after so long.
_REFUSED_SECONDS = 300
# Profiles of partners count up from 1; this one is the operator's.
_PROFILE_ID = 2_000_000_000
_MOST_KW = 100_000
_AWAY = frozenset({Outcome.NOT_CONNECTED, Outcome.TIMEOUT})


@dataclass(slots=True)
class SiteLimits:
    """Sets the maxima, and again when they change; `timeout` in seconds is of one call, `clock` is
    monotonic. `changed` is told of stations that charge by another maximum than before.
    """

    db: Database
    stations: Stations
    timeout: float
    changed: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    # Who has been told since it came; it may have forgotten what it was told before.
    _told: set[str] = field(default_factory=set)
    # Until when a station that takes no maximum is left alone.
    _refused: dict[str, float] = field(default_factory=dict)
    # Locations that are being seen to: one of a silent station takes long, and delays no other.
    _busy: set[str | None] = field(default_factory=set)

    def forget(self, station_id: str) -> None:
        """The station has restarted, or is a new connection: it is told again."""
        self._told.discard(station_id)
        self._refused.pop(station_id, None)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:

            async def step() -> None:
                await self._step(tasks)

            await steadily("site limits", step, pause=_PAUSE_SECONDS)

    async def _step(self, tasks: asyncio.TaskGroup) -> None:
        busy = set(self._busy)
        async with self.db.hot() as conn:
            rows = await store.limited(conn)
        for location_id, of_location in groupby(rows, key=lambda row: row.location_id):
            if location_id not in busy:
                self._busy.add(location_id)
                tasks.create_task(self._see_to(location_id, stations_of(list(of_location))))

    async def _see_to(self, location_id: str | None, found: list[SiteStation]) -> None:
        try:
            there = [each for each in found if each.connected and self._may_be_asked(each.id)]
            if location_id is None:
                await asyncio.gather(*(self._clear(each) for each in there))
            else:
                turn = int(self.clock() / _TURN_SECONDS)
                reached = {each.id for each in there}
                await self._set(there, maxima(found, reached=reached, turn=turn))
        except UNAVAILABLE as lost:
            log.warning("a site limit waits for the database", extra={"reason": str(lost)})
        finally:
            self._busy.discard(location_id)

    async def _set(self, there: list[SiteStation], wanted: Mapping[str, Decimal]) -> None:
        """Who gets less is told before who gets more, so that the sum never is above the limit."""
        known = [(each, each.told) for each in there if each.told is not None]
        lower = [
            self._tell(each, min(told, wanted[each.id]))
            for each, told in known
            if wanted[each.id] < told or each.id not in self._told
        ]
        made_room = all(await asyncio.gather(*lower))
        # These draw what they can until they are told.
        new = [self._tell(each, wanted[each.id]) for each in there if each.told is None]
        made_room = all(await asyncio.gather(*new)) and made_room
        if made_room:
            more = [each for each, told in known if wanted[each.id] > told]
            await asyncio.gather(*(self._tell(each, wanted[each.id]) for each in more))

    def _may_be_asked(self, station_id: str) -> bool:
        return self._refused.get(station_id, 0.0) <= self.clock()

    async def _tell(self, station: SiteStation, watts: Decimal) -> bool:
        """Whether the station has taken it; one that has gone draws what it was told last."""
        if not await self._ask(station.id, _maximum(station, watts)):
            return False
        self._told.add(station.id)
        if watts != station.told:
            async with self.db.hot() as conn:
                await store.told(conn, station.id, watts=watts)
            self.changed(station.id)
        return True

    async def _clear(self, station: SiteStation) -> None:
        """The location has no limit any more."""
        if await self._ask(station.id, ClearChargingProfile(_PROFILE_ID)):
            async with self.db.hot() as conn:
                await store.told(conn, station.id, watts=None)
            self.changed(station.id)

    async def _ask(self, station_id: str, command: Command) -> bool:
        answer = await self.stations.perform(station_id, command, timeout=self.timeout)
        if answer.outcome.accepted or answer.outcome is Outcome.UNKNOWN_PROFILE:
            return True
        if answer.outcome not in _AWAY:
            self._refused[station_id] = self.clock() + _REFUSED_SECONDS
            log.warning(
                "a station takes no maximum: what it can draw is kept free for it",
                extra={"station": station_id, "reason": answer.status},
            )
        return False


def parse_kw(text: str) -> Decimal:
    """A limit in kW as a person writes it, in watts; InvalidParameters says what was expected."""
    try:
        kw = Decimal(text)
    except InvalidOperation:
        kw = Decimal(-1)
    if not kw.is_finite() or not 0 <= kw <= _MOST_KW:
        raise InvalidParameters(f"kw: {text[:40]!r} is not a number from 0 to {_MOST_KW}")
    return kw * 1000


def _maximum(station: SiteStation, watts: Decimal) -> SetChargingProfile:
    in_watts = station.unit is RateUnit.WATTS
    profile = ChargingProfile(
        profile_id=_PROFILE_ID,
        stack_level=0,
        purpose=ProfilePurpose.STATION_MAX,
        kind=ProfileKind.RELATIVE,
        unit=station.unit,
        periods=(SchedulePeriod(0, watts if in_watts else station.supply.amps(watts)),),
    )
    return SetChargingProfile(0, profile)
