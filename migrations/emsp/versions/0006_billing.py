"""Plans, payments and bills."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PLANS = """
CREATE TABLE emsp.plans (
    id text NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    monthly_fee numeric NOT NULL DEFAULT 0,
    margin_percent numeric NOT NULL DEFAULT 0,
    margin_per_kwh numeric NOT NULL DEFAULT 0,
    session_fee numeric NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    CONSTRAINT plans_pk PRIMARY KEY (id)
);
INSERT INTO emsp.plans (id, name, currency) VALUES ('payg', 'Pay as you go', 'EUR');
"""

_DRIVER_PLANS = """
CREATE TABLE emsp.driver_plans (
    driver_id text NOT NULL,
    since timestamptz NOT NULL,
    plan_id text NOT NULL,
    CONSTRAINT driver_plans_pk PRIMARY KEY (driver_id, since),
    CONSTRAINT driver_plans_driver_id_fk FOREIGN KEY (driver_id) REFERENCES emsp.drivers (id),
    CONSTRAINT driver_plans_plan_id_fk FOREIGN KEY (plan_id) REFERENCES emsp.plans (id)
);
"""

_PAYMENT_METHODS = """
CREATE TABLE emsp.payment_methods (
    id text NOT NULL,
    driver_id text NOT NULL,
    provider text NOT NULL,
    customer text,
    reference text NOT NULL,
    label text NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    CONSTRAINT payment_methods_pk PRIMARY KEY (id),
    CONSTRAINT payment_methods_driver_id_fk FOREIGN KEY (driver_id) REFERENCES emsp.drivers (id),
    CONSTRAINT payment_methods_provider_reference_uq UNIQUE (provider, reference)
);
CREATE INDEX payment_methods_driver_id_ix ON emsp.payment_methods (driver_id);
"""

_HOLDS = """
CREATE TABLE emsp.holds (
    charge_id text NOT NULL,
    driver_id text NOT NULL,
    method_id text,
    currency text NOT NULL,
    amount numeric NOT NULL,
    state text NOT NULL DEFAULT 'asked',
    reference text,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT holds_pk PRIMARY KEY (charge_id),
    CONSTRAINT holds_driver_id_fk FOREIGN KEY (driver_id) REFERENCES emsp.drivers (id),
    CONSTRAINT holds_method_id_fk FOREIGN KEY (method_id) REFERENCES emsp.payment_methods (id)
);
CREATE INDEX holds_driver_id_ix ON emsp.holds (driver_id);
"""

_BILL_NUMBERS = """
CREATE TABLE emsp.bill_numbers (
    year integer NOT NULL,
    last integer NOT NULL DEFAULT 0,
    CONSTRAINT bill_numbers_pk PRIMARY KEY (year)
);
"""

_BILLS = """
CREATE TABLE emsp.bills (
    id text NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    driver_id text NOT NULL,
    cdr_row text,
    charge_id text,
    month text,
    corrects text,
    currency text NOT NULL,
    net numeric NOT NULL,
    vat numeric NOT NULL,
    gross numeric NOT NULL,
    document jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'open',
    issued_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bills_pk PRIMARY KEY (id),
    CONSTRAINT bills_number_uq UNIQUE (number),
    CONSTRAINT bills_cdr_row_uq UNIQUE (cdr_row),
    CONSTRAINT bills_corrects_uq UNIQUE (corrects),
    CONSTRAINT bills_driver_id_fk FOREIGN KEY (driver_id) REFERENCES emsp.drivers (id),
    CONSTRAINT bills_corrects_fk FOREIGN KEY (corrects) REFERENCES emsp.bills (id)
);
CREATE INDEX bills_driver_id_ix ON emsp.bills (driver_id);
CREATE UNIQUE INDEX bills_plan_month_uq ON emsp.bills (driver_id, month) WHERE kind = 'plan';
CREATE INDEX bills_charge_id_ix ON emsp.bills (charge_id);
"""

_PAYMENTS = """
CREATE TABLE emsp.payments (
    id text NOT NULL,
    bill_id text NOT NULL,
    kind text NOT NULL,
    method_id text,
    subject text,
    currency text NOT NULL,
    amount numeric NOT NULL,
    state text NOT NULL DEFAULT 'due',
    attempt integer NOT NULL DEFAULT 1,
    sent_at timestamptz,
    due_at timestamptz NOT NULL DEFAULT now(),
    reference text,
    reason text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payments_pk PRIMARY KEY (id),
    CONSTRAINT payments_bill_id_fk FOREIGN KEY (bill_id) REFERENCES emsp.bills (id),
    CONSTRAINT payments_method_id_fk FOREIGN KEY (method_id) REFERENCES emsp.payment_methods (id)
);
CREATE INDEX payments_bill_id_ix ON emsp.payments (bill_id);
CREATE INDEX payments_due_ix ON emsp.payments (due_at) WHERE state = 'due';
"""

_TABLES: tuple[str, ...] = (
    _PLANS,
    _DRIVER_PLANS,
    _PAYMENT_METHODS,
    _HOLDS,
    _BILL_NUMBERS,
    _BILLS,
    _PAYMENTS,
)


def upgrade() -> None:
    """Makes the tables."""
    for table in _TABLES:
        op.execute(table)


def downgrade() -> None:
    """Removes them, the newest first."""
    for table in (
        "payments",
        "bills",
        "bill_numbers",
        "holds",
        "payment_methods",
        "driver_plans",
        "plans",
    ):
        op.execute(f"DROP TABLE emsp.{table}")
