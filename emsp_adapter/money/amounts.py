"""Amounts of money as people and programs read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from ocpi_hub.pricing.money import MINOR_UNITS, minor_unit, padded

_AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,4})?", re.ASCII)


def written(amount: Decimal, currency: str) -> str:
    """The amount for JSON, with at least the decimals of its currency: "3.50"."""
    return padded(amount, minor_unit(currency))


def amounts_of(text: str) -> Mapping[str, Decimal]:
    """An amount for each currency, from "EUR=50,SEK=600"; ValueError says what was expected."""
    found: dict[str, Decimal] = {}
    for each in text.split(","):
        currency, _, amount = (part.strip() for part in each.partition("="))
        currency = currency.upper()
        if currency not in MINOR_UNITS or currency in found:
            raise ValueError("an amount for each currency once, such as EUR=50,SEK=600")
        found[currency] = _amount(amount, currency)
    return found


def _amount(text: str, currency: str) -> Decimal:
    decimals = minor_unit(currency)
    amount = Decimal(text) if _AMOUNT.fullmatch(text) else Decimal(0)
    if amount <= 0 or amount != round(amount, decimals):
        raise ValueError(f"an amount of {currency} above 0, with at most {decimals} decimals")
    return amount
