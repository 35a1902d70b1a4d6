"""Drivers, the access tokens that apps hold for them, and the audit of what was done."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, LargeBinary, Table, Text

from emsp_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import details, flag, key, moment, note, since, words

drivers = Table(
    "drivers",
    metadata,
    # A UUID; nothing of a person is in it.
    key("id"),
    # Folded to lower case; null once the account is deleted.
    Column("email", Text, unique=True),
    moment("email_confirmed_at"),
    # argon2; null: no password yet, or a guest.
    note("password_hash"),
    note("name"),
    # A language tag: en, de.
    words("locale", "en"),
    # active | blocked | deleted
    words("status", "active"),
    # A guest has no account: one charge and its receipt.
    flag("guest"),
    # May be given the scope `support`.
    flag("staff"),
    since("created_at"),
    moment("deleted_at"),
)

# Opaque bearer tokens, kept as hashes. `scope` is space-separated, as in OAuth2.
access_tokens = Table(
    "access_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    # The family a refresh token belongs to; null with client credentials.
    Column("grant_id", Text, index=True),
    words("client_id"),
    # Null: the client speaks for itself.
    Column("driver_id", Text, ForeignKey(drivers.c.id, ondelete="CASCADE"), index=True),
    words("scope"),
    since("issued_at"),
    Column("expires_at", moment("expires_at").type, nullable=False),
    moment("revoked_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    since("at"),
    # driver:ID, client:ID, cli:USER, or the adapter itself
    words("actor"),
    words("action"),
    words("subject"),
    details("detail"),
)
