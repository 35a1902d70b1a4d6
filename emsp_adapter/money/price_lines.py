"""The lines of what a driver pays: exact charges, written so that they sum to the rounded total.

Nothing is rounded before the end. The total is rounded once, half up, to the currency's smallest
coin; lines keep two decimals more, and a line of its own says what the rounding did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum

from emsp_adapter.money.amounts import written
from ocpi_hub.pricing.money import WIDE, ZERO, exact_units, minor_unit, plain, quantity, rounded

_MORE_DECIMALS = 2


class Kind(StrEnum):
    """What a line is for."""

    START = "start"
    ENERGY = "energy"
    TIME = "time"
    PARKING = "parking"
    RESERVATION = "reservation"
    ADJUSTMENT = "adjustment"
    MARGIN = "margin"
    FEE = "fee"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Charge:
    """An exact part of a price: `net` and `vat` in 3600ths, without a rounding."""

    kind: Kind
    text: str
    net: Decimal
    vat: Decimal
    vat_rate: Decimal | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount without VAT, the VAT, and both."""

    net: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        """With VAT."""
        return self.net + self.vat

    def document(self, currency: str) -> dict[str, str]:
        """The amount as JSON."""
        return {
            "net": written(self.net, currency),
            "vat": written(self.vat, currency),
            "gross": written(self.gross, currency),
        }


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A line as it is shown."""

    kind: Kind
    text: str
    sum: Sum
    vat_rate: Decimal | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Decimal | None = None

    def document(self, currency: str) -> dict[str, str | None]:
        """The line as JSON."""
        price = self.unit_price
        return {
            "kind": self.kind.value,
            "text": self.text,
            "quantity": None if self.quantity is None else quantity(self.quantity),
            "unit": self.unit,
            "unit_price": None if price is None else written(price, currency),
            "vat_rate": None if self.vat_rate is None else plain(self.vat_rate),
            **self.sum.document(currency),
        }


@dataclass(frozen=True, slots=True)
class VatRow:
    """What one rate of VAT is due on; None is no VAT."""

    rate: Decimal | None
    sum: Sum

    def document(self, currency: str) -> dict[str, str | None]:
        """The row as JSON."""
        rate = None if self.rate is None else plain(self.rate)
        return {"vat_rate": rate, **self.sum.document(currency)}


def total_of(charges: Iterable[Charge], currency: str) -> Sum:
    """The total, rounded once: gross and VAT half up, net what is left."""
    with localcontext(WIDE):
        net = vat = ZERO
        for charge in charges:
            net, vat = net + charge.net, vat + charge.vat
        decimals = minor_unit(currency)
        gross = rounded(exact_units(net + vat), decimals)
        of_vat = rounded(exact_units(vat), decimals)
        return Sum(gross - of_vat, of_vat)


def lines_of(charges: Sequence[Charge], currency: str, *, rounding: str) -> list[PriceLine]:
    """The lines; they sum to the total exactly, without VAT and with it."""
    with localcontext(WIDE):
        lines = list(_written(charges, minor_unit(currency) + _MORE_DECIMALS))
        total = total_of(charges, currency)
        net = total.net - sum((line.sum.net for line in lines), ZERO)
        vat = total.vat - sum((line.sum.vat for line in lines), ZERO)
        if net or vat:
            lines.append(PriceLine(Kind.ADJUSTMENT, rounding, Sum(net, vat)))
        return lines


def _written(charges: Sequence[Charge], decimals: int) -> Iterator[PriceLine]:
    """Each line is the step from one written running total to the next, so none is lost."""
    net = vat = shown_net = shown_vat = ZERO
    for charge in charges:
        net, vat = net + charge.net, vat + charge.vat
        before_net, before_vat = shown_net, shown_vat
        shown_net = rounded(exact_units(net), decimals)
        shown_vat = rounded(exact_units(vat), decimals)
        yield PriceLine(
            charge.kind,
            charge.text,
            Sum(shown_net - before_net, shown_vat - before_vat),
            charge.vat_rate,
            charge.quantity,
            charge.unit,
            charge.unit_price,
        )


def vat_rows(lines: Iterable[PriceLine], total: Sum, currency: str) -> list[VatRow]:
    """Net and VAT for each rate in the smallest coin; the largest takes up what rounding left."""
    rates: dict[Decimal | None, Sum] = {}
    for line in lines:
        if line.kind is Kind.ADJUSTMENT and line.vat_rate is None:
            continue
        before = rates.get(line.vat_rate, Sum(ZERO, ZERO))
        rates[line.vat_rate] = Sum(before.net + line.sum.net, before.vat + line.sum.vat)
    return _settled(rates or {None: Sum(ZERO, ZERO)}, total, minor_unit(currency))


def _settled(rates: Mapping[Decimal | None, Sum], total: Sum, decimals: int) -> list[VatRow]:
    ordered = sorted(rates, key=lambda rate: -1 if rate is None else rate)
    rows = {
        rate: Sum(rounded(rates[rate].net, decimals), rounded(rates[rate].vat, decimals))
        for rate in ordered
    }
    largest = max(ordered, key=lambda rate: abs(rates[rate].gross))
    net = total.net - sum((row.net for row in rows.values()), ZERO)
    vat = total.vat - sum((row.vat for row in rows.values()), ZERO)
    rows[largest] = Sum(rows[largest].net + net, rows[largest].vat + vat)
    return [VatRow(rate, rows[rate]) for rate in ordered]
