"""Why a session costs what it costs, as a document in a stable order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from decimal import Decimal, localcontext
from typing import Any

from ocpi_hub.pricing.compiled import CompiledTariff
from ocpi_hub.pricing.lines import Line, Lines
from ocpi_hub.pricing.money import WIDE, ZERO, minor_unit, plain, rounded, units
from ocpi_hub.pricing.policies import DEFAULT, Policy
from ocpi_hub.pricing.result import TOTAL_COST, Priced
from ocpi_hub.pricing.segments import Segment
from ocpi_hub.pricing.steps import Step
from ocpi_hub.pricing.verdicts import Clearing

# Goes up when the same input gets another price.
ENGINE = "1"

_RATE_DECIMALS = 12


def explain(
    cdr: Mapping[str, Any], priced: Priced, clearing: Clearing | None = None
) -> dict[str, Any]:
    """The whole explanation in a stable order; the amounts of its lines sum to the total."""
    with localcontext(WIDE):
        return {
            "cdr": {name: cdr.get(name) for name in ("country_code", "party_id", "id")},
            "engine": ENGINE,
            "currency": priced.usage.currency,
            "time_zone": {"name": priced.clock.name, "source": priced.clock.source},
            "policy": _policy(priced.policy),
            "tariffs": [_tariff(each) for each in _used(priced)],
            "lines": Lines(priced).write(),
            "price": priced.document(),
            "vat": _vat_table(priced),
            "rounding": _rounding(priced),
            "clearing": None if clearing is None else clearing.document(),
        }


def _used(priced: Priced) -> list[CompiledTariff]:
    return list({id(each): each for each in priced.tariffs if each is not None}.values())


def _tariff(tariff: CompiledTariff) -> dict[str, Any]:
    return {
        "country_code": tariff.document.get("country_code"),
        "party_id": tariff.document.get("party_id"),
        "id": tariff.id,
        "last_updated": tariff.document.get("last_updated"),
        "sha256": tariff.digest,
        # What a terminal may reserve is no price and part of no total.
        "preauthorize_amount": tariff.document.get("preauthorize_amount"),
    }


def _policy(policy: Policy) -> dict[str, str]:
    """The choices that are not the default."""
    if policy is DEFAULT:
        return {}
    return {
        each.name: getattr(policy, each.name)
        for each in fields(policy)
        if getattr(policy, each.name) is not getattr(DEFAULT, each.name)
    }


def _vat_table(priced: Priced) -> list[dict[str, str | None]]:
    """Net and VAT for each rate; they sum to the total, the last row taking what is left."""
    if not priced.computable:
        return []
    rates: dict[Decimal | None, tuple[Decimal, Decimal]] = {}
    charges: list[Segment | Step] = [*priced.segments, *priced.steps]
    for charge in charges:
        if charge.component is not None:
            rate, excl = charge.component.vat, charge.excl
            net, vat = rates.get(rate, (ZERO, ZERO))
            rates[rate] = net + excl, vat + charge.incl - excl
    return list(_scaled(rates, priced))


def _scaled(
    rates: Mapping[Decimal | None, tuple[Decimal, Decimal]], priced: Priced
) -> Iterator[dict[str, str | None]]:
    """A price limit moves each rate in proportion."""
    *others, last = rates or [None]
    net_left, with_vat = priced.total_cost or (ZERO, ZERO)
    vat_left = with_vat - net_left
    nets = sum((net for net, _ in rates.values()), ZERO)
    vats = sum((vat for _, vat in rates.values()), ZERO)
    for rate in others:
        net, vat = rates[rate]
        shown_net = _part(net, nets, priced.total.excl)
        shown_vat = _part(vat, vats, priced.total.incl - priced.total.excl)
        net_left, vat_left = net_left - shown_net, vat_left - shown_vat
        yield _vat_row(rate, shown_net, shown_vat)
    yield _vat_row(last, net_left, vat_left)


def _vat_row(rate: Decimal | None, net: Decimal, vat: Decimal) -> dict[str, str | None]:
    return {"rate": None if rate is None else plain(rate), "net": plain(net), "vat": plain(vat)}


def _part(part: Decimal, whole: Decimal, total: Decimal) -> Decimal:
    if part and whole != total:
        part = WIDE.divide(WIDE.multiply(part, total), whole)
    return units(part)


def _rounding(priced: Priced) -> Line | None:
    """From the exact total to the amount on an invoice."""
    if not priced.computable:
        return None
    decimals = minor_unit(priced.usage.currency)
    sides = {}
    shown = priced.total_cost or (ZERO, ZERO)
    names = ("excl_vat", "incl_vat")
    for side, exact, short in zip(names, priced.exact[TOTAL_COST], shown, strict=True):
        whole = rounded(exact, decimals)
        sides[side] = {
            "exact": plain(short),
            "rounded": plain(whole),
            "difference": plain(rounded(whole - exact, _RATE_DECIMALS)),
        }
    return {"mode": "ROUND_HALF_UP", "decimals": decimals} | sides
