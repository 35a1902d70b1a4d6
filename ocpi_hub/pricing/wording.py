"""The sentence of a verdict: which line of a bill is wrong, by how much, and what seems to be why.

Short enough to be sent as the status_message of an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ocpi_hub.pricing.bounds import Bounds
from ocpi_hub.pricing.claims import Claim
from ocpi_hub.pricing.findings import UNDETERMINED
from ocpi_hub.pricing.lookup import Component
from ocpi_hub.pricing.money import ZERO, exact_units, minor_unit, padded, plain, quantity, rounded
from ocpi_hub.pricing.recipes import Recipe
from ocpi_hub.pricing.result import TOTAL_COST, Priced, hours
from ocpi_hub.pricing.segments import Bucket, Segment
from ocpi_hub.pricing.verdicts import Blame, Fault, Judged
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType

LONGEST = 255

_MOST_LINES = 3
_DECIMALS, _ALL_DECIMALS = 4, 12
_QUANTITIES = {
    "total_energy": ("kWh", "the sum of the periods"),
    "total_time": ("h", "from start to end"),
    "total_parking_time": ("h", "the sum of the periods"),
}
_FAULTS = {Fault.LEFT_OUT: "left out", Fault.TWICE: "counted twice"}


def sentence(head: str, *more: str) -> str:
    """One sentence of at most 255 characters; what comes last is left out first."""
    said = head if len(head) <= LONGEST else f"{head[: LONGEST - 1]}…"
    for each in more:
        if len(said) + len(each) > LONGEST:
            break
        said += each
    return said


def right(priced: Priced, reading: str | None = None) -> str:
    """What is said of a CDR that claims what it should."""
    minor = minor_unit(priced.usage.currency)
    amount = padded(rounded(priced.exact[TOTAL_COST].excl, minor), minor)
    said = f"every claimed amount is what the tariff gives: {amount} {priced.usage.currency}"
    return sentence(f"{said} without VAT", "" if reading is None else f", read as {reading}")


def possible(judged: Sequence[Judged], priced: Priced, whole: Bounds | None) -> str:
    """What is said where the price is not determined; the first such finding says why."""
    open_ = (each.message for each in priced.findings if each.code in UNDETERMINED)
    why = next(open_, "durations may count from the reservation")
    said = f"{_claimed(judged[0], priced)} may be right, the CDR leaves the price open: {why}"
    if whole is None:
        return sentence(said)
    minor = minor_unit(priced.usage.currency)
    low, high = (padded(rounded(exact_units(each.excl), minor), minor) for each in whole)
    return sentence(said, f"; it lies from {low} to {high} without VAT")


def wrong(
    judged: Sequence[Judged], priced: Priced, blame: Blame | None, recipes: Sequence[Recipe]
) -> str:
    """What is said of one that is wrong, the line to blame first."""
    first = _first(judged, blame)
    more = [f" ({_made_of(first.claim, priced)})", _consequence(first, judged, priced)]
    if recipes:
        more.append(f"; it is billed as if {recipes[0].as_if}")
    elif blame is not None and blame.fault in _FAULTS:
        costs = " and ".join(_partial(Bucket(each), first.claim, priced) for each in blame.costs)
        more.append(f", as if {costs} was {_FAULTS[blame.fault]}")
    others = (
        each
        for each in judged
        if each is not first
        and each.claim.cost != TOTAL_COST
        and each.claim.with_vat is first.claim.with_vat
    )
    return sentence(
        _difference(first, priced), *more, *(f"; {_difference(each, priced)}" for each in others)
    )


def _first(judged: Sequence[Judged], blame: Blame | None) -> Judged:
    """The partial cost to blame if the CDR claims it, else the first claim that is wrong."""
    if blame is not None and blame.fault is Fault.WRONG:
        return next((each for each in judged if each.claim.cost in blame.costs), judged[0])
    return judged[0]


def _difference(judged: Judged, priced: Priced) -> str:
    """What is claimed, what should be: "total_energy_cost 5.10 EUR is 0.10 more than 5.00"."""
    shown = judged.as_written()
    decimals = _DECIMALS if rounded(shown.difference, _DECIMALS) else _ALL_DECIMALS
    claimed, exact = (rounded(each, decimals) for each in (shown.claim.value, shown.exact or ZERO))
    least = _least(shown.claim, priced)
    by, side = padded(abs(claimed - exact), least), "more" if claimed > exact else "less"
    return f"{_claimed(judged, priced)} is {by} {side} than {padded(exact, least)}"


def _claimed(judged: Judged, priced: Priced) -> str:
    claim = judged.as_written().claim
    unit = _QUANTITIES.get(claim.field, (priced.usage.currency,))[0]
    value = rounded(claim.value, _ALL_DECIMALS)
    return f"{_name(claim)} {padded(value, _least(claim, priced))} {unit}"


def _least(claim: Claim, priced: Priced) -> int:
    return 0 if claim.cost is None else minor_unit(priced.usage.currency)


def _name(claim: Claim) -> str:
    return f"{claim.cost or claim.field}{' with VAT' if claim.with_vat else ''}"


def _consequence(first: Judged, judged: Sequence[Judged], priced: Priced) -> str:
    """What a wrong partial cost makes of the total."""
    side = first.claim.with_vat
    total = next(
        (e for e in judged if e.claim.cost == TOTAL_COST and e.claim.with_vat is side), None
    )
    if total is None or total is first or first.claim.cost is None:
        return ""
    shown = total.as_written()
    by = padded(rounded(abs(shown.difference), _DECIMALS), minor_unit(priced.usage.currency))
    return f", and total_cost is {by} too {'high' if shown.difference > 0 else 'low'}"


def _made_of(claim: Claim, priced: Priced) -> str:
    """Where the right value comes from: "20 kWh x 0.25"."""
    if claim.cost is None:
        return _QUANTITIES[claim.field][1]
    if claim.negated:
        return "what a Credit CDR gives back"
    if claim.cost != TOTAL_COST:
        return _lines(Bucket(claim.cost), claim, priced)
    if priced.limit_applied is not None:
        return f"the {priced.limit_applied}"
    if len(priced.buckets) == 1:
        return _lines(next(iter(priced.buckets)), claim, priced)
    return " + ".join(_partial(each, claim, priced) for each in priced.buckets)


def _partial(bucket: Bucket, claim: Claim, priced: Priced) -> str:
    """A partial cost with its amount, on the claim's side of VAT."""
    cost = priced.exact[bucket]
    amount = rounded(cost.incl if claim.with_vat else cost.excl, _DECIMALS)
    return f"{bucket} {padded(amount, minor_unit(priced.usage.currency))}"


