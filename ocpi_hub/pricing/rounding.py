"""Which way of rounding explains the amounts of a CDR: the fingerprint of a partner's billing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from ocpi_hub.pricing.claims import Claim, exact_value
from ocpi_hub.pricing.money import WIDE, ZERO, exact_units, minor_unit, rounded
from ocpi_hub.pricing.policies import InvoiceRounding, Level, Rounding, VatBasis
from ocpi_hub.pricing.result import TOTAL_COST, Priced
from ocpi_hub.pricing.segments import Bucket

_PLACES = 4
_MODES = {
    Rounding.HALF_UP: "rounded half up",
    Rounding.HALF_EVEN: "rounded half to even",
    Rounding.UP: "rounded up",
    Rounding.DOWN: "rounded down",
}
_LEVELS = {
    Level.TOTAL: "the total",
    Level.DIMENSION: "each dimension",
    Level.SEGMENT: "each period",
}


class _Part(NamedTuple):
    """What is rounded as one, in units of the currency."""

    bucket: Bucket
    excl: Decimal
    incl: Decimal


def find_roundings(claims: Sequence[Claim], priced: Priced) -> tuple[InvoiceRounding, ...]:
    """Every rounding that gives all claimed amounts, the most usual first."""
    amounts = [claim for claim in claims if claim.cost is not None]
    parts = {Level.SEGMENT: list(_segments(priced)), Level.DIMENSION: list(_dimensions(priced))}
    if not amounts or not _near(amounts, priced, len(parts[Level.SEGMENT])):
        return ()
    minor = minor_unit(priced.usage.currency)
    choices = product(Rounding, VatBasis, Level, sorted({minor, _PLACES}))
    invoices = (InvoiceRounding(mode, places, level, vat) for mode, vat, level, places in choices)
    return tuple(
        invoice
        for invoice in invoices
        if all(_gives(claim, priced, parts.get(invoice.level, []), invoice) for claim in amounts)
    )


def describe(invoice: InvoiceRounding) -> str:
    """The rounding for people: "each period rounded up to 2 decimals"."""
    vat = "" if invoice.vat is VatBasis.EXACT else ", with VAT of the rounded net amount"
    mode, level = _MODES[invoice.mode], _LEVELS[invoice.level]
    return f"{level} {mode} to {invoice.decimals} decimals{vat}"


def fingerprint(invoice: InvoiceRounding) -> str:
    """The rounding for programs: "ROUND_UP to 2 decimals of the total"."""
    vat = "" if invoice.vat is VatBasis.EXACT else ", VAT taken of the rounded net amount"
    return f"{invoice.mode} to {invoice.decimals} decimals of {_LEVELS[invoice.level]}{vat}"


def _near(amounts: Iterable[Claim], priced: Priced, parts: int) -> bool:
    """No rounding moves an amount by more than a coin for each of its parts."""
    coin = Decimal(1).scaleb(-minor_unit(priced.usage.currency)) * (parts + 2)
    exact = ((claim, exact_value(claim, priced)) for claim in amounts)
    return all(value is None or abs(claim.value - value) <= coin for claim, value in exact)


def _segments(priced: Priced) -> Iterator[_Part]:
    """Each segment with the surplus that step_size bills with it."""
    surplus = {id(step.last): step for step in priced.steps}
    for segment in priced.segments:
        step = surplus.get(id(segment))
        excl, incl = segment.excl, segment.incl
        if step is not None:
            excl, incl = excl + step.excl, incl + step.incl
        yield _Part(segment.bucket, exact_units(excl), exact_units(incl))


def _dimensions(priced: Priced) -> Iterator[_Part]:
    for bucket in priced.buckets:
        yield _Part(bucket, *priced.exact[bucket])


def _gives(claim: Claim, priced: Priced, parts: Sequence[_Part], invoice: InvoiceRounding) -> bool:
    exact = exact_value(claim, priced)
    if exact is None or claim.value == exact:
        return True
    # A price limit is a round amount already, and no sum of rounded parts.
    limited = claim.cost == TOTAL_COST and priced.adjustments
    whole = [] if limited else [p for p in parts if claim.cost in (TOTAL_COST, p.bucket)]
    return claim.value == _invoiced(claim, priced, whole, invoice)


def _invoiced(
    claim: Claim, priced: Priced, parts: Sequence[_Part], invoice: InvoiceRounding
) -> Decimal:
    places = invoice.decimals if invoice.decimals is not None else _PLACES
    units = parts or [_whole(claim, priced)]
    if not claim.with_vat:
        shares = [rounded(part.excl, places, invoice.mode) for part in units]
    elif invoice.vat is VatBasis.ROUNDED_NET:
        shares = [_on_rounded_net(part, places, invoice.mode) for part in units]
    else:
        shares = [rounded(part.incl, places, invoice.mode) for part in units]
    total = ZERO
    for share in shares:
        total = WIDE.add(total, share)
    return rounded(total, places, invoice.mode)


def _whole(claim: Claim, priced: Priced) -> _Part:
    return _Part(Bucket.FIXED, *priced.exact.get(claim.cost or TOTAL_COST, (ZERO, ZERO)))


def _on_rounded_net(part: _Part, places: int, mode: Rounding) -> Decimal:
    """VAT at the part's own rate, of its rounded net amount."""
    if not part.excl:
        return part.incl
    net = rounded(part.excl, places, mode)
    return WIDE.divide(WIDE.multiply(net, part.incl), part.excl)
