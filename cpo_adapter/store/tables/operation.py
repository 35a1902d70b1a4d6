"""Operating the adapter: who may, who did, whom to tell, and campaigns."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, LargeBinary, Table, Text, text

from cpo_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import count, details, document, key, moment, note, sealed, since, words

# Bearer tokens of the operator API, as hashes.
operator_tokens = Table(
    "operator_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    # read | operate | admin
    words("role"),
    note("label"),
    since("created_at"),
    moment("revoked_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    since("at"),
    words("actor"),
    words("action"),
    words("subject"),
    details("detail"),
)

# Where alerts go; `events` empty means all.
webhooks = Table(
    "webhooks",
    metadata,
    key("id"),
    words("url"),
    # Encrypted; signs each call.
    sealed("secret", nullable=False),
    details("events", "[]"),
    since("created_at"),
)

# What happened that somebody should know: offline, faulted, stuck transaction, …
alerts = Table(
    "alerts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    words("kind"),
    words("station_id"),
    # What of the station; empty: all of it.
    words("subject", ""),
    words("message"),
    since("raised_at"),
    moment("cleared_at"),
)
Index(
    "alerts_open_ix",
    alerts.c.kind,
    alerts.c.station_id,
    alerts.c.subject,
    unique=True,
    postgresql_where=alerts.c.cleared_at.is_(None),
)

# An alert on its way to a webhook.
alert_calls = Table(
    "alert_calls",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    words("webhook_id"),
    document(),
    count("attempts", 0),
    moment("next_at"),
    note("failure"),
)
Index("alert_calls_due_ix", alert_calls.c.next_at, postgresql_where=text("next_at IS NOT NULL"))

# Files that stations bring by HTTP PUT: diagnostics, logs.
uploads = Table(
    "uploads",
    metadata,
    # The unguessable part of the URL.
    key("id"),
    words("station_id"),
    words("kind"),
    Column("request_id", BigInteger, Identity(), nullable=False, unique=True),
    # requested | uploading | uploaded | failed
    words("state", "requested"),
    note("file_name"),
    Column("content", LargeBinary),
    since("created_at"),
    moment("finished_at"),
    moment("expires_at"),
)

# A firmware campaign, in waves; stops by itself when too many fail.
campaigns = Table(
    "campaigns",
    metadata,
    key("id"),
    words("firmware_url"),
    note("version"),
    details("options"),
    # running | stopped | done
    words("state", "running"),
    count("wave_size", 1),
    count("stop_after_failures", 1),
    since("created_at"),
)
campaign_stations = Table(
    "campaign_stations",
    metadata,
    Column("campaign_id", Text, primary_key=True),
    key("station_id"),
    count("wave"),
    # waiting | sent | Downloading … Installed | failed
    words("state", "waiting"),
    moment("updated_at"),
)
