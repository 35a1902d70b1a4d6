"""A month of a driver's bills in one document; months are those of UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from emsp_adapter.money import receipts
from emsp_adapter.money.amounts import written
from emsp_adapter.money.plans import next_month
from emsp_adapter.money.price_texts import text
from emsp_adapter.office import Office
from emsp_adapter.payments.providers import note
from emsp_adapter.store import bills
from emsp_adapter.store.bills import Bill
from ocpi_hub.node.engine import Hot
from ocpi_hub.protocol.errors import ObjectNotFound

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
_AMOUNTS = ("net", "vat", "gross")


class NoStatement(ObjectNotFound):
    """The driver has no bill of that month."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The bills of a month, the oldest first."""

    month: str
    begin: datetime
    bills: Sequence[Bill]
    seller: Mapping[str, Any]
    note: str | None
    language: str

    def totals(self) -> list[dict[str, str]]:
        """What was billed in each currency."""
        rows = [
            {"currency": each.currency, **{name: str(getattr(each, name)) for name in _AMOUNTS}}
            for each in self.bills
        ]
        return _summed(rows, "currency")

    def vat_rows(self) -> list[dict[str, Any]]:
        """The same by rate of VAT: the sum of what stands on the receipts."""
        rows = [
            {"currency": bill.currency, **row}
            for bill in self.bills
            for row in bill.document["vat_rows"]
        ]
        return _summed(rows, "currency", "vat_rate")

    def remarks(self) -> list[str]:
        """What has to be said of its sums."""
        without = any(row["vat_rate"] is None and Decimal(row["net"]) for row in self.vat_rows())
        return [text("month_without_vat", self.language)] if without else []

    def summary(self) -> dict[str, Any]:
        """The month in a list."""
        return {
            "month": self.month,
            "receipts": len(self.bills),
            "totals": self.totals(),
            "pdf": f"/app/v1/statements/{self.month}/pdf",
        }

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        return self.summary() | {
            "receipts": [receipts.summary(bill) for bill in self.bills],
            "vat_rows": self.vat_rows(),
            "seller": dict(self.seller),
            "note": self.note,
            "remarks": self.remarks(),
        }


async def of_month(
    conn: Hot, office: Office, driver_id: str, month: str, *, language: str = "en"
) -> Statement:
    """A driver's month, such as 2026-03; NoStatement when there is nothing of it."""
    found = _MONTH.fullmatch(month)
    if found is None:
        raise NoStatement(f"month: expected one such as 2026-03, got {month[:20]!r}")
    begin = datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
    billed = await bills.between(conn, driver_id, begin, next_month(begin))
    if not billed:
        raise NoStatement(f"month: there is no receipt of {month}")
    seller = receipts.seller(office.settings)
    return Statement(month, begin, billed, seller, note(office, language), language)


async def of_driver(conn: Hot, office: Office, driver_id: str) -> list[Statement]:
    """All months in which a driver was billed, the newest first."""
    months = await bills.months(conn, driver_id)
    return [await of_month(conn, office, driver_id, month) for month in months]


def _summed(rows: Sequence[Mapping[str, Any]], *by: str) -> list[dict[str, Any]]:
    sums: dict[tuple[Any, ...], dict[str, Decimal]] = {}
    for row in rows:
        total = sums.setdefault(tuple(row[name] for name in by), dict.fromkeys(_AMOUNTS, Decimal()))
        for name in _AMOUNTS:
            total[name] += Decimal(row[name])
    return [
        dict(zip(by, key, strict=True)) | {name: written(total[name], key[0]) for name in _AMOUNTS}
        for key, total in sorted(sums.items(), key=lambda each: _order(each[0]))
    ]


def _order(key: tuple[Any, ...]) -> tuple[str, Decimal]:
    """By currency, then by rate, no VAT first."""
    rate = key[1] if len(key) > 1 else None
    return key[0], Decimal(-1) if rate is None else Decimal(rate)
