"""Amounts of money as payment providers count them: whole minor units of the currency."""

from __future__ import annotations

from decimal import Decimal

from ocpi_hub.pricing.money import minor_unit, padded


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in the smallest coin: 12.34 EUR is 1234, 500 JPY is 500, 1.234 KWD is 1234."""
    scaled = amount.scaleb(minor_unit(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} {currency} is no whole number of its smallest coin")
    return int(scaled)


def of_minor(count: int, currency: str) -> Decimal:
    """So many of the smallest coin as an amount."""
    return Decimal(count).scaleb(-minor_unit(currency))


def written(amount: Decimal, currency: str) -> str:
    """The amount for JSON, with at least the decimals of its currency: "3.50"."""
    return padded(amount, minor_unit(currency))
