"""What is wrong with a tariff before anybody is billed with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NamedTuple

from ocpi_hub.pricing.compiled import CompiledTariff, Context, PriceLimit, compile_tariff
from ocpi_hub.pricing.coverage import gap
from ocpi_hub.pricing.findings import Code
from ocpi_hub.pricing.lookup import Component
from ocpi_hub.pricing.money import HOUR, MINOR_UNITS, plain
from ocpi_hub.pricing.reading import optional_number
from ocpi_hub.protocol.v2_2_1.tariffs import (
    PriceComponent,
    Tariff,
    TariffDimensionType,
    TariffElement,
    TariffRestrictions,
)

_TIMED = (TariffDimensionType.TIME, TariffDimensionType.PARKING_TIME)
_FOR_RESERVATIONS = ("FLAT", "TIME")
_PER_MINUTE = Decimal("0.50")
_FEW_WATT_HOURS = 10
_MINUTES = 60


class Severity(StrEnum):
    """How bad a remark is."""

    ERROR = "error"  # the tariff does not do what it says
    WARNING = "warning"  # it probably does not do what was meant
    INFO = "info"  # it could be clearer


class Remark(NamedTuple):
    """One remark, with a JSON pointer to what it is about."""

    code: str
    severity: Severity
    where: str
    message: str

    def document(self) -> dict[str, str]:
        """The remark as JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where,
            "message": self.message,
        }


def lint(document: Mapping[str, Any], *, now: datetime | None = None) -> list[Remark]:
    """The remarks on a tariff, those of the whole tariff first.

    InvalidParameters names what cannot be read at all. Without `now` nothing is expired.
    """
    tariff = compile_tariff(document)
    return [
        *_whole(tariff, now),
        *_limits(tariff),
        *_misspelt(document, Tariff, ""),
        *(remark for at, each in _elements(document) for remark in _element(each, at)),
        *_found(tariff),
        *_dimensions(tariff),
        *_vat(tariff),
    ]


