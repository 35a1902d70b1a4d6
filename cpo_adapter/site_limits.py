"""Site limits: what a location may draw, shared among its sessions and set on its stations.

A station's maximum is the sum of its sessions' shares, and nothing while none runs: a session that
begins waits for its share rather than drawing above the limit. The maximum holds beside whatever
profile a partner has set, since a station takes the lower of both (OCPP 1.6, 3.13.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import groupby
from time import monotonic

from cpo_adapter.commands import Stations
from cpo_adapter.ocpp.calls import (
    ChargingProfile,
    ProfileKind,
    ProfilePurpose,
    RateUnit,
    SchedulePeriod,
    SetChargingProfile,
)
from cpo_adapter.profile_translation import Supply
from cpo_adapter.site_load import Draw, shares
from cpo_adapter.smart_charging import abilities_of, supply_of
from cpo_adapter.store import site_limits as store
from cpo_adapter.store.site_limits import Limited
from ocpi_hub.node.engine import Database
from ocpi_hub.node.steady import steadily
from ocpi_hub.protocol.errors import InvalidParameters

_PAUSE_SECONDS = 1.0
# Who has to wait for power waits so long.
_TURN_SECONDS = 900
# Profiles of partners count up from 1; this one is the operator's.
_PROFILE_ID = 2_000_000_000
_NOTHING = Decimal(0)
_MOST_KW = 100_000
_NO_SUPPLY = Supply(Decimal(230), 3)


@dataclass(frozen=True, slots=True)
class Maximum:
    """What a station may draw, in the unit it takes."""

    watts: Decimal
    unit: RateUnit
    supply: Supply

    @property
    def call(self) -> SetChargingProfile:
        """The profile that says so."""
        limit = self.watts if self.unit is RateUnit.WATTS else self.supply.amps(self.watts)
        profile = ChargingProfile(
            profile_id=_PROFILE_ID,
            stack_level=0,
            purpose=ProfilePurpose.STATION_MAX,
            kind=ProfileKind.RELATIVE,
            unit=self.unit,
            periods=(SchedulePeriod(0, limit),),
        )
        return SetChargingProfile(0, profile)


@dataclass(slots=True)
class SiteLimits:
    """Sets the maxima, and again when they change; `timeout` in seconds is of one call."""

    db: Database
    stations: Stations
    timeout: float
    # What each station has taken; forgotten when it comes anew.
    _taken: dict[str, Maximum] = field(default_factory=dict)

    def forget(self, station_id: str) -> None:
        """The station has restarted, or is a new connection: it is told again."""
        self._taken.pop(station_id, None)

    async def run(self) -> None:
        """Until cancelled."""
        await steadily("site limits", self.step, pause=_PAUSE_SECONDS)

    async def step(self) -> None:
        """One look. Who gets less is told before who gets more, so that the sum stays below."""
        async with self.db.hot() as conn:
            rows = await store.limited(conn)
        wanted = maxima(rows, turn=int(monotonic() / _TURN_SECONDS))
        changed = {name: each for name, each in wanted.items() if self._taken.get(name) != each}
        less = [name for name in changed if self._is_less(name, changed[name])]
        told = await asyncio.gather(*(self._tell(name, changed[name]) for name in less))
        if all(told):
            more = [name for name in changed if name not in less]
            await asyncio.gather(*(self._tell(name, changed[name]) for name in more))

    def _is_less(self, station_id: str, maximum: Maximum) -> bool:
        taken = self._taken.get(station_id)
        return taken is None or maximum.watts < taken.watts

    async def _tell(self, station_id: str, maximum: Maximum) -> bool:
        """Whether the station has taken it; one that has gone draws what it was told last."""
        answer = await self.stations.perform(station_id, maximum.call, timeout=self.timeout)
        if answer.outcome.accepted:
            self._taken[station_id] = maximum
        return answer.outcome.accepted


def parse_kw(text: str) -> Decimal:
    """A limit in kW as a person writes it, in watts; InvalidParameters says what was expected."""
    try:
        kw = Decimal(text)
    except InvalidOperation:
        kw = Decimal(-1)
    if not kw.is_finite() or not 0 <= kw <= _MOST_KW:
        raise InvalidParameters(f"kw: {text[:40]!r} is not a number from 0 to {_MOST_KW}")
    return kw * 1000


def maxima(rows: Sequence[Limited], *, turn: int) -> dict[str, Maximum]:
    """What each station may draw; for those of one location together at most its limit."""
    found: dict[str, Maximum] = {}
    for _, of_location in groupby(rows, key=lambda row: row.location_id):
        found |= _of_location(list(of_location), turn)
    return found


def _of_location(rows: Sequence[Limited], turn: int) -> dict[str, Maximum]:
    draws = [_draw(row) for row in rows if row.session_id is not None]
    given = shares(rows[0].limit_watts, draws, turn=turn)
    watts = dict.fromkeys((row.station_id for row in rows), _NOTHING)
    supplies: dict[str, Supply] = {}
    for row in rows:
        if row.session_id is not None:
            watts[row.station_id] += given[row.session_id]
            supplies[row.station_id] = supply_of(row.place or {})
    units = {row.station_id: abilities_of(row.configuration).units for row in rows}
    return {
        station: Maximum(
            total,
            RateUnit.WATTS if RateUnit.WATTS in units[station] else RateUnit.AMPERES,
            supplies.get(station, _NO_SUPPLY),
        )
        for station, total in watts.items()
    }


def _draw(row: Limited) -> Draw:
    place = row.place or {}
    supply = supply_of(place)
    rated = Decimal(place.get("rated_watts") or 0)
    return Draw(row.session_id or "", rated or row.limit_watts, supply)
