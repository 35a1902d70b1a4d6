"""Tokens, authorisations, Sessions and CDRs."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TOKENS = """
CREATE SEQUENCE emsp.contract_numbers;
CREATE TABLE emsp.tokens (
    id text NOT NULL,
    driver_id text NOT NULL,
    uid text NOT NULL,
    type text NOT NULL,
    label text,
    state text NOT NULL DEFAULT 'active',
    contract_id text NOT NULL,
    document jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tokens_pk PRIMARY KEY (id),
    CONSTRAINT tokens_driver_id_fk FOREIGN KEY (driver_id) REFERENCES emsp.drivers (id),
    CONSTRAINT tokens_contract_id_uq UNIQUE (contract_id)
);
CREATE INDEX tokens_driver_id_ix ON emsp.tokens (driver_id);
CREATE INDEX tokens_uid_type_ix ON emsp.tokens (uid, type);
CREATE UNIQUE INDEX tokens_uid_type_in_use_uq ON emsp.tokens (uid, type)
    WHERE state <> 'removed';
"""

_AUTHORIZATIONS = """
CREATE TABLE emsp.authorizations (
    reference text NOT NULL,
    token_id text NOT NULL,
    cpo text NOT NULL,
    location_id text,
    given_at timestamptz NOT NULL DEFAULT now(),
    until timestamptz NOT NULL,
    CONSTRAINT authorizations_pk PRIMARY KEY (reference),
    CONSTRAINT authorizations_token_id_fk FOREIGN KEY (token_id) REFERENCES emsp.tokens (id)
);
CREATE INDEX authorizations_token_id_given_at_ix ON emsp.authorizations (token_id, given_at);
"""

_SESSIONS = """
CREATE TABLE emsp.sessions (
    owner text NOT NULL,
    id text NOT NULL,
    driver_id text NOT NULL,
    token_id text NOT NULL,
    document jsonb NOT NULL,
    status text NOT NULL,
    statuses text[] NOT NULL,
    location_id text NOT NULL,
    tariff_ids text[],
    flags jsonb NOT NULL DEFAULT '[]',
    last_updated timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sessions_pk PRIMARY KEY (owner, id),
    CONSTRAINT sessions_driver_id_fk FOREIGN KEY (driver_id) REFERENCES emsp.drivers (id),
    CONSTRAINT sessions_token_id_fk FOREIGN KEY (token_id) REFERENCES emsp.tokens (id)
);
CREATE INDEX sessions_driver_id_ix ON emsp.sessions (driver_id);
CREATE INDEX sessions_token_id_ix ON emsp.sessions (token_id);
CREATE INDEX sessions_id_ix ON emsp.sessions (id);
"""

_CDRS = """
CREATE TABLE emsp.cdrs (
    id text NOT NULL,
    owner text NOT NULL,
    cdr_id text NOT NULL,
    driver_id text NOT NULL,
    token_id text NOT NULL,
    session_id text,
    location_id text NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    raw bytea NOT NULL,
    sha256 bytea NOT NULL,
    document jsonb NOT NULL,
    credit boolean NOT NULL DEFAULT false,
    credit_of text,
    state text NOT NULL DEFAULT 'received',
    reason text,
    verdict text,
    flags jsonb NOT NULL DEFAULT '[]',
    clearing jsonb,
    tariffs jsonb NOT NULL DEFAULT '[]',
    received_at timestamptz NOT NULL DEFAULT now(),
    cleared_at timestamptz,
    decided_by text,
    decided_at timestamptz,
    decision text,
    charge_id text,
    bill_id text,
    bill_due_at timestamptz,
    CONSTRAINT cdrs_pk PRIMARY KEY (id),
    CONSTRAINT cdrs_driver_id_fk FOREIGN KEY (driver_id) REFERENCES emsp.drivers (id),
    CONSTRAINT cdrs_token_id_fk FOREIGN KEY (token_id) REFERENCES emsp.tokens (id),
    CONSTRAINT cdrs_owner_cdr_id_uq UNIQUE (owner, cdr_id)
);
CREATE INDEX cdrs_driver_id_ix ON emsp.cdrs (driver_id);
CREATE INDEX cdrs_owner_session_id_ix ON emsp.cdrs (owner, session_id);
CREATE INDEX cdrs_token_id_started_at_ix ON emsp.cdrs (token_id, started_at);
CREATE UNIQUE INDEX cdrs_owner_credit_of_uq ON emsp.cdrs (owner, credit_of)
    WHERE credit AND state <> 'refused';
CREATE INDEX cdrs_received_at_received_ix ON emsp.cdrs (received_at)
    WHERE state = 'received';
CREATE INDEX cdrs_received_at_unbilled_ix ON emsp.cdrs (received_at)
    WHERE state = 'accepted' AND bill_id IS NULL;
CREATE INDEX cdrs_received_at_disputed_ix ON emsp.cdrs (received_at)
    WHERE state = 'disputed';
"""

_TABLES = (_TOKENS, _AUTHORIZATIONS, _SESSIONS, _CDRS)


def upgrade() -> None:
    """Makes the tables."""
    for table in _TABLES:
        op.execute(table)


def downgrade() -> None:
    """Removes them, the newest first."""
    for table in ("cdrs", "sessions", "authorizations", "tokens"):
        op.execute(f"DROP TABLE emsp.{table}")
    op.execute("DROP SEQUENCE emsp.contract_numbers")
