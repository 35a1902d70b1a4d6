"""What a session costs: its periods, priced by the engine that the hub clears with, and rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from cpo_adapter.course import Course
from cpo_adapter.periods import Terms, charging_periods, volume
from ocpi_hub.pricing import Circumstances, Priced, ReservationOutcome, price
from ocpi_hub.pricing.limits import Total
from ocpi_hub.pricing.money import WIDE, exact_units, plain, rounded
from ocpi_hub.pricing.segments import Bucket
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType

# Cents are for invoices; between partners OCPI has four decimals.
_DECIMALS = 4
_TIMES = (
    CdrDimensionType.TIME,
    CdrDimensionType.PARKING_TIME,
    CdrDimensionType.RESERVATION_TIME,
)


@dataclass(frozen=True, slots=True)
class Bill:
    """The part of a Session or CDR that says how much, and the whole cost: None without a price."""

    periods: Sequence[dict[str, Any]]
    currency: str
    total_cost: dict[str, Decimal] | None
    partial_costs: Mapping[str, dict[str, Decimal]]
    total_energy: Decimal
    total_time: Decimal
    total_parking_time: Decimal


def bill(
    course: Course,
    terms: Terms,
    *,
    currency: str,
    outcome: ReservationOutcome = ReservationOutcome.USED,
) -> Bill:
    """What a session costs under its tariff; `currency` is for one without."""
    periods = charging_periods(course, terms)
    priced = _priced(course, terms, periods, outcome)
    times = {kind: volume(periods, kind) for kind in _TIMES}
    return Bill(
        periods=periods,
        currency=currency if terms.tariff is None else terms.tariff.currency,
        total_cost=None if priced is None else _amount(priced.total, priced),
        partial_costs={} if priced is None else _partial_costs(priced),
        total_energy=volume(periods, CdrDimensionType.ENERGY),
        total_time=sum(times.values(), Decimal(0)),
        total_parking_time=times[CdrDimensionType.PARKING_TIME],
    )


def _priced(
    course: Course, terms: Terms, periods: Sequence[dict[str, Any]], outcome: ReservationOutcome
) -> Priced | None:
    if terms.tariff is None:
        return None
    usage = {
        "start_date_time": format_datetime(course.begin),
        "end_date_time": format_datetime(course.end),
        "currency": terms.tariff.currency,
        "charging_periods": periods,
    }
    known = Circumstances(time_zone=terms.time_zone, reservation_outcome=outcome)
    priced = price(usage, [terms.tariff], circumstances=known)
    return priced if priced.computable else None


def _partial_costs(priced: Priced) -> dict[str, dict[str, Decimal]]:
    return {
        bucket.value: _amount(priced.buckets[bucket], priced)
        for bucket in Bucket
        if bucket in priced.buckets
    }


def _amount(total: Total, priced: Priced) -> dict[str, Decimal]:
    """Half up to four decimals; nothing is said of VAT where no tariff says it."""
    amount = {"excl_vat": _rounded(total.excl)}
    return amount | {"incl_vat": _rounded(total.incl)} if priced.vat_known else amount


def _rounded(amount: Decimal) -> Decimal:
    with localcontext(WIDE):
        return Decimal(plain(rounded(exact_units(amount), _DECIMALS)))