def _lines(bucket: Bucket, claim: Claim, priced: Priced) -> str:
    """What a partial cost is made of; what has the same price is one line."""
    minor = minor_unit(priced.usage.currency)
    charged = _charged(bucket, priced)
    said = [_line(segment, total, minor) for segment, total in charged]
    said += [
        f"{_volume(step.last, step.surplus)} for step_size"
        for step in priced.steps
        if step.last.bucket is bucket
    ]
    if len(said) > _MOST_LINES:
        said = [*said[:_MOST_LINES], f"{len(said) - _MOST_LINES} more"]
    rates = {segment.component.vat for segment, _ in charged if segment.component is not None}
    vat = ", ".join(_vat_of(rates)) if claim.with_vat and rates else ""
    return " + ".join(said) + (f", with {vat}" if vat else "") or "nothing in the tariff prices it"


def _charged(bucket: Bucket, priced: Priced) -> list[tuple[Segment, Decimal]]:
    """The volume at each price, with the first segment that has it."""
    first: dict[Component, Segment] = {}
    volumes: dict[Component, Decimal] = {}
    for each in priced.segments:
        if each.bucket is bucket and each.component is not None:
            first.setdefault(each.component, each)
            volumes[each.component] = volumes.get(each.component, ZERO) + each.quantity
    return [(segment, volumes[component]) for component, segment in first.items()]


def _line(segment: Segment, volume: Decimal, minor: int) -> str:
    price = "" if segment.component is None else padded(segment.component.price, minor)
    return f"FLAT {price}" if segment.dimension is None else f"{_volume(segment, volume)} x {price}"


def _vat_of(rates: set[Decimal | None]) -> Iterator[str]:
    for rate in sorted(rates, key=lambda each: -1 if each is None else each):
        yield "no VAT" if rate is None else f"{plain(rate)} % VAT"


def _volume(segment: Segment, value: Decimal) -> str:
    energy = segment.dimension is CdrDimensionType.ENERGY
    return f"{quantity(value)} kWh" if energy else f"{hours(value)} h"
