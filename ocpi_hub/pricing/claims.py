"""What a CDR claims, and the exact value of each claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from ocpi_hub.pricing.limits import Total
from ocpi_hub.pricing.money import EXACT, ZERO, exact_units, minor_unit, rounded
from ocpi_hub.pricing.reading import mapping, number
from ocpi_hub.pricing.result import TOTAL_COST, Priced
from ocpi_hub.pricing.segments import Bucket
from ocpi_hub.pricing.usage import exact_seconds

_PLACES = 4
_QUANTITY_TOLERANCE = Decimal("0.0005")
_QUANTITY_PLACES = 2
_QUANTITIES = ("total_energy", "total_time", "total_parking_time")
_ZERO = Total(ZERO, ZERO)
_TIMELESS = (TOTAL_COST, Bucket.ENERGY, Bucket.FIXED)
_COSTS = {
    name: (("excl_vat", f"{name}.excl_vat", False), ("incl_vat", f"{name}.incl_vat", True))
    for name in (TOTAL_COST, *Bucket)
}


class Claim(NamedTuple):
    """One number of a CDR; `cost` is the amount it is a side of, None for a quantity.

    `negated`: it is the total of a Credit CDR, which has the other sign there.
    """

    field: str
    cost: str | None
    with_vat: bool
    value: Decimal
    negated: bool = False


def read_claims(cdr: Mapping[str, Any]) -> tuple[Claim, ...]:
    """The totals of a CDR; an optional field that is left out claims nothing.

    Only the total cost of a Credit CDR is negated (CDRs, Credit CDRs).
    """
    claims = _costs(cdr, credit=cdr.get("credit") is True)
    for name in _QUANTITIES:
        given = cdr.get(name)
        if given is not None:
            claims.append(Claim(name, None, False, number(given, name)))
    return tuple(claims)


def exact_value(claim: Claim, priced: Priced) -> Decimal | None:
    """What a claim should say, in units of the currency, kWh or hours; None if nobody can know."""
    if claim.cost is None:
        return _exact_quantity(claim.field, priced)
    if not priced.usage.times_known and claim.cost not in _TIMELESS:
        return None
    total = priced.exact.get(claim.cost, _ZERO)
    return total.incl if claim.with_vat else total.excl


def agrees(claim: Claim, priced: Priced) -> bool:
    """Whether a claim is the exact value, rounded half up to a number of decimals it may have."""
    return equals(claim, exact_value(claim, priced), priced)


def equals(claim: Claim, exact: Decimal | None, priced: Priced) -> bool:
    """The same where the exact value is known already."""
    if exact is None or claim.value == exact:
        return True
    if claim.cost is not None:
        return _is_rounded(claim.value, exact, minor_unit(priced.usage.currency))
    readings = (exact, *_other_readings(claim.field, priced))
    return any(_is_measured(claim.value, each) for each in readings)


def _costs(cdr: Mapping[str, Any], *, credit: bool) -> list[Claim]:
    claims = []
    for name, sides in _COSTS.items():
        given = cdr.get(name)
        if given is None:
            continue
        cost = mapping(given, name)
        negated = credit and name == TOTAL_COST
        for side, field, with_vat in sides:
            amount = cost.get(side)
            if amount is not None:
                value = number(amount, field)
                claims.append(Claim(field, name, with_vat, -value if negated else value, negated))
    return claims


def _is_rounded(value: Decimal, exact: Decimal, minor: int) -> bool:
    """Half up to the minor unit, to four decimals, or to as many as the claim itself has."""
    if value in (rounded(exact, minor), rounded(exact, _PLACES)):
        return True
    return value == rounded(exact, max(minor, -int(value.as_tuple().exponent)))


def _is_measured(value: Decimal, exact: Decimal) -> bool:
    """Half up to two decimals, or as good as exact; no amount hangs on it, only on the periods."""
    return abs(value - exact) <= _QUANTITY_TOLERANCE or value == rounded(exact, _QUANTITY_PLACES)


def _exact_quantity(field: str, priced: Priced) -> Decimal | None:
    usage = priced.usage
    match field:
        case "total_energy":
            return usage.energy
        case "total_parking_time":
            return exact_units(usage.parking)
        case _:
            return exact_units(usage.seconds) if usage.times_known else None


def _other_readings(field: str, priced: Priced) -> Iterator[Decimal]:
    """With a reservation in front, total_time may start with it or with the session."""
    usage = priced.usage
    if field == "total_time" and usage.session_start != usage.start:
        with localcontext(EXACT):
            seconds = exact_seconds(usage.end - usage.session_start)
        yield exact_units(seconds)
