"""Clients, grants and keys of the OAuth2 server, and who is signed in with a browser.

Secrets that we issue are kept as hashes; the signing keys are sealed with SECRET_KEY.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, LargeBinary, Table, Text

from emsp_adapter.store.tables.drivers import drivers
from emsp_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import count, details, key, moment, note, sealed, since, words


def _hash(name: str = "hash") -> Column[bytes]:
    return Column(name, LargeBinary, primary_key=True)


def _until(name: str) -> Column[object]:
    return Column(name, moment(name).type, nullable=False)


def _driver(*, required: bool = True) -> Column[str]:
    cascade = ForeignKey(drivers.c.id, ondelete="CASCADE")
    return Column("driver_id", Text, cascade, nullable=not required, index=True)


# Apps of others; the web app of our own is no row, its redirect URI follows PUBLIC_URL.
clients = Table(
    "clients",
    metadata,
    key("id"),
    words("name"),
    # Null: a public client, which has nowhere to keep a secret.
    Column("secret_hash", LargeBinary),
    details("redirect_uris", "[]"),
    # Space-separated, as in OAuth2.
    words("grant_types"),
    words("scope"),
    since("created_at"),
)

# What a driver let a client do: the family of its refresh tokens and access tokens.
grants = Table(
    "grants",
    metadata,
    key("id"),
    words("client_id"),
    _driver(),
    words("scope"),
    since("created_at"),
    moment("revoked_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    _hash(),
    Column(
        "grant_id", Text, ForeignKey(grants.c.id, ondelete="CASCADE"), nullable=False, index=True
    ),
    _until("expires_at"),
    # Once used it is no good; used again it was stolen, by the first or the second.
    moment("used_at"),
)

authorization_codes = Table(
    "authorization_codes",
    metadata,
    _hash(),
    words("client_id"),
    _driver(),
    words("redirect_uri"),
    words("scope"),
    words("code_challenge"),
    note("nonce"),
    _until("signed_in_at"),
    _until("expires_at"),
    # What was given for it; a code that comes again revokes that.
    note("grant_id"),
)

# Which scopes a driver has agreed to, so that nobody is asked twice.
consents = Table(
    "consents",
    metadata,
    Column("driver_id", Text, ForeignKey(drivers.c.id, ondelete="CASCADE"), primary_key=True),
    key("client_id"),
    words("scope"),
    since("given_at"),
)

browser_sessions = Table(
    "browser_sessions",
    metadata,
    _hash(),
    _driver(),
    since("signed_in_at"),
    _until("expires_at"),
)

# One-time links that were mailed or printed.
mail_tokens = Table(
    "mail_tokens",
    metadata,
    _hash(),
    # sign_up | password | email
    words("purpose"),
    Column("email", Text, nullable=False, index=True),
    # Null while there is no account yet.
    _driver(required=False),
    # The query of the authorization request that goes on afterwards.
    note("pending"),
    _until("expires_at"),
)

# Wrong passwords by e-mail address, whether there is such an account or not.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    _hash("account"),
    count("failures"),
    since("since"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    key("kid"),
    sealed("sealed", nullable=False),
    details("public"),
    # Published before it signs, so that nobody who kept the old set meets an unknown key.
    _until("signs_from"),
    since("created_at"),
)
