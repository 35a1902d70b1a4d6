"""The OAuth2 server."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Staff may be given the scope `support`.
_STAFF = "ALTER TABLE emsp.drivers ADD COLUMN staff boolean NOT NULL DEFAULT false"

_CLIENTS = """
CREATE TABLE emsp.clients (
    id text NOT NULL,
    name text NOT NULL,
    secret_hash bytea,
    redirect_uris jsonb NOT NULL DEFAULT '[]',
    grant_types text NOT NULL,
    scope text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT clients_pk PRIMARY KEY (id)
);
"""

_GRANTS = """
CREATE TABLE emsp.grants (
    id text NOT NULL,
    client_id text NOT NULL,
    driver_id text NOT NULL,
    scope text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT grants_pk PRIMARY KEY (id),
    CONSTRAINT grants_driver_id_fk FOREIGN KEY (driver_id)
        REFERENCES emsp.drivers (id) ON DELETE CASCADE
);
CREATE INDEX grants_driver_id_ix ON emsp.grants (driver_id);
"""

_REFRESH_TOKENS = """
CREATE TABLE emsp.refresh_tokens (
    hash bytea NOT NULL,
    grant_id text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT refresh_tokens_pk PRIMARY KEY (hash),
    CONSTRAINT refresh_tokens_grant_id_fk FOREIGN KEY (grant_id)
        REFERENCES emsp.grants (id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_grant_id_ix ON emsp.refresh_tokens (grant_id);
"""

_AUTHORIZATION_CODES = """
CREATE TABLE emsp.authorization_codes (
    hash bytea NOT NULL,
    client_id text NOT NULL,
    driver_id text NOT NULL,
    redirect_uri text NOT NULL,
    scope text NOT NULL,
    code_challenge text NOT NULL,
    nonce text,
    signed_in_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    grant_id text,
    CONSTRAINT authorization_codes_pk PRIMARY KEY (hash),
    CONSTRAINT authorization_codes_driver_id_fk FOREIGN KEY (driver_id)
        REFERENCES emsp.drivers (id) ON DELETE CASCADE
);
CREATE INDEX authorization_codes_driver_id_ix ON emsp.authorization_codes (driver_id);
"""

_CONSENTS = """
CREATE TABLE emsp.consents (
    driver_id text NOT NULL,
    client_id text NOT NULL,
    scope text NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT consents_pk PRIMARY KEY (driver_id, client_id),
    CONSTRAINT consents_driver_id_fk FOREIGN KEY (driver_id)
        REFERENCES emsp.drivers (id) ON DELETE CASCADE
);
"""

_BROWSER_SESSIONS = """
CREATE TABLE emsp.browser_sessions (
    hash bytea NOT NULL,
    driver_id text NOT NULL,
    signed_in_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT browser_sessions_pk PRIMARY KEY (hash),
    CONSTRAINT browser_sessions_driver_id_fk FOREIGN KEY (driver_id)
        REFERENCES emsp.drivers (id) ON DELETE CASCADE
);
CREATE INDEX browser_sessions_driver_id_ix ON emsp.browser_sessions (driver_id);
"""

_MAIL_TOKENS = """
CREATE TABLE emsp.mail_tokens (
    hash bytea NOT NULL,
    purpose text NOT NULL,
    email text NOT NULL,
    driver_id text,
    pending text,
    expires_at timestamptz NOT NULL,
    CONSTRAINT mail_tokens_pk PRIMARY KEY (hash),
    CONSTRAINT mail_tokens_driver_id_fk FOREIGN KEY (driver_id)
        REFERENCES emsp.drivers (id) ON DELETE CASCADE
);
CREATE INDEX mail_tokens_email_ix ON emsp.mail_tokens (email);
CREATE INDEX mail_tokens_driver_id_ix ON emsp.mail_tokens (driver_id);
"""

_SIGN_IN_FAILURES = """
CREATE TABLE emsp.sign_in_failures (
    account bytea NOT NULL,
    failures integer NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sign_in_failures_pk PRIMARY KEY (account)
);
"""

_SIGNING_KEYS = """
CREATE TABLE emsp.signing_keys (
    kid text NOT NULL,
    sealed bytea NOT NULL,
    public jsonb NOT NULL DEFAULT '{}',
    signs_from timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT signing_keys_pk PRIMARY KEY (kid)
);
"""

# Revoking a family is done by it.
_GRANT_OF_TOKEN = "CREATE INDEX access_tokens_grant_id_ix ON emsp.access_tokens (grant_id)"

_MADE = (
    _STAFF,
    _CLIENTS,
    _GRANTS,
    _REFRESH_TOKENS,
    _AUTHORIZATION_CODES,
    _CONSENTS,
    _BROWSER_SESSIONS,
    _MAIL_TOKENS,
    _SIGN_IN_FAILURES,
    _SIGNING_KEYS,
    _GRANT_OF_TOKEN,
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in _MADE:
        op.execute(statement)


def downgrade() -> None:
    """Removes them, the newest first."""
    op.execute("DROP INDEX emsp.access_tokens_grant_id_ix")
    for table in (
        "signing_keys",
        "sign_in_failures",
        "mail_tokens",
        "browser_sessions",
        "consents",
        "authorization_codes",
        "refresh_tokens",
        "grants",
        "clients",
    ):
        op.execute(f"DROP TABLE emsp.{table}")
    op.execute("ALTER TABLE emsp.drivers DROP COLUMN staff")
