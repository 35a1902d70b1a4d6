"""The stations of a location with a limit, and what each may draw: pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from cpo_adapter.ocpp.calls import RateUnit
from cpo_adapter.profile_translation import Supply
from cpo_adapter.site_load import Draw, shares
from cpo_adapter.smart_charging import abilities_of, supply_of
from cpo_adapter.store.site_limits import Limited

_NOTHING = Decimal(0)
_NO_SUPPLY = Supply(Decimal(230), 3)


@dataclass(frozen=True, slots=True)
class SiteStation:
    """A station with what charges there; `told` is the maximum it keeps to, None: it has none."""

    id: str
    limit: Decimal
    connected: bool
    told: Decimal | None
    unit: RateUnit
    supply: Supply
    draws: tuple[Draw, ...]
    # When each of these began.
    since: tuple[datetime, ...]

    @property
    def uncontrolled(self) -> Decimal:
        """The most it draws when it cannot be told anything."""
        if self.told is not None:
            return self.told
        return sum((draw.most_watts for draw in self.draws), _NOTHING)


def stations_of(rows: Sequence[Limited]) -> list[SiteStation]:
    """The stations of one location, from their rows, which lie side by side."""
    return [_station(list(of_it)) for _, of_it in groupby(rows, key=lambda row: row.station_id)]


def maxima(
    found: Sequence[SiteStation], *, reached: Collection[str], turn: int
) -> dict[str, Decimal]:
    """What each station that is reached may draw; with what the others draw never above the limit.

    `turn` is that of `site_load.shares`.
    """
    limit = found[0].limit
    away = sum((each.uncontrolled for each in found if each.id not in reached), _NOTHING)
    charging = [
        (since, draw)
        for each in found
        if each.id in reached
        for since, draw in zip(each.since, each.draws, strict=True)
    ]
    draws = [draw for _, draw in sorted(charging, key=lambda one: one[0])]
    given = shares(max(limit - away, _NOTHING), draws, turn=turn)
    return {
        each.id: sum((given[draw.session_id] for draw in each.draws), _NOTHING)
        for each in found
        if each.id in reached
    }


def _station(rows: Sequence[Limited]) -> SiteStation:
    row = rows[0]
    limit = row.limit_watts or _NOTHING
    units = abilities_of(row.configuration).units
    charging = [each for each in rows if each.session_id is not None]
    return SiteStation(
        id=row.station_id,
        limit=limit,
        connected=row.connected,
        told=row.told_watts,
        unit=RateUnit.WATTS if RateUnit.WATTS in units else RateUnit.AMPERES,
        supply=supply_of(charging[0].place or {}) if charging else _NO_SUPPLY,
        draws=tuple(_draw(each, limit) for each in charging),
        since=tuple(each.since for each in charging if each.since is not None),
    )


def _draw(row: Limited, limit: Decimal) -> Draw:
    place = row.place or {}
    rated = Decimal(place.get("rated_watts") or 0)
    return Draw(row.session_id or "", rated or limit, supply_of(place))
