"""The shapes of receipts, statements, plans and payment methods, beside those in `answers`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from emsp_adapter.driver_api import examples
from emsp_adapter.driver_api.answers import Amount, Currency, Next, PriceLine, Shape
from ocpi_hub.node.rest.description import example


class Receipt(Shape, json_schema_extra=example(examples.RECEIPT)):
    """A bill that was made out for a charge or a plan's month, or a credit of one."""

    id: str
    number: str = Field(examples=["2026-000001"])
    kind: Literal["charge", "plan", "credit"]
    state: Literal["open", "paid", "failed", "refunded", "disputed", "elsewhere"]
    issued_at: datetime
    charge_id: str | None
    currency: Currency
    net: Amount
    vat: Amount
    gross: Amount
    pdf: str


class ReceiptPage(Shape, json_schema_extra=example(examples.RECEIPT_PAGE)):
    """Receipts, the newest first."""

    receipts: list[Receipt]
    next: Next


class VatRow(Shape):
    """What one rate of VAT is due on; null is no VAT."""

    vat_rate: Amount | None
    net: Amount
    vat: Amount
    gross: Amount


class Seller(Shape):
    """Who made a receipt out."""

    name: str
    address: list[str]
    vat_id: str | None


class ReceiptDetails(Receipt, json_schema_extra=example(examples.RECEIPT_DETAILS)):
    """A receipt with everything on it; lines and rows of VAT each sum to it. Its texts are in the
    `language` that it was made out in."""

    language: str = Field(examples=["en"])
    lines: list[PriceLine]
    vat_rows: list[VatRow]
    seller: Seller
    about: dict[str, str | None] = Field(description="What was charged, where and when.")
    remarks: list[str]
    corrects: str | None
    note: str | None


class Money(Shape):
    """A sum in one currency."""

    currency: Currency
    net: Amount
    vat: Amount
    gross: Amount


class StatementVatRow(VatRow):
    """The same in one of a month's currencies."""

    currency: Currency


class Statement(Shape):
    """A month, of UTC, in which something was billed."""

    month: str = Field(examples=["2026-03"])
    receipts: int
    totals: list[Money]
    pdf: str


class Statements(Shape, json_schema_extra=example(examples.STATEMENTS)):
    """All months, the newest first."""

    statements: list[Statement]


class StatementDetails(Statement, json_schema_extra=example(examples.STATEMENT_DETAILS)):
    """A month with its receipts, the oldest first."""

    receipts: list[Receipt]  # type: ignore[assignment]  # a count in the list, the receipts here
    vat_rows: list[StatementVatRow]
    seller: Seller
    note: str | None
    remarks: list[str]


class Plan(Shape):
    """What the provider adds to the CPO's price; amounts without VAT but `monthly_gross`, which is
    what a month is charged with. `begins` is when it would hold if it was chosen now; null: at
    once."""

    id: str
    name: str
    monthly_fee: Amount
    margin_percent: Amount
    margin_per_kwh: Amount
    session_fee: Amount
    currency: Currency
    monthly_gross: Amount
    begins: datetime | None


class NextPlan(Shape):
    """The plan that will hold from then on."""

    id: str
    since: datetime


class Plans(Shape, json_schema_extra=example(examples.PLANS)):
    """Every plan, and the driver's."""

    plans: list[Plan]
    current: str
    next_plan: NextPlan | None
    remarks: list[str]


class PaymentMethod(Shape, json_schema_extra=example(examples.PAYMENT_METHOD)):
    """A way to pay."""

    id: str
    provider: Literal["demo", "stripe"]
    label: str
    default: bool
    note: str | None


class PaymentMethods(Shape, json_schema_extra=example(examples.PAYMENT_METHODS)):
    """A driver's ways to pay."""

    payment_methods: list[PaymentMethod]


class PaymentSetup(Shape, json_schema_extra=example(examples.PAYMENT_SETUP)):
    """Where a card is given to the payment provider; `setup` then adds it."""

    setup: str
    url: str
