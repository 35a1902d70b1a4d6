"""What a driver pays: the CPO's exact price, and what the driver's plan adds to it.

One function makes the price before the session, the running cost and the bill: `of_priced`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Any

from emsp_adapter.money.price_lines import Charge, Kind, PriceLine, Sum, lines_of, total_of
from emsp_adapter.money.price_texts import number, text
from emsp_adapter.money.tariff_texts import elements_text
from emsp_adapter.money.terms import Terms
from ocpi_hub.pricing import Code, Priced
from ocpi_hub.pricing.findings import UNDETERMINED
from ocpi_hub.pricing.limits import Adjustment
from ocpi_hub.pricing.lookup import Component
from ocpi_hub.pricing.money import HOUR, WIDE, ZERO
from ocpi_hub.pricing.segments import Bucket, Segment
from ocpi_hub.pricing.steps import Step
from ocpi_hub.protocol.types import format_datetime
from ocpi_hub.protocol.v2_2_1.cdrs import CdrDimensionType

_KINDS = {
    Bucket.FIXED: Kind.START,
    Bucket.ENERGY: Kind.ENERGY,
    Bucket.TIME: Kind.TIME,
    Bucket.PARKING: Kind.PARKING,
    Bucket.RESERVATION: Kind.RESERVATION,
}
_ORDER = list(_KINDS.values())
_FEES = {Kind.PARKING: "parking_fee", Kind.RESERVATION: "reservation_fee"}
_OPEN = UNDETERMINED - {Code.AMBIGUOUS_TARIFF, Code.STEP_BOUNDARY_WITHIN_ROUNDING}


@dataclass(frozen=True, slots=True)
class DriverPrice:
    """A price with everything it is made of; `total` is None where there is no price."""

    currency: str
    total: Sum | None
    lines: Sequence[PriceLine]
    elements_text: Sequence[str] = ()
    valid_until: str | None = None
    plan: tuple[str, str] | None = None
    remarks: Sequence[str] = ()

    @property
    def computable(self) -> bool:
        """Whether there is a price at all."""
        return self.total is not None

    def document(self) -> dict[str, Any]:
        """The price as JSON; amounts are exact strings."""
        currency = self.currency
        return {
            "currency": currency,
            "computable": self.computable,
            "total": None if self.total is None else self.total.document(currency),
            "lines": [line.document(currency) for line in self.lines],
            "tariff": {
                "elements_text": list(self.elements_text),
                "valid_until": self.valid_until,
            },
            "plan": None if self.plan is None else {"id": self.plan[0], "name": self.plan[1]},
            "remarks": list(self.remarks),
        }

    def remarking(self, *remarks: str) -> DriverPrice:
        """The same with more said about it."""
        return replace(self, remarks=(*self.remarks, *remarks))


def of_priced(priced: Priced, terms: Terms, *, language: str) -> DriverPrice:
    """The price of a session that the engine priced; without an amount where it found none."""
    if not priced.computable or Code.CURRENCY_MISMATCH in priced.codes:
        return unknown(priced.usage.currency, terms, language=language, priced=priced)
    with localcontext(WIDE):
        charges = [*_of_tariff(priced, terms, language)]
        energy = priced.usage.energy
        remarks = [*_remarks(priced, charges, language)]
    return _made(priced, charges, terms, energy, remarks, language)


def of_claim(
    cost: Mapping[str, Any],
    currency: str,
    terms: Terms,
    *,
    energy: Decimal,
    language: str,
    instead_of: DriverPrice | None = None,
) -> DriverPrice:
    """What the CPO states, and the plan's part: of a session whose tariff nobody knows, or
    `instead_of` the price by its tariff.

    `cost` is an OCPI Price; InvalidParameters has refused one that cannot be read.
    """
    net = Decimal(cost["excl_vat"])
    gross = net if cost.get("incl_vat") is None else Decimal(cost["incl_vat"])
    with localcontext(WIDE):
        vat, rate = (gross - net) * HOUR, None
        if cost.get("incl_vat") is None:
            rate = terms.vat_rate if instead_of is None else _rate_of(instead_of)
            vat = _vat(net * HOUR, rate)
        charge = Charge(Kind.ENERGY, text("claimed", language), net * HOUR, vat, rate)
    remarks = [text("as_claimed" if instead_of is None else "below_tariff", language)]
    if cost.get("incl_vat") is None and rate is None:
        remarks.append(text("vat_unknown", language))
    return _summed(currency, [charge], terms, energy, remarks, language)


def _rate_of(price: DriverPrice) -> Decimal | None:
    """The rate of VAT for all that a station takes: the highest of its lines."""
    rates = (line.vat_rate for line in price.lines if line.kind in _ORDER)
    return max((each for each in rates if each is not None), default=None)


def of_charges(
    currency: str, charges: Sequence[Charge], terms: Terms, *, language: str
) -> DriverPrice:
    """The price of something that no CPO has a part in."""
    return DriverPrice(
        currency,
        total_of(charges, currency),
        lines_of(charges, currency, rounding=text("rounding", language)),
        plan=(terms.plan_id, terms.plan_name),
        remarks=[*_without_vat(charges, terms, language)],
    )


def unknown(
    currency: str, terms: Terms, *, language: str, priced: Priced | None = None
) -> DriverPrice:
    """That there is no price, and why."""
    nothing = priced is None or Code.NO_TARIFF in priced.codes
    why = text("no_tariff" if nothing else "not_computable", language)
    price = DriverPrice(currency, None, (), plan=(terms.plan_id, terms.plan_name), remarks=(why,))
    return price if priced is None else _with_tariff(price, priced, language)


def unreadable(currency: str, terms: Terms, *, language: str) -> DriverPrice:
    """That there is no price, since what the CPO sent makes no sense."""
    why = text("not_computable", language)
    return DriverPrice(currency, None, (), plan=(terms.plan_id, terms.plan_name), remarks=(why,))


def _made(
    priced: Priced,
    charges: list[Charge],
    terms: Terms,
    energy: Decimal,
    remarks: Sequence[str],
    language: str,
) -> DriverPrice:
    price = _summed(priced.usage.currency, charges, terms, energy, remarks, language)
    return _with_tariff(price, priced, language)


def _summed(
    currency: str,
    charges: list[Charge],
    terms: Terms,
    energy: Decimal,
    remarks: Sequence[str],
    language: str,
) -> DriverPrice:
    with localcontext(WIDE):
        of_plan = [*_of_plan(charges, currency, terms, energy, language)]
    everything = [*charges, *of_plan]
    said = [*remarks, *_without_vat(of_plan, terms, language)]
    if terms.currency != currency and (terms.session_fee or terms.margin_per_kwh):
        said.append(text("other_currency", language, currency=terms.currency))
    return DriverPrice(
        currency,
        total_of(everything, currency),
        lines_of(everything, currency, rounding=text("rounding", language)),
        plan=(terms.plan_id, terms.plan_name),
        remarks=said,
    )


def _with_tariff(price: DriverPrice, priced: Priced, language: str) -> DriverPrice:
    tariffs = {id(each): each for each in priced.tariffs if each is not None}.values()
    until = [each.valid_until for each in tariffs if each.valid_until is not None]
    return replace(
        price,
        elements_text=[line for each in tariffs for line in elements_text(each, language)],
        valid_until=format_datetime(min(until)) if until else None,
    )


# --- what the tariff gives -----------------------------------------------------------------------


def _of_tariff(priced: Priced, terms: Terms, language: str) -> Iterator[Charge]:
    """One charge for each price; what costs nothing is left out."""
    groups: dict[tuple[Kind, bool, Decimal, Decimal | None], list[Segment | Step]] = {}
    pairs: list[tuple[Segment | Step, Component | None]] = [
        *((each, each.component) for each in priced.segments),
        *((each, each.component) for each in priced.steps),
    ]
    for each, component in pairs:
        if component is not None and component.rate:
            last = _last(each)
            key = (_KINDS[last.bucket], last.dimension is None, component.price, component.vat)
            groups.setdefault(key, []).append(each)
    charges = [
        _charge(members, vat, terms, language)
        for (_, _, _, vat), members in sorted(groups.items(), key=lambda item: _place(item[0]))
    ]
    yield from charges
    for adjustment in priced.adjustments:
        yield from _limit(adjustment, charges, language, vat_known=priced.vat_known)


def _place(key: tuple[Kind, bool, Decimal, Decimal | None]) -> tuple[int, bool]:
    """The start fee first; what has the same kind stays in the order of time."""
    kind, flat, _, _ = key
    return _ORDER.index(kind), not flat


def _last(each: Segment | Step) -> Segment:
    return each if isinstance(each, Segment) else each.last


def _charge(
    members: Sequence[Segment | Step], vat_rate: Decimal | None, terms: Terms, language: str
) -> Charge:
    first = _last(members[0])
    kind, component = _KINDS[first.bucket], members[0].component
    net = sum((each.excl for each in members), ZERO)
    rate = terms.vat_rate if vat_rate is None else vat_rate
    if component is None or first.dimension is None:
        name = text(_FEES.get(kind, kind), language)
        return Charge(kind, name, net, _vat(net, rate), rate)
    count = sum((_quantity(each) for each in members), ZERO)
    energy = first.dimension is CdrDimensionType.ENERGY
    return Charge(
        kind,
        _named(kind, members, language),
        net,
        _vat(net, rate),
        rate,
        count if energy else WIDE.divide(count, HOUR),
        "kWh" if energy else "h",
        component.price,
    )


def _named(kind: Kind, members: Sequence[Segment | Step], language: str) -> str:
    """The kind, and the step where more is billed than was used."""
    name = text(kind, language)
    step = next((each for each in members if isinstance(each, Step)), None)
    if step is None:
        return name
    if step.last.dimension is CdrDimensionType.ENERGY:
        size = f"{number(step.component.step, language)} kWh"
    else:
        size = f"{number(WIDE.divide(step.component.step, Decimal(60)), language)} min"
    return text("steps", language, name=name, step=size)


def _quantity(each: Segment | Step) -> Decimal:
    return each.quantity if isinstance(each, Segment) else each.surplus


def _limit(
    adjustment: Adjustment, charges: Sequence[Charge], language: str, *, vat_known: bool
) -> Iterator[Charge]:
    """What a price limit does, in proportion to each rate of VAT; the last takes what is left."""
    name = text(adjustment.name, language)
    nets: dict[Decimal | None, Decimal] = {}
    for charge in charges:
        nets[charge.vat_rate] = nets.get(charge.vat_rate, ZERO) + charge.net
    *others, last = nets or {None: ZERO}
    whole = sum(nets.values(), ZERO)
    net_left, vat_left = adjustment.excl, adjustment.incl - adjustment.excl
    if not vat_known:
        # The tariff says nothing of VAT, so its limit bounds the amount without it.
        vat_left = _vat(net_left, last)
    for rate in others:
        share = WIDE.divide(nets[rate], whole) if whole else ZERO
        net, vat = _rough(adjustment.excl * share), _rough(vat_left * share)
        net_left, vat_left = net_left - net, vat_left - vat
        yield Charge(Kind.ADJUSTMENT, name, net, vat, rate)
    yield Charge(Kind.ADJUSTMENT, name, net_left, vat_left, last)


def _rough(value: Decimal) -> Decimal:
    """A share has no end; nobody can claim more decimals of it."""
    return value.quantize(Decimal("1e-12"), context=WIDE)


def _vat(net: Decimal, rate: Decimal | None) -> Decimal:
    return ZERO if rate is None else (net * rate).scaleb(-2)


# --- what the plan adds --------------------------------------------------------------------------


def _of_plan(
    charges: Sequence[Charge], currency: str, terms: Terms, energy: Decimal, language: str
) -> Iterator[Charge]:
    """Margins and fee; amounts hold in the plan's currency alone, for nothing is converted."""
    name, rate = terms.plan_name, terms.vat_rate
    net = sum((charge.net for charge in charges), ZERO)
    if terms.margin_percent and net:
        margin = (net * terms.margin_percent).scaleb(-2)
        percent = number(terms.margin_percent, language)
        said = text("margin", language, plan=name, percent=percent)
        yield Charge(Kind.MARGIN, said, margin, _vat(margin, rate), rate)
    if terms.currency != currency:
        return
    if terms.margin_per_kwh and energy:
        margin = energy * terms.margin_per_kwh * HOUR
        said = text("margin_per_kwh", language, plan=name)
        yield Charge(
            Kind.MARGIN,
            said,
            margin,
            _vat(margin, rate),
            rate,
            energy,
            "kWh",
            terms.margin_per_kwh,
        )
    if terms.session_fee:
        fee = terms.session_fee * HOUR
        yield Charge(Kind.FEE, text("fee", language, plan=name), fee, _vat(fee, rate), rate)


# --- what is said about it -----------------------------------------------------------------------


def _without_vat(charges: Sequence[Charge], terms: Terms, language: str) -> Iterator[str]:
    """Of charges of the provider's own, why there is no VAT on them."""
    if any(charge.net and charge.vat_rate is None for charge in charges):
        yield text("plan_without_vat", language, plan=terms.plan_name)


def _remarks(priced: Priced, charges: Sequence[Charge], language: str) -> Iterator[str]:
    if not charges:
        yield text("free", language)
    elif all(charge.vat_rate is None for charge in charges):
        yield text("vat_unknown", language)
    if Code.AMBIGUOUS_TARIFF in priced.codes:
        yield text("several_tariffs", language)
    if not _OPEN.isdisjoint(priced.codes):
        yield text("open", language)
