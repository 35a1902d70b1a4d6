"""Charging profiles: how much power a central system leaves to a connector, now and later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum

_VOLTS = 230
# IEC 61851: no vehicle charges with less.
_LEAST_AMPERES = 6
_RECURRENCES = {"Daily": timedelta(days=1), "Weekly": timedelta(weeks=1)}


class Purpose(IntEnum):
    """What a profile limits; a later one replaces an earlier one at a connector, but for the
    first, which limits all of them."""

    STATION = 0
    DEFAULT = 1
    TRANSACTION = 2


@dataclass(frozen=True, slots=True)
class Period:
    """A limit from so many seconds after the schedule's start; in the unit of the schedule."""

    start: int
    limit: Decimal
    phases: int | None


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile; connector 0 is the station. `unit` is A or W."""

    id: int
    connector: int
    purpose: Purpose
    stack_level: int
    kind: str
    unit: str
    periods: tuple[Period, ...]
    received_at: datetime
    start: datetime | None = None
    duration: int | None = None
    recurrence: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def period_at(self, moment: datetime, began: datetime | None) -> Period | None:
        """The period that counts at a moment; None outside the schedule. `began` is when the
        transaction did."""
        if (self.valid_from and moment < self.valid_from) or (
            self.valid_to and moment >= self.valid_to
        ):
            return None
        anchor = self.anchor(moment, began)
        if anchor is None or moment < anchor:
            return None
        offset = (moment - anchor) // timedelta(seconds=1)
        if self.duration is not None and offset >= self.duration:
            return None
        begun = [period for period in self.periods if period.start <= offset]
        return begun[-1] if begun else None

    def anchor(self, moment: datetime, began: datetime | None) -> datetime | None:
        """When the schedule starts that counts at a moment."""
        match self.kind:
            case "Relative":
                return began
            case "Recurring":
                first = self.start or self.received_at
                cycle = _RECURRENCES.get(self.recurrence or "Daily", _RECURRENCES["Daily"])
                return first + (moment - first) // cycle * cycle
            case _:
                return self.start or self.received_at


@dataclass(frozen=True, slots=True)
class Supply:
    """What a connector can give, and since when its transaction runs."""

    connector: int
    watts: int
    phases: int
    began: datetime | None
    # How many connectors share what the station may take.
    sharing: int = 1


class Profiles:
    """The profiles at a station, and what they leave."""

    def __init__(self) -> None:
        self._profiles: list[Profile] = []

    def put(self, profile: Profile) -> None:
        """Adds it in place of one with its id, or with its purpose, level and connector."""
        place = (profile.connector, profile.purpose, profile.stack_level)
        self.clear(
            lambda old: (
                old.id == profile.id or (old.connector, old.purpose, old.stack_level) == place
            )
        )
        self._profiles.append(profile)

    def clear(self, fits: Callable[[Profile], bool]) -> int:
        """Takes out what fits; how many that were."""
        before = len(self._profiles)
        self._profiles = [profile for profile in self._profiles if not fits(profile)]
        return before - len(self._profiles)

    def find(self, fits: Callable[[Profile], bool]) -> list[Profile]:
        """Those that fit."""
        return [profile for profile in self._profiles if fits(profile)]

    def watts_at(self, moment: datetime, supply: Supply) -> int:
        """The most that a connector may give at a moment."""
        own = self._limit(
            moment, supply, (each for each in self._profiles if each.connector == supply.connector)
        )
        default = self._limit(
            moment, supply, (each for each in self._profiles if each.connector == 0)
        )
        station = self._limit(moment, supply, self._profiles, station=True)
        limits = [supply.watts]
        if (chosen := own if own is not None else default) is not None:
            limits.append(chosen)
        if station is not None:
            limits.append(station // supply.sharing)
        return min(limits)

    def schedule(self, begin: datetime, seconds: int, supply: Supply) -> list[tuple[int, int]]:
        """The watts from so many seconds on, as they will be; nothing twice in a row."""
        found: list[tuple[int, int]] = []
        for offset in self._changes(begin, seconds, supply):
            watts = self.watts_at(begin + timedelta(seconds=offset), supply)
            if not found or found[-1][1] != watts:
                found.append((offset, watts))
        return found

    def _limit(
        self, moment: datetime, supply: Supply, among: Iterable[Profile], *, station: bool = False
    ) -> int | None:
        counting = [
            ((profile.purpose, profile.stack_level), profile, period)
            for profile in among
            if (profile.purpose is Purpose.STATION) is station
            and (period := profile.period_at(moment, supply.began)) is not None
        ]
        if not counting:
            return None
        _, profile, period = max(counting, key=lambda each: each[0])
        return in_watts(period.limit, profile.unit, period.phases or supply.phases)

    def _changes(self, begin: datetime, seconds: int, supply: Supply) -> list[int]:
        """The seconds at which a limit may change."""
        end = begin + timedelta(seconds=seconds)
        moments = {begin}
        for profile in self._profiles:
            moments |= set(_boundaries(profile, begin, end, supply.began))
        second = timedelta(seconds=1)
        return sorted({-(-(at - begin) // second) for at in moments if begin <= at < end})


def _boundaries(
    profile: Profile, begin: datetime, end: datetime, began: datetime | None
) -> Iterable[datetime]:
    yield from (at for at in (profile.valid_from, profile.valid_to) if at is not None)
    moment = begin
    while moment < end:
        anchor = profile.anchor(moment, began)
        if anchor is None:
            return
        yield from (anchor + timedelta(seconds=period.start) for period in profile.periods)
        if profile.duration is not None:
            yield anchor + timedelta(seconds=profile.duration)
        moment += _RECURRENCES["Daily"]


def in_watts(limit: Decimal, unit: str, phases: int) -> int:
    """A limit in watts; less than a vehicle can charge with is nothing."""
    if unit == "W":
        return int(limit)
    return int(limit * _VOLTS * phases) if limit >= _LEAST_AMPERES else 0


def in_unit(watts: int, unit: str, phases: int) -> Decimal:
    """Watts as a limit with one decimal, rounded down."""
    if unit == "W":
        return Decimal(watts)
    return Decimal(watts * 10 // (_VOLTS * phases)) / 10
