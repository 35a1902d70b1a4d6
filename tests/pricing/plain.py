"""The rules of pricing written down plainly: exact fractions, no compiled tariff.

What the engine is compared with, in its result and in its speed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_ZERO = Fraction(0)
_PRICED_AS = {
    "ENERGY": "ENERGY",
    "TIME": "TIME",
    "PARKING_TIME": "PARKING_TIME",
    "RESERVATION_TIME": "TIME",
}
_PARTS = {
    "ENERGY": "total_energy_cost",
    "TIME": "total_time_cost",
    "PARKING_TIME": "total_parking_cost",
    "RESERVATION_TIME": "total_reservation_cost",
}
_LITTLE = Fraction(1, 10**9)
_INSTANT = timedelta(microseconds=1)

_MOST_DIGITS = 30
_TOLERANCE = Fraction(1, 2000)

Costs = dict[str, tuple[Fraction, Fraction]]


@dataclass(frozen=True)
class Plain:
    """A price: costs without and with VAT, quantities in kWh and hours."""

    costs: Costs
    energy: Fraction
    time: Fraction
    parking: Fraction
    billed: dict[str, Fraction]
    limit_applied: str | None
    findings: set[str]


def plain_price(cdr: Mapping[str, Any], time_zone: str, outcome: str = "used") -> Plain:
    """The price of a CDR under its own tariffs."""
    return _Plain(cdr, time_zone, outcome).price()


class _Plain:
    def __init__(self, cdr: Mapping[str, Any], time_zone: str, outcome: str) -> None:
        self.cdr = cdr
        self.zone = ZoneInfo(time_zone)
        self.outcome = outcome
        self.findings: set[str] = set()
        self.limit: str | None = None
        self.periods = sorted(cdr["charging_periods"], key=lambda each: _at(each))
        self.start = _at(cdr)
        charging = [each for each in self.periods if not _volume(each, "RESERVATION_TIME")]
        reserved = _volume(self.periods[0], "RESERVATION_TIME")
        self.begun = _at(charging[0]) if reserved and charging else self.start

    def price(self) -> Plain:
        self._check()
        lines = list(self._lines())
        lines += self._steps(lines)
        costs: Costs = {}
        billed: dict[str, Fraction] = {}
        for part, quantity, component, dimension in lines:
            if component is not None:
                vat = 1 + _number(component.get("vat") or 0) / 100
                excl = quantity * _number(component["price"])
                known = costs.get(part, (_ZERO, _ZERO))
                costs[part] = known[0] + excl, known[1] + excl * vat
                billed[dimension] = billed.get(dimension, _ZERO) + quantity
        excl = sum((each[0] for each in costs.values()), _ZERO)
        incl = sum((each[1] for each in costs.values()), _ZERO)
        if any(_used(period) for period in self.periods):
            excl, incl = self._limited(excl, incl)
        length = _at(self.cdr, "end_date_time") - self.start
        return Plain(
            costs | {"total_cost": (excl, incl)},
            sum((_volume(each, "ENERGY") for each in self.periods), _ZERO),
            Fraction(length // _INSTANT, 3_600_000_000),
            sum((_volume(each, "PARKING_TIME") for each in self.periods), _ZERO),
            billed,
            self.limit,
            self.findings,
        )

    def _check(self) -> None:
        end = _at(self.cdr, "end_date_time")
        if [_at(each) for each in self.periods] != [_at(e) for e in self.cdr["charging_periods"]]:
            self.findings.add("periods_out_of_order")
        if any(not self.start <= _at(each) <= end for each in self.periods):
            self.findings.add("period_outside_session")
        if any(self._tariff(each)["currency"] != self.cdr["currency"] for each in self.periods):
            self.findings.add("currency_mismatch")

    def _lines(self) -> Iterator[tuple[str, Fraction, Any, str]]:
        energy = _ZERO
        charged: set[str] = set()
        ends = [_at(each) for each in self.periods[1:]] + [_at(self.cdr, "end_date_time")]
        for period, end in zip(self.periods, ends, strict=True):
            tariff = self._tariff(period)
            facts = self._facts(period, _at(period), energy, end)
            last = max(_at(period), end - _INSTANT)
            near = energy + max(_volume(period, "ENERGY") - _LITTLE, _ZERO)
            later = self._facts(period, last, near, end)
            reserved = _volume(period, "RESERVATION_TIME")
            for context, due in (("session", _used(period)), ("reservation", reserved)):
                flat = self._find(tariff, "FLAT", context, facts) if due else None
                if flat is not None and context not in charged:
                    charged.add(context)
                    yield _flat_part(context, period, flat), Fraction(1), flat[0], "FLAT"
            for dimension, priced_as in _PRICED_AS.items():
                volume = _volume(period, dimension)
                if volume:
                    context = "reservation" if dimension == "RESERVATION_TIME" else "session"
                    found = self._find(tariff, priced_as, context, facts)
                    if _terms(found) != _terms(self._find(tariff, priced_as, context, later)):
                        self.findings.add("period_spans_price_change")
                    component = None if found is None else found[0]
                    if component is None:
                        self.findings.add("no_price_component")
                    yield _PARTS[dimension], volume, component, dimension
            energy += _volume(period, "ENERGY")

    def _steps(self, lines: list[tuple[str, Fraction, Any, str]]) -> list[Any]:
        priced = [line for line in lines if line[2] is not None]
        parking = [line for line in priced if line[3] == "PARKING_TIME"]
        time = [line for line in priced if line[3] == "TIME"]
        steps = []
        for group, factor in (
            ([line for line in priced if line[3] == "ENERGY"], 1000),
            (parking or time, 3600),
            ([line for line in priced if line[3] == "RESERVATION_TIME"], 3600),
        ):
            if not group:
                continue
            part, _, component, dimension = group[-1]
            total = sum((line[1] for line in group), _ZERO) * factor
            step = _number(component.get("step_size", 1))
            if step > 0 and total > 0 and total % step:
                surplus = (step - total % step) / factor
                steps.append((part, surplus, component, dimension))
        return steps

    def _limited(self, excl: Fraction, incl: Fraction) -> tuple[Fraction, Fraction]:
        tariff = self._tariff(self.periods[0])
        for name, tighter in (("min_price", max), ("max_price", min)):
            limit = tariff.get(name)
            if limit is not None:
                before = excl, incl
                bounded = tighter(excl, _number(limit["excl_vat"]))
                if limit.get("incl_vat") is not None:
                    incl = tighter(incl, _number(limit["incl_vat"]))
                elif bounded != excl:
                    incl = bounded * incl / excl if excl else bounded
                if (bounded, incl) != before:
                    self.limit = name
                excl = bounded
        return excl, incl

    def _tariff(self, period: Mapping[str, Any]) -> Mapping[str, Any]:
        tariffs = self.cdr["tariffs"]
        named = period.get("tariff_id")
        if named is not None:
            return next(each for each in tariffs if each["id"].lower() == named.lower())
        return next(each for each in tariffs if self._valid(each))

    def _valid(self, tariff: Mapping[str, Any]) -> bool:
        first, last = tariff.get("start_date_time"), tariff.get("end_date_time")
        return (first is None or _moment(first) <= self.start) and (
            last is None or self.start <= _moment(last)
        )

    def _facts(
        self, period: Mapping[str, Any], moment: datetime, energy: Fraction, end: datetime
    ) -> dict[str, Any]:
        length = Fraction((end - _at(period)).seconds or 1)
        average = _volume(period, "ENERGY") * 3600 / length
        return {
            "local": moment.astimezone(self.zone),
            "energy": energy,
            "elapsed": max(moment - self.begun, timedelta()),
            "max_power": _known(period, "MAX_POWER", "MIN_POWER", average),
            "min_power": _known(period, "MIN_POWER", "MAX_POWER", average),
            "max_current": _known(period, "MAX_CURRENT", "MIN_CURRENT", None),
            "min_current": _known(period, "MIN_CURRENT", "MAX_CURRENT", None),
        }

    def _find(
        self, tariff: Mapping[str, Any], dimension: str, context: str, facts: Mapping[str, Any]
    ) -> tuple[Any, Any] | None:
        kinds: tuple[str | None, ...] = (None,)
        if context == "reservation":
            kinds = ("RESERVATION",)
            if self.outcome == "expired":
                kinds = ("RESERVATION_EXPIRES", "RESERVATION")
        for kind in kinds:
            for element in tariff["elements"]:
                restrictions = element.get("restrictions") or {}
                if restrictions.get("reservation") != kind or not _holds(restrictions, facts):
                    continue
                for component in element["price_components"]:
                    if component["type"] == dimension:
                        return component, element
        return None


def _holds(restrictions: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    local = facts["local"]
    days = restrictions.get("day_of_week")
    if days and _DAYS[local.weekday()] not in days:
        return False
    day = local.date().isoformat()
    if restrictions.get("start_date") and day < restrictions["start_date"]:
        return False
    if restrictions.get("end_date") and day >= restrictions["end_date"]:
        return False
    return _in_window(restrictions, local) and all(
        _between(restrictions, name, facts) for name in ("kwh", "duration", "power", "current")
    )


def _in_window(restrictions: Mapping[str, Any], local: datetime) -> bool:
    start = _minute(restrictions.get("start_time"), 0)
    end = _minute(restrictions.get("end_time"), 1440) or 1440
    now = local.hour * 60 + local.minute
    if start % 1440 == end % 1440:
        return True
    return start <= now < end if start < end else now >= start or now < end


def _between(restrictions: Mapping[str, Any], name: str, facts: Mapping[str, Any]) -> bool:
    least, most = restrictions.get(f"min_{name}"), restrictions.get(f"max_{name}")
    if least is None and most is None:
        return True
    if name == "kwh":
        low = high = facts["energy"]
    elif name == "duration":
        low = high = Fraction(facts["elapsed"] // timedelta(seconds=1))
    else:
        # Against the other extreme of the period: one that was split well lies on one side.
        low, high = facts[f"max_{name}"], facts[f"min_{name}"]
    if low is None:
        return False
    return (least is None or low >= _number(least)) and (most is None or high < _number(most))


def _terms(found: tuple[Any, Any] | None) -> object:
    """What matters of a component: another element with the same price changes nothing."""
    if found is None:
        return None
    return found[0]["price"], found[0].get("vat") or 0, found[0].get("step_size", 1)


def _minute(text: str | None, default: int) -> int:
    return default if text is None else int(text[:2]) * 60 + int(text[3:])


def _known(period: Mapping[str, Any], name: str, other: str, default: Fraction | None) -> Any:
    for each in (name, other):
        for dimension in period["dimensions"]:
            if dimension["type"] == each:
                return _number(dimension["volume"])
    return default


def _volume(period: Mapping[str, Any], name: str) -> Fraction:
    volumes = (_number(each["volume"]) for each in period["dimensions"] if each["type"] == name)
    return sum(volumes, _ZERO)


def _used(period: Mapping[str, Any]) -> bool:
    if not _volume(period, "RESERVATION_TIME"):
        return True
    return any(_volume(period, each) for each in ("ENERGY", "TIME", "PARKING_TIME"))


def _flat_part(context: str, period: Mapping[str, Any], found: tuple[Any, Any]) -> str:
    if context == "reservation":
        return "total_reservation_cost"
    kinds = {each["type"] for each in found[1]["price_components"]}
    parks = "PARKING_TIME" in kinds and not {"ENERGY", "TIME"} & kinds
    return "total_parking_cost" if parks and _volume(period, "PARKING_TIME") else "total_fixed_cost"


def _number(value: Any) -> Fraction:
    """An exact number of at most 30 digits."""
    number = Decimal(value)
    if not number.is_finite() or len(number.as_tuple().digits) > _MOST_DIGITS:
        raise ValueError(f"{value} is not a number of at most {_MOST_DIGITS} digits")
    return Fraction(number)


def _at(raw: Mapping[str, Any], name: str = "start_date_time") -> datetime:
    return _moment(raw[name])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def plain_differences(cdr: Mapping[str, Any], price: Plain) -> dict[str, Fraction]:
    """Claimed minus exact, for every claim of a CDR in euros that is not right."""
    sign = -1 if cdr.get("credit") else 1
    wrong: dict[str, Fraction] = {}
    for name in ("total_cost", "total_fixed_cost", *_PARTS.values()):
        exact = price.costs.get(name, (_ZERO, _ZERO))
        for side, amount in zip(("excl_vat", "incl_vat"), exact, strict=True):
            claimed = (cdr.get(name) or {}).get(side)
            if claimed is not None:
                claim = _number(claimed) * (sign if name == "total_cost" else 1)
                if claim not in (_half_up(amount, 2), _half_up(amount, 4)):
                    wrong[f"{name}.{side}"] = claim - amount
    measured = {
        "total_energy": price.energy,
        "total_time": price.time,
        "total_parking_time": price.parking,
    }
    for name, quantity in measured.items():
        if cdr.get(name) is None:
            continue
        difference = _number(cdr[name]) - quantity
        if abs(difference) > _TOLERANCE and _number(cdr[name]) != _half_up(quantity, 2):
            wrong[name] = difference
    return wrong


def _half_up(value: Fraction, decimals: int) -> Fraction:
    scaled = abs(value) * 10**decimals + Fraction(1, 2)
    return Fraction(scaled.numerator // scaled.denominator, 10**decimals) * (-1 if value < 0 else 1)
