"""Amounts of money as people and programs read them."""

from __future__ import annotations

from decimal import Decimal

from ocpi_hub.pricing.money import minor_unit, padded


def written(amount: Decimal, currency: str) -> str:
    """The amount for JSON, with at least the decimals of its currency: "3.50"."""
    return padded(amount, minor_unit(currency))