def _elements(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for at, element in enumerate(document.get("elements") or []):
        yield f"/elements/{at}", element


def _whole(tariff: CompiledTariff, now: datetime | None) -> Iterator[Remark]:
    if not tariff.lookups:
        message = "prices nothing; free of charge is one FLAT of 0"
        yield Remark("no_elements", Severity.ERROR, "/elements", message)
    if tariff.currency not in MINOR_UNITS:
        message = f"{tariff.currency} is not a currency of ISO 4217"
        yield Remark("unknown_currency", Severity.ERROR, "/currency", message)
    start, end = tariff.valid_from, tariff.valid_until
    if start is not None and end is not None and end <= start:
        message = "ends before it starts"
        yield Remark("never_valid", Severity.ERROR, "/end_date_time", message)
    elif now is not None and end is not None and end < now:
        yield Remark("expired", Severity.WARNING, "/end_date_time", "is over")
    reserve = optional_number(tariff.document.get("preauthorize_amount"), "preauthorize_amount")
    limit = tariff.max_price
    if reserve is not None and limit is not None and limit.excl > reserve * HOUR:
        message = "a terminal reserves less than max_price"
        yield Remark("preauthorisation_too_low", Severity.WARNING, "/preauthorize_amount", message)


def _limits(tariff: CompiledTariff) -> Iterator[Remark]:
    low, high = tariff.min_price, tariff.max_price
    for name, limit in (("min_price", low), ("max_price", high)):
        if limit is None:
            continue
        if limit.incl is None:
            message = "has no incl_vat, so that it is derived from the VAT of each session"
            yield Remark("limit_without_incl_vat", Severity.WARNING, f"/{name}", message)
        elif limit.incl < limit.excl:
            message = "is lower with VAT than without"
            yield Remark("limit_incl_below_excl", Severity.ERROR, f"/{name}", message)
    if low is not None and high is not None and _cross(low, high):
        message = "min_price is higher than max_price, which wins"
        yield Remark("limits_cross", Severity.ERROR, "/min_price", message)


def _cross(low: PriceLimit, high: PriceLimit) -> bool:
    incl = low.incl is not None and high.incl is not None and low.incl > high.incl
    return low.excl > high.excl or incl


def _misspelt(raw: Mapping[str, Any], model: Any, where: str) -> Iterator[Remark]:
    known = list(model.model_fields)
    for name in raw:
        near = get_close_matches(_plain_name(name), [_plain_name(each) for each in known], n=1)
        if name not in known and near:
            meant = next(each for each in known if _plain_name(each) == near[0])
            message = f"{name[:40]!r} is not a field; {meant!r} is"
            yield Remark("misspelt_field", Severity.ERROR, f"{where}/{name}", message)


def _plain_name(name: str) -> str:
    return name.replace("_", "").lower()


def _element(raw: Mapping[str, Any], where: str) -> Iterator[Remark]:
    yield from _misspelt(raw, TariffElement, where)
    restrictions = raw.get("restrictions") or {}
    yield from _misspelt(restrictions, TariffRestrictions, f"{where}/restrictions")
    yield from _windows(restrictions, f"{where}/restrictions")
    seen: set[str] = set()
    for at, component in enumerate(raw.get("price_components") or []):
        here, kind = f"{where}/price_components/{at}", component["type"]
        yield from _misspelt(component, PriceComponent, here)
        if kind in seen:
            message = f"a second {kind} in the same element, which is never used"
            yield Remark("duplicate_dimension", Severity.ERROR, here, message)
        if restrictions.get("reservation") and kind not in _FOR_RESERVATIONS:
            message = f"{kind} cannot price a reservation, only FLAT and TIME can"
            yield Remark("not_for_reservations", Severity.ERROR, here, message)
        seen.add(kind)


def _windows(restrictions: Mapping[str, Any], where: str) -> Iterator[Remark]:
    for low, high in (
        ("min_kwh", "max_kwh"),
        ("min_current", "max_current"),
        ("min_power", "max_power"),
        ("min_duration", "max_duration"),
        ("start_date", "end_date"),
    ):
        least, most = restrictions.get(low), restrictions.get(high)
        if least is not None and most is not None and least >= most:
            message = f"{low} {least} up to but not including {high} {most} is nothing at all"
            yield Remark("impossible_window", Severity.ERROR, f"{where}/{high}", message)
    start, end = restrictions.get("start_time"), restrictions.get("end_time")
    if start is not None and start == end and start != "00:00":
        message = f"from {start} to {end} is read as the whole day"
        yield Remark("start_equals_end", Severity.WARNING, f"{where}/end_time", message)


def _found(tariff: CompiledTariff) -> Iterator[Remark]:
    """What reading the tariff found out."""
    for finding in tariff.findings:
        severity = Severity.ERROR if finding.code is Code.UNKNOWN_RESTRICTION else Severity.WARNING
        yield Remark(finding.code, severity, finding.where, finding.message)


def _dimensions(tariff: CompiledTariff) -> Iterator[Remark]:
    for (context, dimension), lookup in tariff.lookups.items():
        if context is Context.EXPIRED and (Context.RESERVATION, dimension) in tariff.lookups:
            continue
        components = [entry.component for entry in lookup.entries if entry.component is not None]
        for component in dict.fromkeys(components):
            yield from _component(component, dimension)
        last = next((at for at, each in enumerate(lookup.entries) if not each.ranges), None)
        for entry in lookup.entries[last + 1 :] if last is not None else ():
            first = lookup.entries[last or 0].element
            message = f"element {first} always prices {dimension} before it"
            yield Remark("unreachable_component", Severity.ERROR, _where(entry.component), message)
        unpriced = None if dimension is TariffDimensionType.FLAT else gap(lookup)
        if unpriced is not None:
            message = f"{dimension} costs nothing when: {unpriced}"
            yield Remark("no_fallback", Severity.WARNING, "/elements", message)
        if dimension is TariffDimensionType.FLAT and len({each.element for each in components}) > 1:
            message = "only the first FLAT that becomes active is due"
            yield Remark("several_flats", Severity.WARNING, _where(components[1]), message)
    yield from _idle_steps(tariff)


def _idle_steps(tariff: CompiledTariff) -> Iterator[Remark]:
    """Parking absorbs the step of charging time (CDRs, step_size)."""
    time = tariff.lookup(Context.SESSION, TariffDimensionType.TIME)
    if time is None or tariff.lookup(Context.SESSION, TariffDimensionType.PARKING_TIME) is None:
        return
    for entry in time.entries:
        if entry.component is not None and entry.component.step > 1:
            message = "never rounds a session that ends with priced parking"
            where = f"{_where(entry.component)}/step_size"
            yield Remark("time_step_without_effect", Severity.INFO, where, message)


def _component(component: Component, dimension: TariffDimensionType) -> Iterator[Remark]:
    where, step, price = _where(component), component.step_size, component.price
    if price < 0:
        message = f"{plain(price)} is a negative price"
        yield Remark("negative_price", Severity.WARNING, f"{where}/price", message)
    if dimension in _TIMED and 0 < price < _PER_MINUTE:
        message = f"{plain(price)} an hour looks like a price per minute"
        yield Remark("price_per_minute", Severity.WARNING, f"{where}/price", message)
    if component.vat is not None and not 0 <= component.vat <= 100:
        message = f"{plain(component.vat)} is not a percentage from 0 to 100"
        yield Remark("vat_out_of_range", Severity.ERROR, f"{where}/vat", message)
    if dimension is TariffDimensionType.FLAT:
        if step > 1:
            message = "a FLAT has no steps"
            yield Remark("step_size_on_flat", Severity.WARNING, f"{where}/step_size", message)
    elif step < 1:
        message = f"{plain(step)} is no step; 1 rounds to whole seconds or Wh"
        yield Remark("step_size_zero", Severity.WARNING, f"{where}/step_size", message)
    elif step > 1:
        yield _step(step, dimension, where)


def _step(step: Decimal, dimension: TariffDimensionType, where: str) -> Remark:
    if dimension in _TIMED and step < _MINUTES:
        message = f"{plain(step)} counts seconds and looks meant in minutes"
    elif dimension is TariffDimensionType.ENERGY and step < _FEW_WATT_HOURS:
        message = f"{plain(step)} counts Wh and looks meant in kWh"
    else:
        message = f"bills steps of {plain(step)}; 1 is recommended"
        return Remark("step_size_not_1", Severity.INFO, f"{where}/step_size", message)
    return Remark("step_size_unit", Severity.WARNING, f"{where}/step_size", message)


def _vat(tariff: CompiledTariff) -> Iterator[Remark]:
    components = {
        entry.component
        for lookup in tariff.lookups.values()
        for entry in lookup.entries
        if entry.component is not None
    }
    without = sorted(each[:2] for each in components if each.vat is None)
    if without and len(without) < len(components):
        element, place = without[0]
        message = "has no vat although others have; 0 and none are different things"
        where = f"/elements/{element}/price_components/{place}"
        yield Remark("vat_mixed", Severity.WARNING, where, message)


def _where(component: Component | None) -> str:
    if component is None:
        return "/elements"
    return f"/elements/{component.element}/price_components/{component.place}"
