"""Plans, payments and bills.

Money is written before it moves: a payment is a row that is committed, then what the provider is
asked under the row's own key, however often, then the row with the provider's answer.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Numeric, Table, Text, UniqueConstraint, text

from emsp_adapter.store.tables.drivers import drivers
from emsp_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import count, details, flag, key, moment, note, number_key, since, words


def _sum(name: str, default: str | None = None) -> Column[object]:
    """An exact amount that is always there."""
    given = None if default is None else text(default)
    return Column(name, Numeric, nullable=False, server_default=given)


def _driver() -> Column[str]:
    """Money outlives the person: a driver's row stays when the account is deleted."""
    return Column("driver_id", Text, ForeignKey(drivers.c.id), nullable=False, index=True)


# What never changes once a plan is offered, so that a price shown is the price billed.
plans = Table(
    "plans",
    metadata,
    key("id"),
    words("name"),
    words("currency"),
    _sum("monthly_fee", "0"),
    _sum("margin_percent", "0"),
    _sum("margin_per_kwh", "0"),
    _sum("session_fee", "0"),
    since("created_at"),
    # No longer offered; whoever has it keeps it.
    moment("closed_at"),
)

# Which plan holds from when on; before the first row, and without one, pay as you go.
driver_plans = Table(
    "driver_plans",
    metadata,
    Column("driver_id", Text, ForeignKey(drivers.c.id), primary_key=True),
    Column("since", moment("since").type, primary_key=True),
    Column("plan_id", Text, ForeignKey(plans.c.id), nullable=False),
)

payment_methods = Table(
    "payment_methods",
    metadata,
    key("id"),
    _driver(),
    # demo | stripe
    words("provider"),
    # The provider's names for the payer and the card.
    note("customer"),
    words("reference"),
    words("label"),
    flag("is_default"),
    since("created_at"),
    moment("removed_at"),
    UniqueConstraint("provider", "reference"),
)

# What is reserved on a card while a charge goes on; nothing of it is taken without a CDR.
holds = Table(
    "holds",
    metadata,
    key("charge_id"),
    _driver(),
    # Null: the demo, which needs no card.
    Column("method_id", Text, ForeignKey(payment_methods.c.id)),
    words("currency"),
    _sum("amount"),
    # asked | held | refused | captured | releasing | released
    words("state", "asked"),
    # The provider's payment.
    note("reference"),
    note("reason"),
    since("created_at"),
    since("updated_at"),
)

# The last number given in a year; its row is locked while a bill is made, so none is left out.
bill_numbers = Table("bill_numbers", metadata, number_key("year"), count("last", 0))

bills = Table(
    "bills",
    metadata,
    key("id"),
    words("number"),
    # charge | plan | credit
    words("kind"),
    _driver(),
    # Our row of the CDR; a CDR is billed once.
    note("cdr_row"),
    note("charge_id"),
    # The month of a plan's fee: 2026-03.
    note("month"),
    # The bill that a credit takes back.
    Column("corrects", Text, ForeignKey("emsp.bills.id")),
    words("currency"),
    _sum("net"),
    _sum("vat"),
    _sum("gross"),
    # The receipt: lines, VAT by rate, seller, what was charged where and when.
    details("document"),
    # open | paid | failed | refunded | disputed | elsewhere
    words("state", "open"),
    since("issued_at"),
    UniqueConstraint("number"),
    UniqueConstraint("cdr_row"),
    UniqueConstraint("corrects"),
)
Index(
    "bills_plan_month_uq",
    bills.c.driver_id,
    bills.c.month,
    unique=True,
    postgresql_where=text("kind = 'plan'"),
)
Index("bills_charge_id_ix", bills.c.charge_id)

payments = Table(
    "payments",
    metadata,
    key("id"),
    Column("bill_id", Text, ForeignKey(bills.c.id), nullable=False, index=True),
    # capture | charge | refund
    words("kind"),
    Column("method_id", Text, ForeignKey(payment_methods.c.id)),
    # The provider's payment that is captured or refunded.
    note("subject"),
    words("currency"),
    _sum("amount"),
    # due | done | refused | dropped
    words("state", "due"),
    # One provider key for each: a refusal is final for its key.
    count("attempt", 1),
    # When this attempt was first sent; from then on it may have happened.
    moment("sent_at"),
    since("due_at"),
    # The provider's payment or refund.
    note("reference"),
    note("reason"),
    since("updated_at"),
)
Index("payments_due_ix", payments.c.due_at, postgresql_where=text("state = 'due'"))
