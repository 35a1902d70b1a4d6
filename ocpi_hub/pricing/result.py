"""What pricing a CDR gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import NamedTuple

from ocpi_hub.pricing.circumstances import ReservationOutcome, Settled
from ocpi_hub.pricing.compiled import CompiledTariff, Context
from ocpi_hub.pricing.findings import NOT_COMPARABLE, Code, Finding
from ocpi_hub.pricing.limits import Adjustment, Total
from ocpi_hub.pricing.money import (
    EXACT,
    ZERO,
    exact_units,
    minor_unit,
    plain,
    quantity,
    rounded,
)
from ocpi_hub.pricing.money import units as in_units
from ocpi_hub.pricing.policies import Policy, Rounding
from ocpi_hub.pricing.remembered import remembered
from ocpi_hub.pricing.segments import Bucket, Segment
from ocpi_hub.pricing.steps import Step
from ocpi_hub.pricing.usage import Usage
from ocpi_hub.pricing.zones import WallClock
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType

TOTAL_COST = "total_cost"
_COSTS: tuple[str, ...] = (TOTAL_COST, *Bucket)

# Without these there is no amount at all; in another currency there is, with nothing to compare.
_WITHOUT_AMOUNT = NOT_COMPARABLE - {Code.CURRENCY_MISMATCH}


RESERVED_AS = {
    ReservationOutcome.USED: Context.RESERVATION,
    ReservationOutcome.EXPIRED: Context.EXPIRED,
    ReservationOutcome.CANCELLED: Context.RESERVATION,
}


class Amount(NamedTuple):
    """An amount in units of the currency: exact, or to 12 decimals where it is endless."""

    excl: Decimal
    incl: Decimal

    def document(self) -> dict[str, str]:
        """The amount as JSON."""
        excl = plain(self.excl)
        return {"excl_vat": excl, "incl_vat": excl if self.incl == self.excl else plain(self.incl)}


@dataclass(frozen=True)
class Priced:
    """A priced CDR: every charge, the partial costs and the total, in exact 3600ths."""

    usage: Usage
    offered: tuple[CompiledTariff, ...]
    tariffs: tuple[CompiledTariff | None, ...]
    candidates: tuple[CompiledTariff, ...]
    settled: Settled
    clock: WallClock
    policy: Policy
    segments: tuple[Segment, ...]
    steps: tuple[Step, ...]
    adjustments: tuple[Adjustment, ...]
    buckets: Mapping[Bucket, Total]
    total: Total
    findings: tuple[Finding, ...]

    @remembered
    def codes(self) -> frozenset[Code]:
        """The codes of all findings."""
        return frozenset(finding.code for finding in self.findings)

    @remembered
    def computable(self) -> bool:
        """Whether there is an amount at all."""
        return self.codes.isdisjoint(_WITHOUT_AMOUNT)

    @remembered
    def total_cost(self) -> Amount | None:
        """What the session costs."""
        return _amount(self.total) if self.computable else None

    @remembered
    def exact(self) -> Mapping[str, Total]:
        """The total and the partial costs in units of the currency, to 320 digits where endless."""
        costs: list[tuple[str, Total]] = [(TOTAL_COST, self.total), *self.buckets.items()]
        return {name: _exact(cost) for name, cost in costs}

    @property
    def limit_applied(self) -> str | None:
        """The price limit that decided the total."""
        return self.adjustments[-1].name if self.adjustments else None

    @property
    def reserved_as(self) -> Context:
        """What reserved time is priced as."""
        return RESERVED_AS[self.settled.outcome]

    @property
    def vat_known(self) -> bool:
        """Whether any component in use says what VAT is due."""
        return any(
            each.component is not None and each.component.vat is not None for each in self.segments
        )

    def cost(self, bucket: Bucket) -> Amount | None:
        """A partial cost; None where nothing is priced for it."""
        total = self.buckets.get(bucket)
        return None if total is None or not self.computable else _amount(total)

    def billed(self) -> dict[str, Decimal]:
        """What is billed of each dimension after step_size: kWh and seconds."""
        billed: dict[str, Decimal] = {}
        with localcontext(EXACT):
            for segment in self.segments:
                if segment.dimension is not None and segment.component is not None:
                    name = segment.dimension
                    billed[name] = billed.get(name, ZERO) + segment.quantity
            for step in self.steps:
                if step.last.dimension is not None:
                    billed[step.last.dimension] += step.surplus
        return billed

    def document(self) -> dict[str, object]:
        """The price as JSON: amounts as exact strings, quantities in kWh and hours."""
        totals: dict[str, object] = {bucket: _document(self.cost(bucket)) for bucket in Bucket}
        return {
            "currency": self.usage.currency,
            "total_cost": _document(self.total_cost),
            **totals,
            "total_energy": quantity(self.usage.energy),
            "total_time": hours(self.usage.seconds),
            "total_parking_time": hours(self.usage.parking),
            "billed": {name: _quantity(name, each) for name, each in self.billed().items()},
            "limit_applied": self.limit_applied,
            "vat_known": self.vat_known,
            "reservation_outcome": self.settled.outcome if self.usage.reserved else None,
            "rounded_half_up": self.rounded(),
            "findings": list(dict.fromkeys(each.code for each in self.findings)),
            "notes": [finding.document() for finding in self.findings],
        }

    def rounded(self, mode: Rounding = Rounding.HALF_UP) -> dict[str, object]:
        """The same amounts as they would be invoiced."""
        decimals, costs = minor_unit(self.usage.currency), self.exact if self.computable else {}
        return {"decimals": decimals} | {
            name: _rounded(costs[name], decimals, mode) if name in costs else None
            for name in _COSTS
        }


def hours(seconds: Decimal) -> str:
    """Seconds as hours, with at most six decimals."""
    return quantity(exact_units(seconds))


def _quantity(dimension: str, value: Decimal) -> str:
    return quantity(value) if dimension == CdrDimensionType.ENERGY else hours(value)


def _amount(total: Total) -> Amount:
    excl = in_units(total.excl)
    return Amount(excl, excl if total.incl == total.excl else in_units(total.incl))


def _exact(total: Total) -> Total:
    excl = exact_units(total.excl)
    return Total(excl, excl if total.incl == total.excl else exact_units(total.incl))


def _rounded(total: Total, decimals: int, mode: Rounding) -> dict[str, str]:
    excl = incl = f"{rounded(total.excl, decimals, mode):f}"
    if total.incl != total.excl:
        incl = f"{rounded(total.incl, decimals, mode):f}"
    return {"excl_vat": excl, "incl_vat": incl}


def _document(amount: Amount | None) -> dict[str, str] | None:
    return None if amount is None else amount.document()
