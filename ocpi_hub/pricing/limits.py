"""min_price and max_price. Source: tariffs, Tariff object, notes on min_price and max_price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

from ocpi_hub.pricing.compiled import CompiledTariff, PriceLimit
from ocpi_hub.pricing.findings import Code, Finding
from ocpi_hub.pricing.money import WIDE, ZERO
from ocpi_hub.pricing.policies import Limits, Policy
from ocpi_hub.pricing.segments import Segment
from ocpi_hub.pricing.steps import Step

# A derived limit is a number of our making; nobody can claim more decimals of it.
_DERIVED_DECIMALS = Decimal("1e-12")


class Costs(Protocol):
    """Anything with a cost without and with VAT, in 3600ths."""

    @property
    def excl(self) -> Decimal:
        """Without VAT."""

    @property
    def incl(self) -> Decimal:
        """With VAT."""


class Adjustment(NamedTuple):
    """What a price limit adds to or takes from the sum of what its tariff priced, in 3600ths."""

    name: str
    tariff: CompiledTariff
    excl: Decimal
    incl: Decimal


class Total(NamedTuple):
    """A cost without and with VAT, in 3600ths."""

    excl: Decimal
    incl: Decimal


def sum_of(costs: Iterable[Costs]) -> Total:
    """The sum of what has a cost without and with VAT."""
    excl = incl = ZERO
    for each in costs:
        excl += each.excl
        incl += each.incl
    return Total(excl, incl)


def limit(
    segments: Sequence[Segment], steps: Sequence[Step], policy: Policy
) -> tuple[list[Adjustment], list[Finding]]:
    """The adjustments of each tariff to the part of the session that it priced.

    Excl. and incl. VAT are bounded each on its own, min_price before max_price.
    """
    if policy.limits is Limits.NONE:
        return [], []
    tariffs = {id(each.tariff): each.tariff for each in segments if each.tariff is not None}
    limited = [each for each in tariffs.values() if each.min_price or each.max_price]
    findings: list[Finding] = []
    if limited and len(tariffs) > 1:
        message = "several tariffs price this session; each limit binds the part its tariff priced"
        findings.append(Finding(Code.LIMITS_WITH_SEVERAL_TARIFFS, "/tariffs", message))
    adjustments: list[Adjustment] = []
    for tariff in limited:
        part = _part(tariff, segments, steps)
        adjustments += _adjustments(tariff, part, policy, findings)
    return adjustments, findings


def clamp(total: Total, tariff: CompiledTariff, policy: Policy) -> Total:
    """The total within the limits of a tariff."""
    return sum_of((total, *_adjustments(tariff, total, policy, [])))


def _part(tariff: CompiledTariff, segments: Sequence[Segment], steps: Sequence[Step]) -> Total:
    return sum_of(
        (
            *(segment for segment in segments if segment.tariff is tariff),
            *(step for step in steps if step.last.tariff is tariff),
        )
    )


def _adjustments(
    tariff: CompiledTariff, part: Total, policy: Policy, findings: list[Finding]
) -> list[Adjustment]:
    adjustments: list[Adjustment] = []
    for name, bound in (("min_price", tariff.min_price), ("max_price", tariff.max_price)):
        if bound is None:
            continue
        excl, incl = _bounded(name, bound, part, findings)
        if policy.limits is Limits.EXCL_ONLY:
            incl = part.incl
        if (excl, incl) != part:
            change = Adjustment(name, tariff, excl - part.excl, incl - part.incl)
            adjustments.append(change)
            part = Total(excl, incl)
    return adjustments


def _bounded(name: str, bound: PriceLimit, part: Total, findings: list[Finding]) -> Total:
    tighter = max if name == "min_price" else min
    excl = tighter(part.excl, bound.excl)
    if bound.incl is not None:
        return Total(excl, tighter(part.incl, bound.incl))
    if excl == part.excl:
        return part
    message = f"{name} has no incl_vat; it is scaled as the VAT of the session is"
    findings.append(Finding(Code.LIMIT_VAT_DERIVED, f"/{name}", message))
    if not part.excl:
        return Total(excl, excl)
    # Untouched VAT on a changed base would fit no invoice.
    incl = WIDE.divide(WIDE.multiply(excl, part.incl), part.excl)
    return Total(excl, incl.quantize(_DERIVED_DECIMALS, context=WIDE))
