"""The wall clock of a Location. A 2.2.1 CDR does not say in which time zone it is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from ocpi_hub.pricing.policies import Clock
from ocpi_hub.protocol.errors import InvalidParameters

_NAME = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_WEEK = timedelta(days=7)
_DAY = 24 * 60

# Countries whose chargers all live in one zone, by ISO 3166-1 alpha-2 and alpha-3.
_ONE_ZONE = """
AD AND Europe/Andorra
AE ARE Asia/Dubai
AL ALB Europe/Tirane
AT AUT Europe/Vienna
BA BIH Europe/Sarajevo
BE BEL Europe/Brussels
BG BGR Europe/Sofia
BH BHR Asia/Bahrain
CH CHE Europe/Zurich
CZ CZE Europe/Prague
DE DEU Europe/Berlin
DK DNK Europe/Copenhagen
EE EST Europe/Tallinn
FI FIN Europe/Helsinki
FR FRA Europe/Paris
GB GBR Europe/London
GR GRC Europe/Athens
HR HRV Europe/Zagreb
HU HUN Europe/Budapest
IE IRL Europe/Dublin
IL ISR Asia/Jerusalem
IN IND Asia/Kolkata
IS ISL Atlantic/Reykjavik
IT ITA Europe/Rome
JO JOR Asia/Amman
JP JPN Asia/Tokyo
KR KOR Asia/Seoul
KW KWT Asia/Kuwait
LI LIE Europe/Vaduz
LT LTU Europe/Vilnius
LU LUX Europe/Luxembourg
LV LVA Europe/Riga
MA MAR Africa/Casablanca
MC MCO Europe/Monaco
MD MDA Europe/Chisinau
ME MNE Europe/Podgorica
MK MKD Europe/Skopje
MT MLT Europe/Malta
NL NLD Europe/Amsterdam
NO NOR Europe/Oslo
OM OMN Asia/Muscat
PL POL Europe/Warsaw
QA QAT Asia/Qatar
RO ROU Europe/Bucharest
RS SRB Europe/Belgrade
SA SAU Asia/Riyadh
SE SWE Europe/Stockholm
SG SGP Asia/Singapore
SI SVN Europe/Ljubljana
SK SVK Europe/Bratislava
SM SMR Europe/San_Marino
TH THA Asia/Bangkok
TR TUR Europe/Istanbul
TW TWN Asia/Taipei
XK XKX Europe/Belgrade
ZA ZAF Africa/Johannesburg
"""
_ZONE_OF = {
    code: zone
    for short, long, zone in (row.split() for row in _ONE_ZONE.strip().splitlines())
    for code in (short, long)
}


@dataclass(frozen=True, slots=True)
class WallClock:
    """What time it is at the Location; without a zone nobody knows."""

    name: str | None
    source: str | None
    zone: tzinfo | None
    reading: Clock = Clock.LOCAL

    def local(self, moment: datetime) -> datetime | None:
        """The moment as the clock on the wall shows it."""
        if self.zone is None:
            return None
        match self.reading:
            case Clock.LOCAL:
                return moment.astimezone(self.zone)
            case Clock.UTC:
                return moment
            case Clock.HOUR_EARLIER:
                return (moment - _HOUR).astimezone(self.zone)
            case Clock.HOUR_LATER:
                return (moment + _HOUR).astimezone(self.zone)

    def turns(self, start: datetime, end: datetime, minutes: Sequence[int]) -> Iterator[datetime]:
        """When the wall shows one of these minutes of the day, in their order, or is set, on the
        days from start to end."""
        first, last = self.local(start), self.local(end)
        if first is None or last is None:
            return
        # The clock is not set twice in a week.
        offset = first.utcoffset() or timedelta()
        steady = offset == last.utcoffset() and end - start < _WEEK
        zone = timezone(offset) if steady else first.tzinfo
        days = range(first.toordinal(), last.toordinal() + 1)
        for day in days:
            low = _minute(first) if steady and day == days[0] else -1
            high = _minute(last) if steady and day == days[-1] else _DAY
            midnight = datetime.combine(date.fromordinal(day), time(), zone)
            for minute in minutes[bisect_right(minutes, low) : bisect_right(minutes, high)]:
                shown = midnight + timedelta(minutes=minute)
                for fold in (0,) if steady else (0, 1):
                    yield self._moment(shown.replace(fold=fold))
        if offset != last.utcoffset():
            yield self._clock_change(start, end)

    def _moment(self, shown: datetime) -> datetime:
        moment = shown.astimezone(UTC)
        match self.reading:
            case Clock.HOUR_EARLIER:
                return moment + _HOUR
            case Clock.HOUR_LATER:
                return moment - _HOUR
            case Clock.LOCAL | Clock.UTC:
                return moment

    def _clock_change(self, start: datetime, end: datetime) -> datetime:
        """The second between the two at which the clock is set."""
        start = start.replace(microsecond=0)
        before, after = 0, (end - start) // _SECOND + 1
        while after - before > 1:
            middle = (before + after) // 2
            same = self._offset(start + middle * _SECOND) == self._offset(start)
            before, after = (middle, after) if same else (before, middle)
        return start + after * _SECOND

    def _offset(self, moment: datetime) -> timedelta | None:
        local = self.local(moment)
        return None if local is None else local.utcoffset()


def _minute(shown: datetime) -> int:
    return shown.hour * 60 + shown.minute


@lru_cache(maxsize=1024)
def load_zone(name: str) -> ZoneInfo:
    """The IANA zone of that name, from the tzdata package so that every machine agrees.

    InvalidParameters says that there is none.
    """
    if _NAME.fullmatch(name):
        file = files("tzdata").joinpath("zoneinfo", *name.split("/"))
        if file.is_file():
            with file.open("rb") as opened:
                try:
                    return ZoneInfo.from_file(opened, key=name)
                except ValueError:
                    pass
    raise InvalidParameters(
        f"time_zone: expected an IANA time zone such as 'Europe/Amsterdam', got {name[:40]!r}"
    )


def country_zone(code: str | None) -> str | None:
    """The zone of a country that has only one."""
    return _ZONE_OF.get((code or "").upper())
