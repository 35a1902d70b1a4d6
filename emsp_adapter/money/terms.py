"""What a driver's plan adds to the price of a CPO."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan as it prices: margins and fee are net; amounts hold in `currency` alone.

    `vat_rate` is for what is the provider's own, and for what a tariff says no VAT of.
    """

    plan_id: str
    plan_name: str
    currency: str
    margin_percent: Decimal = _NOTHING
    margin_per_kwh: Decimal = _NOTHING
    session_fee: Decimal = _NOTHING
    vat_rate: Decimal | None = None
