"""A tariff in plain words: one sentence for each element, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from emsp_adapter.money.price_texts import LANGUAGES, joined, number
from ocpi_hub.pricing import CompiledTariff
from ocpi_hub.pricing.money import minor_unit
from ocpi_hub.protocol.v2_2_1.tariffs import DayOfWeek

# Nobody reads more.
_MOST_ELEMENTS = 30
_WEEK = [day.value for day in DayOfWeek]

_UNITS = {
    "ENERGY": ("{price} per kWh", "{price} je kWh"),
    "TIME": ("{price} per hour of charging", "{price} je Stunde Laden"),
    "PARKING_TIME": (
        "{price} per hour of parking after charging",
        "{price} je Stunde Parken nach dem Laden",
    ),
    "FLAT": ("{price} for the start", "{price} für den Start"),
}
_RESERVED = {
    "RESERVATION": ("for a reservation", "für eine Reservierung"),
    "RESERVATION_EXPIRES": (
        "for a reservation that is not used",
        "für eine nicht genutzte Reservierung",
    ),
}
_RESERVED_UNITS = {
    "TIME": ("{price} per reserved hour", "{price} je reservierter Stunde"),
    "FLAT": ("{price} once", "{price} einmalig"),
}
_FREE = ("nothing", "nichts")
_DAYS = (
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
)
# What restrictions say, by the fields that belong together: both set, only the first, only the
# second.
_RANGES: dict[tuple[str, str], tuple[tuple[str, str], tuple[str, str], tuple[str, str]]] = {
    ("start_time", "end_time"): (
        ("from {0} to {1}", "von {0} bis {1} Uhr"),
        ("from {0}", "ab {0} Uhr"),
        ("until {1}", "bis {1} Uhr"),
    ),
    ("start_date", "end_date"): (
        ("from {0} until before {1}", "vom {0} bis vor dem {1}"),
        ("from {0}", "ab {0}"),
        ("until before {1}", "bis vor dem {1}"),
    ),
    ("min_kwh", "max_kwh"): (
        ("from {0} kWh up to {1} kWh", "von {0} kWh bis {1} kWh"),
        ("from {0} kWh", "ab {0} kWh"),
        ("for the first {1} kWh", "für die ersten {1} kWh"),
    ),
    ("min_duration", "max_duration"): (
        ("from minute {0} to minute {1}", "von Minute {0} bis Minute {1}"),
        ("from minute {0}", "ab Minute {0}"),
        ("for the first {1} minutes", "für die ersten {1} Minuten"),
    ),
    ("min_power", "max_power"): (
        ("at {0} kW up to {1} kW", "bei {0} kW bis {1} kW"),
        ("at {0} kW or more", "ab {0} kW"),
        ("below {1} kW", "unter {1} kW"),
    ),
    ("min_current", "max_current"): (
        ("at {0} A up to {1} A", "bei {0} A bis {1} A"),
        ("at {0} A or more", "ab {0} A"),
        ("below {1} A", "unter {1} A"),
    ),
}
_VAT = (" plus {vat} % VAT", " zzgl. {vat} % MwSt.")
_LIMITS = {
    "min_price": ("At least {price} for each session", "Mindestens {price} je Ladung"),
    "max_price": ("At most {price} for each session", "Höchstens {price} je Ladung"),
}
_MORE = ("and {count} more rules", "und {count} weitere Regeln")


def elements_text(tariff: CompiledTariff, language: str) -> list[str]:
    """The sentences of a tariff that has been read; the first that fits is the one that counts."""
    at = LANGUAGES.index(language)
    elements: Sequence[Mapping[str, Any]] = tariff.document.get("elements") or ()
    said = [_element(each, tariff.currency, at) for each in elements[:_MOST_ELEMENTS]]
    if len(elements) > _MOST_ELEMENTS:
        said.append(_MORE[at].format(count=len(elements) - _MOST_ELEMENTS))
    for name, words in _LIMITS.items():
        limit = tariff.document.get(name)
        if limit is not None:
            price = _price(limit["excl_vat"], tariff.currency, at)
            said.append(words[at].format(price=price) + ".")
    return said


def _element(element: Mapping[str, Any], currency: str, at: int) -> str:
    restrictions = element.get("restrictions") or {}
    reserved = restrictions.get("reservation")
    units = _UNITS if reserved is None else _UNITS | _RESERVED_UNITS
    components = element.get("price_components") or ()
    prices = [_component(each, units, currency, at) for each in components]
    when = [*_conditions(restrictions, at)]
    if reserved in _RESERVED:
        when.insert(0, _RESERVED[reserved][at])
    said = joined(prices, LANGUAGES[at])
    return f"{', '.join([said, *when])}."


def _component(
    component: Mapping[str, Any],
    units: Mapping[str, tuple[str, str]],
    currency: str,
    at: int,
) -> str:
    amount = Decimal(component["price"])
    price = _price(amount, currency, at) if amount else _FREE[at]
    vat = component.get("vat")
    if vat is not None and amount:
        price += _VAT[at].format(vat=number(Decimal(vat), LANGUAGES[at]))
    return units[component["type"]][at].format(price=price)


def _price(amount: Any, currency: str, at: int) -> str:
    return f"{number(Decimal(amount), LANGUAGES[at], least=minor_unit(currency))} {currency}"


def _conditions(restrictions: Mapping[str, Any], at: int) -> Iterator[str]:
    days = restrictions.get("day_of_week") or []
    if days and len(set(days)) < len(_WEEK):
        names = [_DAYS[at][_WEEK.index(day)] for day in days]
        yield joined(names, LANGUAGES[at])
    for (low, high), (both, first, second) in _RANGES.items():
        least, most = restrictions.get(low), restrictions.get(high)
        if least is not None or most is not None:
            words = both if None not in (least, most) else second if least is None else first
            yield words[at].format(_bound(low, least, at), _bound(high, most, at))


def _bound(field: str, value: Any, at: int) -> str:
    """A bound as people say it: durations in minutes, times and dates as they stand."""
    if value is None or isinstance(value, str):
        return value or ""
    if field.endswith("_duration"):
        return number(Decimal(value) / 60, LANGUAGES[at])
    return number(Decimal(value), LANGUAGES[at])
