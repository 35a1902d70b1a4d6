"""Tokens of drivers, authorisations given for them, and the Sessions and CDRs that came.

Ids of partners are folded to lower case; how they are spelled stands in the document.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from emsp_adapter.store.tables.drivers import drivers
from emsp_adapter.store.tables.metadata import metadata
from ocpi_hub.node.columns import details, document, flag, key, moment, note, since, words


def _driver() -> Column[str]:
    return Column("driver_id", Text, ForeignKey(drivers.c.id), nullable=False, index=True)


# What contract ids are made from; never used twice.
contract_numbers = Sequence("contract_numbers", metadata=metadata)

# A row per contract; a removed one stays, for what was charged with it may still come.
tokens = Table(
    "tokens",
    metadata,
    key("id"),
    _driver(),
    # Folded; the spelling stands in the document.
    words("uid"),
    # RFID | APP_USER | AD_HOC_USER
    words("type"),
    note("label"),
    # active | blocked | removed
    words("state", "active"),
    words("contract_id"),
    # The Token as partners see it.
    document(),
    since("created_at"),
    # When it was last used as no driver uses a card, and how: {rule, message, at}.
    Column("suspicion", JSONB),
    UniqueConstraint("contract_id"),
    Index(
        "tokens_uid_type_in_use_uq",
        "uid",
        "type",
        unique=True,
        postgresql_where=text("state <> 'removed'"),
    ),
    Index("tokens_uid_type_ix", "uid", "type"),
)

# Each permission that was given: what its reference is good for (T21).
authorizations = Table(
    "authorizations",
    metadata,
    key("reference"),
    Column("token_id", Text, ForeignKey(tokens.c.id), nullable=False),
    # Party.key of the CPO it was given to.
    words("cpo"),
    # Null: wherever it is.
    note("location_id"),
    since("given_at"),
    Column("until", moment("until").type, nullable=False),
    Index("authorizations_token_id_given_at_ix", "token_id", "given_at"),
    Index("authorizations_until_ix", "until"),
)

sessions = Table(
    "sessions",
    metadata,
    # Party.key of the CPO.
    key("owner"),
    key("id"),
    _driver(),
    Column("token_id", Text, ForeignKey(tokens.c.id), nullable=False, index=True),
    document(),
    words("status"),
    # Every status it was in.
    Column("statuses", ARRAY(Text), nullable=False),
    words("location_id"),
    # Folded: what hung at its connector when it was new; null: nobody knows.
    Column("tariff_ids", ARRAY(Text)),
    # What is odd about it: [{code, field, message}]
    details("flags", "[]"),
    Column("last_updated", moment("last_updated").type, nullable=False),
    since("received_at"),
    # When it was told of last, whatever its stamp says.
    since("told_at"),
    # Of a session that another CPO says is its own.
    Index("sessions_id_ix", "id"),
)

cdrs = Table(
    "cdrs",
    metadata,
    # The last part of the URL that its CPO is given.
    key("id"),
    words("owner"),
    words("cdr_id"),
    _driver(),
    Column("token_id", Text, ForeignKey(tokens.c.id), nullable=False),
    note("session_id"),
    words("location_id"),
    moment("started_at"),
    moment("ended_at"),
    # As it came, byte for byte.
    Column("raw", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    document(),
    flag("credit"),
    note("credit_of"),
    # received | accepted | disputed | refused | cancelled
    words("state", "received"),
    # Why it is disputed, or what is remarkable.
    note("reason"),
    # match | rounding | mismatch | unverifiable | not_comparable | error; null: not priced.
    note("verdict"),
    details("flags", "[]"),
    Column("clearing", JSONB),
    # The Tariffs it was priced with.
    details("tariffs", "[]"),
    since("received_at"),
    moment("cleared_at"),
    # Who decided on a dispute, and why.
    note("decided_by"),
    moment("decided_at"),
    note("decision"),
    note("charge_id"),
    note("bill_id"),
    # When it is tried again to bill it; null: it was not tried.
    moment("bill_due_at"),
    UniqueConstraint("owner", "cdr_id"),
    Index(
        "cdrs_owner_credit_of_uq",
        "owner",
        "credit_of",
        unique=True,
        postgresql_where=text("credit AND state <> 'refused'"),
    ),
    Index("cdrs_owner_session_id_ix", "owner", "session_id"),
    Index("cdrs_token_id_started_at_ix", "token_id", "started_at"),
    # They are counted for whoever watches.
    Index("cdrs_state_ix", "state"),
    Index(
        "cdrs_received_at_received_ix",
        "received_at",
        postgresql_where=text("state = 'received'"),
    ),
    Index(
        "cdrs_received_at_unbilled_ix",
        "received_at",
        postgresql_where=text("state = 'accepted' AND bill_id IS NULL"),
    ),
    Index(
        "cdrs_received_at_disputed_ix",
        "received_at",
        postgresql_where=text("state = 'disputed'"),
    ),
)
