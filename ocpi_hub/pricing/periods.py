"""The usage of a CDR: its Charging Periods, put in order and checked.

Source: CDRs, ChargingPeriod, CdrDimension and CdrDimensionType.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from ocpi_hub.pricing import reading
from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.money import HOUR, ZERO
from ocpi_hub.pricing.policies import DurationFrom, Policy, TimeVolume
from ocpi_hub.pricing.reading import listed, mapping, number, optional_text, text
from ocpi_hub.pricing.usage import TIME_NOISE, Period, Usage, exact_seconds
from ocpi_hub.protocol.errors import InvalidParameters
from ocpi_hub.protocol.v2_2_1.cdrs import SESSION_ONLY, CdrDimensionType

_MOST_PERIODS = 20_000
_MOST_DIMENSIONS = 100
_UNKNOWN_YEAR, _LAST_YEAR = 1970, 2200

_SUMMED = ("ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME")
_HIGHEST = ("MAX_POWER", "MAX_CURRENT")
_TIMES = _SUMMED[1:]
# Where a volume stands in what is read from a period.
_PLACES = {
    name: place
    for place, name in enumerate((*_SUMMED, "MAX_POWER", "MIN_POWER", "MAX_CURRENT", "MIN_CURRENT"))
}
_IGNORED = {each.value for each in SESSION_ONLY}

_Volumes = list[Decimal | None]


def read_usage(cdr: Mapping[str, Any], policy: Policy) -> Usage:
    """The usage of a CDR; InvalidParameters names the field that cannot be read."""
    findings: list[Finding] = []
    start = _moment(cdr, "start_date_time")
    end = _moment(cdr, "end_date_time")
    if end < start:
        raise InvalidParameters("end_date_time: lies before start_date_time")
    periods = _periods(cdr, (start, end), policy, findings)
    known = _UNKNOWN_YEAR not in {each.year for each in (start, end, periods[0].start)}
    if not known:
        message = "start or end is unknown (1970-01-01): nothing that hangs on time is priced"
        findings.append(Finding(Code.TIMES_UNKNOWN, "/start_date_time", message))
    return Usage(
        start,
        end,
        _session_start(periods, start, policy),
        text(cdr.get("currency"), "currency").upper(),
        periods,
        times_known=known,
        times_rounded=True,
        findings=tuple(findings),
    )


def _moment(raw: Mapping[str, Any], name: str) -> datetime:
    """A moment of a session: one that every time zone can show."""
    found = reading.moment(raw.get(name), name)
    if not _UNKNOWN_YEAR <= found.year <= _LAST_YEAR:
        raise InvalidParameters(f"{name}: {raw[name]} is no time of a session")
    return found


def _session_start(periods: Sequence[Period], start: datetime, policy: Policy) -> datetime:
    """A reservation is no charging session: durations count from the first period without one."""
    if policy.duration_from is DurationFrom.RESERVATION or not periods[0].reservation:
        return start
    return next((period.start for period in periods if not period.reservation), start)


def _periods(
    cdr: Mapping[str, Any],
    session: tuple[datetime, datetime],
    policy: Policy,
    findings: list[Finding],
) -> tuple[Period, ...]:
    """The periods in the order of their start, each up to the next."""
    ordered = _in_order(cdr, findings)
    ends = [start for start, _, _ in ordered[1:]]
    ends.append(max(session[1], ordered[-1][0]))
    read: list[Period] = []
    before = ZERO
    for (start, at, raw), end in zip(ordered, ends, strict=True):
        if not session[0] <= start <= session[1]:
            _find(findings, Code.PERIOD_OUTSIDE_SESSION, at, "it starts outside the session")
        try:
            period = _period(raw, at, (start, end), before, policy, findings)
        except InvalidParameters as error:
            raise InvalidParameters(f"charging_periods.{at}.{error.message}") from None
        before += period.energy
        read.append(period)
    return tuple(read)


def _in_order(
    cdr: Mapping[str, Any], findings: list[Finding]
) -> list[tuple[datetime, int, Mapping[str, Any]]]:
    raw = listed(cdr.get("charging_periods"), "charging_periods")
    if not raw:
        raise InvalidParameters("charging_periods: expected at least one entry")
    if len(raw) > _MOST_PERIODS:
        raise InvalidParameters(
            f"charging_periods: has {len(raw)} entries, at most {_MOST_PERIODS} are priced"
        )
    starts = []
    for at, each in enumerate(raw):
        try:
            starts.append((_moment(mapping(each, "period"), "start_date_time"), at, each))
        except InvalidParameters as error:
            raise InvalidParameters(f"charging_periods.{at}.{error.message}") from None
    ordered = sorted(starts, key=itemgetter(0))
    if ordered != starts:
        message = "the periods are not in the order of time"
        findings.append(Finding(Code.PERIODS_OUT_OF_ORDER, "/charging_periods", message))
    return ordered


def _period(
    raw: Mapping[str, Any],
    at: int,
    span: tuple[datetime, datetime],
    before: Decimal,
    policy: Policy,
    findings: list[Finding],
) -> Period:
    volumes = _volumes(raw, at, findings)
    energy, time, parking, reservation, power_high, power_low, current_high, current_low = volumes
    if energy is not None and energy < 0:
        _find(findings, Code.NEGATIVE_ENERGY, at, "the vehicle fed energy back")
    seconds = [each * HOUR if each else ZERO for each in (time, parking, reservation)]
    if policy.time_volume is not TimeVolume.REPORTED:
        _correct(seconds, exact_seconds(span[1] - span[0]), policy.time_volume)
    return Period(
        at,
        span[0],
        span[1],
        optional_text(raw.get("tariff_id"), "tariff_id"),
        energy or ZERO,
        seconds[0],
        seconds[1],
        seconds[2],
        # One of the two stands for the other where only one was measured.
        power_low if power_high is None else power_high,
        power_high if power_low is None else power_low,
        current_low if current_high is None else current_high,
        current_high if current_low is None else current_low,
        before,
        reservation is not None,
    )


def _volumes(raw: Mapping[str, Any], at: int, findings: list[Finding]) -> _Volumes:
    """The volume of each dimension that a price can hang on."""
    dimensions = listed(raw.get("dimensions"), "dimensions")
    if len(dimensions) > _MOST_DIMENSIONS:
        raise InvalidParameters(
            f"dimensions: has {len(dimensions)} entries, expected one for each type"
        )
    found: _Volumes = [None] * len(_PLACES)
    for n, each in enumerate(dimensions):
        try:
            kind, volume = _dimension(each)
        except InvalidParameters as error:
            raise InvalidParameters(f"dimensions.{n}.{error.message}") from None
        place = _PLACES.get(kind)
        if place is None:
            _find(findings, Code.DIMENSION_NOT_FOR_CDRS, at, f"{kind} is no dimension of a CDR")
            continue
        known = found[place]
        if known is not None:
            _find(findings, Code.DIMENSION_TWICE, at, f"{kind} is there twice")
            volume = _joined(kind, known, volume)
        found[place] = volume
    return found


def _dimension(raw: Any) -> tuple[str, Decimal]:
    dimension = mapping(raw, "dimension")
    kind = text(dimension.get("type"), "type")
    if kind not in _PLACES and kind not in _IGNORED:
        known = ", ".join(CdrDimensionType)
        raise InvalidParameters(f"type: expected one of {known}, got {kind[:40]!r}")
    volume = number(dimension.get("volume"), "volume")
    if volume < 0 and kind in _TIMES:
        raise InvalidParameters(f"volume: expected 0 or more hours, got {volume}")
    return kind, volume


def _joined(kind: str, known: Decimal, volume: Decimal) -> Decimal:
    if kind in _SUMMED:
        return known + volume
    return max(known, volume) if kind in _HIGHEST else min(known, volume)


def _correct(seconds: list[Decimal], length: Decimal, reading: TimeVolume) -> None:
    """Takes the period's length for its time, where the policy says so."""
    if reading is TimeVolume.WALL_CLOCK:
        if seconds[0]:
            seconds[0] = length
        return
    given = [at for at, each in enumerate(seconds) if each]
    if len(given) == 1 and abs(seconds[given[0]] - length) <= TIME_NOISE:
        seconds[given[0]] = length


def _find(findings: list[Finding], code: Code, at: int, message: str) -> None:
    findings.append(Finding(code, f"/charging_periods/{at}", message))
