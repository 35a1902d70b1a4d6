"""A settlement on paper: as a JSON document and as the rows of a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ocpi_hub.node.spreadsheet import Cell
from ocpi_hub.pricing.money import minor_unit, padded, plain
from ocpi_hub.settlement import Account, Amount, Comparison, Part, Rate, Settlement

COLUMNS = (
    "cpo",
    "emsp",
    "month",
    "currency",
    "part",
    "vat_rate",
    "cdrs",
    "energy_kwh",
    "excl_vat",
    "vat",
    "incl_vat",
)
# In the column of the VAT rate.
TOTAL = "total"
NO_VAT = "none"


def document(settlement: Settlement) -> dict[str, Any]:
    """Everything, with exact amounts as strings."""
    owed = [account.billed for account in settlement.accounts.values()]
    return {
        "cpo": str(settlement.cpo),
        "emsp": str(settlement.emsp),
        "month": str(settlement.month),
        "from": settlement.month.start,
        "to": settlement.month.end,
        "cdrs": sum(part.cdrs for part in owed),
        "unpriced": settlement.unpriced,
        "currencies": [
            _account(currency, account) for currency, account in settlement.accounts.items()
        ],
    }


def rows(settlement: Settlement) -> Iterator[dict[str, Cell]]:
    """A row for each VAT rate of each part and one for its total, by COLUMNS.

    Only the rows of one part may be added: the net has what was billed and credited in it.
    """
    of: dict[str, Cell] = {
        "cpo": str(settlement.cpo),
        "emsp": str(settlement.emsp),
        "month": str(settlement.month),
    }
    for currency, account in settlement.accounts.items():
        for row in _account_rows(currency, account):
            yield of | {"currency": currency} | row


def _account(currency: str, account: Account) -> dict[str, Any]:
    parts = {name: _part(currency, part) for name, part in account.parts.items()}
    return {"currency": currency, **parts, "exact": _comparison(currency, account.comparison)}


def _part(currency: str, part: Part) -> dict[str, Any]:
    return {
        "cdrs": part.cdrs,
        "energy": plain(part.energy),
        "rates": [
            {"vat_rate": rate} | _amount(currency, part.rates[rate]) for rate in _ordered(part)
        ],
        "total": _amount(currency, part.total),
    }


def _comparison(currency: str, comparison: Comparison) -> dict[str, Any]:
    return {
        "cdrs": comparison.cdrs,
        "without": comparison.without,
        "claimed": _amount(currency, comparison.claimed),
        "exact": _amount(currency, comparison.exact),
        "difference": _amount(currency, comparison.difference),
    }


def _amount(currency: str, amount: Amount) -> dict[str, str]:
    decimals = minor_unit(currency)
    return {
        "excl_vat": padded(amount.excl_vat, decimals),
        "vat": padded(amount.vat, decimals),
        "incl_vat": padded(amount.incl_vat, decimals),
    }


def _account_rows(currency: str, account: Account) -> Iterator[dict[str, Cell]]:
    for name, part in account.parts.items():
        if part.cdrs:
            yield from _part_rows(currency, name, part)
    comparison = account.comparison
    if comparison.cdrs:
        for name, amount in (
            ("claimed", comparison.claimed),
            ("exact", comparison.exact),
            ("difference", comparison.difference),
        ):
            yield _row(currency, f"priced: {name}", TOTAL, amount) | {"cdrs": comparison.cdrs}


def _part_rows(currency: str, name: str, part: Part) -> Iterator[dict[str, Cell]]:
    for rate in _ordered(part):
        yield _row(currency, name, NO_VAT if rate is None else rate, part.rates[rate])
    yield _row(currency, name, TOTAL, part.total) | {
        "cdrs": part.cdrs,
        "energy_kwh": plain(part.energy),
    }


def _row(currency: str, part: str, rate: str, amount: Amount) -> dict[str, Cell]:
    return {"part": part, "vat_rate": rate, **_amount(currency, amount)}


def _ordered(part: Part) -> list[Rate]:
    """Highest rate first, then those without a number."""
    return sorted(part.rates, key=_rank)


def _rank(rate: Rate) -> tuple[int, Decimal]:
    if rate is None:
        return 1, Decimal(0)
    return (0, -Decimal(rate)) if rate[0].isdigit() or rate[0] == "-" else (2, Decimal(0))
